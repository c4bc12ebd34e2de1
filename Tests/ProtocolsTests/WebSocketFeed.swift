@testable import PacketCore
@testable import Protocols

/// Octets of a stream handed to a `WebSocketStream` in pieces, the way a reassembly would do it.
struct WebSocketFeed {
  /// One message, or a part of one that was shown.
  struct Seen: Equatable {
    var side: Side
    var opcode: WebSocketOpcode
    var content: [UInt8]
    var isReadable = true
    var fragments = 1
    var compressed = 0
    var type = PayloadType.nothing
  }

  let stream: WebSocketStream
  var time = Timestamp(seconds: 0, nanoseconds: 0)
  var sideIsKnown = true
  var isMidStream = false
  /// Lines are to be tshark's.
  var isCompatible = false
  private(set) var messages: [Seen] = []
  private(set) var parts: [Seen] = []
  private(set) var findings: [String] = []
  private(set) var lines: [String] = []
  private(set) var isLost = false
  /// Octets taken, of either side.
  private var position: [UInt64] = [0, 0]
  private var pending: [[UInt8]] = [[], []]
  /// The last packet.
  private let kept = KeptDissection()
  private(set) var dissection: Dissection {
    _read { yield kept.dissection }
    nonmutating _modify { yield &kept.dissection }
  }
  private(set) var frame: [UInt8] = []

  init(_ negotiation: WebSocketNegotiation? = WebSocketNegotiation(), limits: Limits = Limits()) {
    stream = WebSocketStream(negotiation: negotiation, limits: limits)
  }

  /// Octets that wait for more.
  func waiting(_ side: Side) -> Int { pending[Int(side.rawValue)].count }

  /// The next octets of one side.
  mutating func feed(_ octets: [UInt8], from side: Side = .client, isLast: Bool = false) {
    let row = Int(side.rawValue)
    pending[row] += octets
    var needed = 0
    while !pending[row].isEmpty, pending[row].count >= needed || isLast, !isLost {
      frame = pending[row]
      dissection = Dissection()
      let chunk = StreamChunk(
        range: 0..<frame.count, side: side, sideIsKnown: sideIsKnown, time: time,
        position: position[row], isMidStream: isMidStream, isLast: isLast)
      let octets = frame
      let step = stream.consume(octets.span.bytes, chunk, into: &dissection)
      var taken = 0
      switch step {
      case .message(let count), .lastPart(let count):
        taken = count
        if let seen = last(from: side) { messages.append(seen) }
      case .part(let count, let isShown):
        taken = count
        if isShown, let seen = last(from: side) { parts.append(seen) }
      case .needMore(let count):
        if isLast { return }
        needed = count
      case .lost, .more, .upgrade: isLost = true
      }
      findings += dissection.findings.map(\.kind.name)
      precondition(taken <= frame.count && taken >= 0)
      pending[row].removeFirst(taken)
      position[row] += UInt64(taken)
    }
  }

  /// Octets that nobody captured.
  mutating func gap(_ count: Int, from side: Side = .client) {
    let row = Int(side.rawValue)
    position[row] += UInt64(pending[row].count + count)
    pending[row] = []
    dissection = Dissection()
    if !stream.gap(count, from: side, into: &dissection) { isLost = true }
  }

  mutating func end(_ how: StreamEnd = .fin) {
    dissection = Dissection()
    stream.end(how, from: nil, into: &dissection)
    let nothing: [UInt8] = []
    while stream.hasMore {
      _ = stream.consume(
        nothing.span.bytes, StreamChunk(range: 0..<0, side: .client), into: &dissection)
    }
    findings += dissection.findings.map(\.kind.name)
  }

  /// The fields of the last frame: octets by their place.
  func fields() -> [String] {
    guard let record = dissection.layers.last else { return [] }
    var sink = FieldSink()
    dissection.withBytes(of: record.buffer, frame: frame.span.bytes) {
      record.type.collect($0, record, in: dissection, into: &sink)
    }
    return sink.items.map { item in
      switch item.value {
      case .present: item.field.name
      case .octetsInPlace: "\(item.field.name): \(item.place ?? 0..<0)"
      case .unsigned(let number): "\(item.field.name): \(number)"
      case .boolean(let isSet): "\(item.field.name): \(isSet ? 1 : 0)"
      case .string(let text): "\(item.field.name): \(text)"
      case .octets(let octets): "\(item.field.name): \(octets)"
      default: "\(item.field.name)?"
      }
    }
  }

  private mutating func last(from side: Side) -> Seen? {
    guard let record = dissection.layers.last, record.is(WebSocket.self) else { return nil }
    let octets = frame
    let frame = octets.span.bytes
    var seen: Seen?
    var columns = Columns()
    columns.isCompatible = isCompatible
    dissection.withBytes(of: record.buffer, frame: frame) { bytes in
      guard let layer = WebSocket.decode(record, in: bytes) else { return }
      let note = dissection.note(of: WebSocket.self, record)
      layer.summarize(bytes, record, in: dissection, into: &columns)
      seen = Seen(
        side: side, opcode: layer.messageOpcode(note),
        content: layer.withContent(bytes, record, in: dissection) { octets, range in
          [UInt8](octets.extracting(range))
        }, isReadable: note?.state != .unreadable, fragments: Int(note?.fragments ?? 1),
        compressed: Int(note?.compressed ?? 0),
        type: dissection.isContinued ? dissection.continuation.type : .nothing)
    }
    if dissection.isContinued, let seen {
      let next = dissection.continuation
      let content = dissection.withBytes(of: next.buffer, frame: frame) {
        [UInt8]($0.extracting(next.range))
      }
      precondition(content == seen.content, "the walk goes on in other octets")
    }
    let line = columns.info.string
    lines.append(line)
    return seen
  }
}

/// Frames written by hand, damage included.
enum WebSocketOctets {
  static let key: UInt32 = 0x1122_3344

  static func frame(
    _ first: UInt8, _ payload: [UInt8] = [], key: UInt32? = key, lengthOctets: Int? = nil
  ) -> [UInt8] {
    let count = payload.count
    let size = lengthOctets ?? (count < 126 ? 0 : count < 65536 ? 2 : 8)
    var octets: [UInt8] = [first, (key == nil ? 0 : 0x80)]
    octets[1] |= size == 0 ? UInt8(count) : size == 2 ? 126 : 127
    for shift in (0..<size).reversed() {
      octets.append(UInt8(truncatingIfNeeded: count >> (shift * 8)))
    }
    guard let key else { return octets + payload }
    let keys = (0..<4).map { UInt8(truncatingIfNeeded: key >> UInt32(24 - $0 * 8)) }
    return octets + keys + payload.enumerated().map { $1 ^ keys[$0 % 4] }
  }

  static func text(_ text: String, key: UInt32? = key) -> [UInt8] {
    frame(0x81, Array(text.utf8), key: key)
  }
}
