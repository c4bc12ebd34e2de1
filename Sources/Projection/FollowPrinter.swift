import PacketCore

/// One conversation, message after message: `netlab follow`.
public final class FollowPrinter: PacketPrinter {
  /// What is followed.
  public enum Level: String, CaseIterable, Sendable {
    /// Whatever the innermost protocol makes of it.
    case messages
    /// The octets of both directions.
    case tcp
    /// The payloads of WebSocket messages.
    case websocket
    /// Socket.IO packets.
    case socketio
  }

  /// How it is shown.
  public enum Form: String, CaseIterable, Sendable { case text, hex, raw, jsonl }

  private let stream: UInt32
  private let level: Level
  private let form: Form
  private let side: Side?
  private let time: TimeFormat
  private let tool: String
  private let source: String
  private let row = Row()
  private var octets: [UInt8] = []
  /// The WebSocket message is a Close, Ping or Pong, which its payload alone does not tell.
  private var isControl = false
  private var positions = [0, 0]
  private var hasHeading = false
  private var verdict: ConnectionVerdict?
  /// Messages shown.
  public private(set) var count = 0
  /// The highest stream number that any message had.
  public private(set) var lastStream: UInt32?

  /// - Parameters:
  ///   - side: Only what this end said; nil for both.
  ///   - tool: Name and version of the program, for the header of JSON lines.
  public init(
    stream: UInt32, level: Level, form: Form, side: Side?, time: TimeFormat, tool: String,
    source: String
  ) {
    self.stream = stream
    self.level = level
    self.form = form
    self.side = side
    self.time = time
    self.tool = tool
    self.source = source
  }

  public var wantsEnd: Bool { true }

  public func begin(into text: inout TextBuffer) {
    guard form == .jsonl else { return }
    text.append("{\"type\":\"header\",\"schema\":\"netlab/1\",\"tool\":")
    text.append(json: tool)
    text.append(",\"source\":")
    text.append(json: source)
    text.append("}\n")
  }

  public func end(into text: inout TextBuffer) {
    switch form {
    case .jsonl:
      text.append("{\"type\":\"end\",\"messages\":")
      text.append(UInt64(count))
      text.append("}\n")
    case .text, .hex:
      guard let verdict else { return }
      verdict.write(to: &text)
      text.append("\n")
    case .raw: break
    }
  }

  public func print(
    _ dissection: borrowing Dissection, _ frame: RawSpan, into text: inout TextBuffer
  ) {
    let messages = dissection.messages
    for message in messages where message.isWhole {
      lastStream = max(lastStream ?? 0, message.stream.number)
      guard message.stream.number == stream else { continue }
      guard readOctets(of: message, dissection, frame) else { continue }
      row.fill(message, dissection, frame)
      if form == .text || form == .hex { appendHeading(message, to: &text) }
      let direction = Int(message.stream.direction & 1)
      let position = positions[direction]
      positions[direction] += octets.count
      guard side == nil || side == message.stream.side else { continue }
      count += 1
      append(octets.span.bytes, message, dissection, at: position, to: &text)
    }
    for verdict in dissection.verdicts where verdict.stream == stream { self.verdict = verdict }
  }

  /// Reads the octets of a message that the level is about.
  ///
  /// - Returns: False for a message that the level is not about.
  private func readOctets(
    of message: Message, _ dissection: borrowing Dissection, _ frame: RawSpan
  ) -> Bool {
    var index = message.speaker
    switch level {
    case .tcp, .messages: break
    case .websocket:
      guard let found = self.index(of: "websocket", in: message, dissection) else { return false }
      octets = webSocketPayload(found, dissection, frame)
      return true
    case .socketio:
      guard let found = self.index(of: "sio", in: message, dissection) else { return false }
      index = found
    }
    let record = dissection.layers[index]
    octets = dissection.withBytes(of: record.buffer, frame: frame) { bytes in
      [UInt8](bytes.extracting(record.range.clamped(to: 0..<bytes.byteCount)))
    }
    return true
  }

  private func index(
    of name: String, in message: Message, _ dissection: borrowing Dissection
  ) -> Int? {
    for index in message.layers.reversed()
    where dissection.layers[index].type.description.name == name {
      return index
    }
    return nil
  }

  /// What a WebSocket message says, unmasked, joined and inflated: its text, its octets, the reason of
  /// a Close.
  private func webSocketPayload(
    _ index: Int, _ dissection: borrowing Dissection, _ frame: RawSpan
  ) -> [UInt8] {
    let record = dissection.layers[index]
    var sink = FieldSink()
    return dissection.withBytes(of: record.buffer, frame: frame) { bytes in
      record.type.collect(bytes, record, in: dissection, into: &sink)
      isControl = sink.items.contains {
        if case .unsigned(8...) = $0.value { $0.field.name == "websocket.opcode" } else { false }
      }
      for item in sink.items where item.field.name.hasPrefix("websocket.payload.") {
        switch item.value {
        case .string(let text): return Array(text.utf8)
        case .octets(let octets): return octets
        case .octetsInPlace:
          guard let place = item.place else { continue }
          return dissection.withBytes(of: item.buffer, frame: frame) { bytes in
            [UInt8](bytes.extracting(place.clamped(to: 0..<bytes.byteCount)))
          }
        default: continue
        }
      }
      return []
    }
  }

  private func appendHeading(_ message: Message, to text: inout TextBuffer) {
    guard !hasHeading else { return }
    hasHeading = true
    let isClient = message.stream.side == .client
    text.append("stream ")
    text.append(UInt64(stream))
    text.append(": client ")
    text.append(
      isClient ? row.ends.source : row.ends.destination,
      port: isClient ? row.sourcePort : row.destinationPort)
    text.append(", server ")
    text.append(
      isClient ? row.ends.destination : row.ends.source,
      port: isClient ? row.destinationPort : row.sourcePort)
    text.append("\n")
  }

  private func append(
    _ octets: RawSpan, _ message: Message, _ dissection: borrowing Dissection, at position: Int,
    to text: inout TextBuffer
  ) {
    switch form {
    case .raw: text.append(octets)
    case .jsonl: appendObject(octets, message, to: &text)
    case .hex:
      appendLead(message, dissection, to: &text)
      text.append(UInt64(octets.byteCount))
      text.append(octets.byteCount == 1 ? " octet\n" : " octets\n")
      text.append(
        hexDump: octets, from: position, indent: message.stream.side == .server ? 4 : 0)
    case .text:
      appendLead(message, dissection, to: &text)
      switch level {
      // Octets that nobody knows say more than their summary, which is "Data".
      case .messages where isBare(message, dissection): text.append(readable: octets)
      case .messages, .socketio: text.append(row.columns.info)
      case .websocket where isControl: text.append(row.columns.info)
      case .websocket, .tcp: text.append(readable: octets)
      }
      text.append("\n")
    }
  }

  private func isBare(_ message: Message, _ dissection: borrowing Dissection) -> Bool {
    dissection.layers[message.speaker].is(Payload.self)
  }

  private func appendLead(
    _ message: Message, _ dissection: borrowing Dissection, to text: inout TextBuffer
  ) {
    let start = text.count
    text.append(time: dissection, as: time)
    text.alignRight(from: start, to: 10)
    text.append(message.stream.side == .client ? " client → " : " server ← ")
  }

  private func appendObject(_ octets: RawSpan, _ message: Message, to text: inout TextBuffer) {
    text.append("{\"type\":\"follow\",\"id\":\"")
    text.append(UInt64(row.frame))
    text.append(".")
    text.append(UInt64(row.part))
    text.append("\",\"ts\":\"")
    text.append(rfc3339: row.time)
    text.append("\",\"ts_s\":")
    text.append(row.time.seconds)
    text.append(",\"ts_nsec\":")
    text.append(UInt64(row.time.nanoseconds))
    text.append(",\"stream\":")
    text.append(UInt64(stream))
    text.append(message.stream.side == .client ? ",\"side\":\"client\"" : ",\"side\":\"server\"")
    text.append(",\"length\":")
    text.append(UInt64(octets.byteCount))
    text.append(",\"info\":")
    let start = text.count
    text.append(row.columns.info)
    text.quoteJSON(from: start)
    text.append(",\"data_b64\":\"")
    text.append(base64: octets)
    text.append("\"}\n")
  }
}

extension TextBuffer {
  /// Octets as text for a terminal: lines stay lines, everything that is neither printable ASCII nor
  /// well-formed UTF-8 becomes a dot, so that nothing in a stream can steer the terminal.
  mutating func append(readable octets: RawSpan) {
    let text = octets.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    var clean = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 10, 9: clean.append(scalar)
      case 13: continue
      case 0..<32, 0x7f..<0xa0, 0x202a...0x202e, 0x2066...0x2069, 0xfffd: clean.append(".")
      default: clean.append(scalar)
      }
    }
    while clean.last == "\n" { clean.removeLast() }
    append(String(clean))
  }
}
