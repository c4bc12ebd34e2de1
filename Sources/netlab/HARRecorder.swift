import Console
import PacketCore
import Projection
import Protocols

/// `--write-har FILE`: HTTP exchanges as HTTP Archive 1.2, with the messages of a WebSocket as
/// Chromium writes them (`_webSocketMessages`).
///
/// An entry is written when its response is complete, one with a WebSocket when the connection ends;
/// until then request and messages stand in an unnamed file beside FILE, and in memory 16 octets for
/// each of them.
final class HARRecorder: PacketPrinter {
  private typealias Extent = HARFile.Extent

  /// A request that waits for its response.
  private struct Pending {
    var frame: Int
    var start: Timestamp
    var end: Timestamp
    /// The entry up to the response.
    var text: Extent
  }

  /// What waits on one connection.
  private struct Connection {
    var pending: [Pending] = []
    /// The entry of the request that opened the WebSocket, without its end.
    var entry: Extent?
    var messages: [Extent] = []
  }

  private let above: (any PacketPrinter)?
  private var file: HARFile
  private var connections: [UInt32: Connection] = [:]
  private var text = TextBuffer(capacity: 1 << 14)
  private var entries = 0
  private var leftOut = 0
  /// Number of the last frame.
  private var last = 0
  private var failure: (any Error)?
  /// The times of the last frames, for the first packet of a message.
  private var times: [(frame: Int, time: Timestamp)]
  private static let remembered = 1 << 14
  /// Requests that may wait on one connection.
  private static let longestQueue = 1024

  /// - Parameter above: Prints the packets.
  /// - Throws: `Failure` when the file cannot be made.
  init(_ path: String, above: (any PacketPrinter)?) throws {
    file = try HARFile(path)
    self.above = above
    times = Array(
      repeating: (0, Timestamp(seconds: 0, nanoseconds: 0)), count: Self.remembered)
    file.text.append("{\"log\":{\"version\":\"1.2\",\"creator\":{\"name\":\"netlab\",\"version\":")
    file.text.append(json: Program.version)
    file.text.append("},\"pages\":[],\"entries\":[")
  }

  var wantsEnd: Bool { true }
  var asksAboutPackets: Bool { above?.asksAboutPackets ?? false }
  func begin(into text: inout TextBuffer) { above?.begin(into: &text) }
  func end(into text: inout TextBuffer) { above?.end(into: &text) }

  func print(
    _ dissection: borrowing Dissection, _ frame: RawSpan, into text: inout TextBuffer
  ) {
    // What the end completes comes under the last number again; forms of packets do not print it.
    let number = dissection.frame.number
    if let above, number != last || above.wantsEnd {
      above.print(dissection, frame, into: &text)
    }
    last = number
    times[number & (Self.remembered - 1)] = (number, dissection.frame.time)
    guard failure == nil, !dissection.messages.isEmpty || !dissection.verdicts.isEmpty else {
      return
    }
    do {
      let messages = dissection.messages
      for message in messages where message.isWhole {
        try record(message, dissection, frame)
      }
      for verdict in dissection.verdicts { try close(verdict.stream) }
    } catch {
      failure = error
    }
  }

  /// Ends the file.
  /// - Throws: `Failure` when anything could not be written.
  func close() throws {
    if let failure { throw failure }
    for stream in connections.keys.sorted() { try close(stream) }
    file.text.append("\n]")
    if leftOut > 0 {
      file.text.append(",\"comment\":\"left out, as their request was not seen: ")
      file.text.append(UInt64(leftOut))
      file.text.append(" responses and WebSocket messages\"")
    }
    file.text.append("}}\n")
    try file.flush()
  }

  private func record(
    _ message: Message, _ dissection: borrowing Dissection, _ frame: RawSpan
  ) throws {
    for index in message.layers {
      let record = dissection.layers[index]
      if record.is(HTTP.self) {
        let head = dissection.withBytes(of: record.buffer, frame: frame) {
          HTTP.decode(record, in: $0)
        }
        guard let head else { return }
        if head.isRequest { return try ask(head, record, message, dissection, frame) }
        if head.isResponse { return try answer(head, record, message, dissection, frame) }
        return
      }
      if record.is(WebSocket.self) { return try add(record, message, dissection, frame) }
    }
  }

  private func body(
    _ record: LayerRecord, _ dissection: borrowing Dissection, _ frame: RawSpan
  ) -> [UInt8]? {
    guard let place = HTTP.body(record, in: dissection) else { return nil }
    return dissection.withBytes(of: place.buffer, frame: frame) { bytes in
      [UInt8](bytes.extracting(place.range.clamped(to: 0..<bytes.byteCount)))
    }
  }

  /// When the first packet of a message was captured.
  private func start(of message: Message, _ dissection: borrowing Dissection) -> Timestamp {
    guard let first = dissection.packets(of: message).first else { return dissection.frame.time }
    let known = times[first & (Self.remembered - 1)]
    return known.frame == first ? known.time : dissection.frame.time
  }

  private func ask(
    _ head: HTTP, _ record: LayerRecord, _ message: Message, _ dissection: borrowing Dissection,
    _ frame: RawSpan
  ) throws {
    let start = start(of: message, dissection)
    let isWebSocket = head.value(of: "upgrade")?.lowercased() == "websocket"
    text.removeAll()
    text.append("\n{\"startedDateTime\":\"")
    text.append(rfc3339: start)
    text.append("\",")
    text.append(
      harRequest: head,
      url: url(head, isWebSocket ? "ws" : "http", dissection.endpoints.destination, message),
      record, body: body(record, dissection, frame))
    text.append(",\"cache\":{},\"serverIPAddress\":\"")
    text.append(dissection.endpoints.destination)
    text.append("\",\"connection\":\"")
    text.append(UInt64(message.stream.number))
    text.append("\",")
    let pending = Pending(
      frame: dissection.frame.number, start: start, end: dissection.frame.time,
      text: try file.put(aside: text))
    connections[message.stream.number, default: Connection()].pending.append(pending)
    guard
      let queue = connections[message.stream.number]?.pending, queue.count > Self.longestQueue
    else { return }
    try writeUnanswered(queue[0])
    connections[message.stream.number]?.pending.removeFirst()
  }

  /// The whole address of a request.
  private func url(
    _ head: HTTP, _ scheme: String, _ server: Address, _ message: Message
  ) -> String {
    guard head.target.hasPrefix("/") else { return head.target }
    if let host = head.value(of: "host"), !host.isEmpty {
      return scheme + "://" + host + head.target
    }
    var place = TextBuffer(capacity: 64)
    place.append(server, port: message.stream.destinationPort)
    return scheme + "://" + place.string + head.target
  }

  private func answer(
    _ head: HTTP, _ record: LayerRecord, _ message: Message, _ dissection: borrowing Dissection,
    _ frame: RawSpan
  ) throws {
    // RFC 9110 section 15.2: responses of 1xx come before the answer, except that 101 is one.
    if head.code / 100 == 1, head.code != 101 { return }
    let stream = message.stream.number
    let asked = HTTP.requestFrame(record, in: dissection)
    let queue = connections[stream]?.pending ?? []
    guard let place = asked.flatMap({ asked in queue.firstIndex { $0.frame == asked } }) else {
      leftOut += 1
      return
    }
    for unanswered in queue[..<place] { try writeUnanswered(unanswered) }
    let request = queue[place]
    connections[stream]?.pending.removeFirst(place + 1)

    let start = start(of: message, dissection)
    text.removeAll()
    text.append(harResponse: head, record, body: body(record, dissection, frame))
    text.append(",")
    text.append(
      harTimings: request.end.nanoseconds(since: request.start),
      wait: start.nanoseconds(since: request.end),
      receive: dissection.frame.time.nanoseconds(since: start))
    if head.code == 101, head.value(of: "upgrade")?.lowercased() == "websocket" {
      // The entry waits for the messages, behind its request.
      let response = try file.put(aside: text)
      connections[stream]?.entry = request.text
      connections[stream]?.messages = [response]
      return
    }
    try begin(request.text)
    file.text.append(text)
    file.text.append("}")
    try file.flushIfFull()
    if connections[stream]?.pending.isEmpty == true, connections[stream]?.entry == nil {
      connections[stream] = nil
    }
  }

  private func add(
    _ record: LayerRecord, _ message: Message, _ dissection: borrowing Dissection,
    _ frame: RawSpan
  ) throws {
    guard let found = WebSocket.message(record, in: dissection, frame: frame),
      found.opcode == .text || found.opcode == .binary
    else { return }
    guard let connection = connections[message.stream.number], connection.entry != nil else {
      leftOut += 1
      return
    }
    text.removeAll()
    // The first extent is the response.
    text.append(connection.messages.count > 1 ? ",\n" : "\n")
    text.append(message.stream.side == .client ? "{\"type\":\"send\"" : "{\"type\":\"receive\"")
    text.append(",\"time\":")
    text.append(epoch: dissection.frame.time)
    text.append(",\"opcode\":")
    text.append(UInt64(found.opcode.rawValue))
    text.append(",\"data\":")
    if found.opcode == .text {
      found.octets.withUnsafeBytes { text.append(json: $0) }
    } else {
      text.append("\"")
      text.append(base64: found.octets.span.bytes)
      text.append("\"")
    }
    text.append("}")
    connections[message.stream.number]?.messages.append(try file.put(aside: text))
  }

  /// The connection is over: what waits is written.
  private func close(_ stream: UInt32) throws {
    guard let connection = connections.removeValue(forKey: stream) else { return }
    for unanswered in connection.pending { try writeUnanswered(unanswered) }
    guard let entry = connection.entry, let response = connection.messages.first else { return }
    try begin(entry)
    try file.append(response)
    file.text.append(",\"_resourceType\":\"websocket\",\"_webSocketMessages\":[")
    for message in connection.messages.dropFirst() { try file.append(message) }
    file.text.append("]}")
    try file.flushIfFull()
  }

  private func writeUnanswered(_ request: Pending) throws {
    try begin(request.text)
    file.text.appendHARNoResponse()
    file.text.append(",")
    file.text.append(
      harTimings: request.end.nanoseconds(since: request.start), wait: 0, receive: 0)
    file.text.append("}")
    try file.flushIfFull()
  }

  /// Begins an entry with its request.
  private func begin(_ request: Extent) throws {
    if entries > 0 { file.text.append(",") }
    entries += 1
    try file.append(request)
  }
}
