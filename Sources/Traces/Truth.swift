import PacketCore

/// What a trace holds, as a JSON text that grows while the trace is made: each connection when it
/// is over, then the faults by their kinds, then every remark that an analysis should make and the
/// frames that deserve it. Frames count from 1, streams from 0.
struct Truth: ~Copyable {
  /// Text that nobody has taken yet.
  var text = TextBuffer(capacity: 1 << 16)
  private let options: TraceOptions
  private var connections = 0
  private var findings: [[Int]]
  /// Frames that break a rule of WebSocket, by its finding.
  private var broken: [String: [Int]] = [:]
  private var faults: [String: [(stream: Int, frames: [TracedConnection.FaultyFrame])]] = [:]

  init(_ options: TraceOptions) {
    self.options = options
    findings = Array(repeating: [], count: ExpectedFindings.names.count)
    text.append("{\"schema\":\"netlab-truth/1\",\"content\":")
    append(options.content.rawValue)
    text.append(",\"seed\":")
    // As text: readers of JSON may hold numbers in 53 bits.
    append(String(options.seed))
    text.append(",\"ending\":")
    append(options.ending.rawValue)
    text.append(",\"mid_stream\":")
    text.append(options.isMidStream ? "true" : "false")
    text.append(",\"connections\":[")
  }

  /// Remarks about a captured frame.
  mutating func note(_ frame: Int, _ expected: ExpectedFindings) {
    guard !expected.isEmpty else { return }
    for position in expected.positions { findings[position].append(frame) }
  }

  /// A fault whose frames are all captured.
  mutating func note(
    _ kind: String, stream: Int, _ frames: [TracedConnection.FaultyFrame]
  ) {
    faults[kind, default: []].append((stream, frames))
  }

  /// A connection that is over.
  mutating func note(_ connection: TracedConnection, client: String, server: String) {
    text.append(connections == 0 ? "\n " : ",\n ")
    connections += 1
    text.append("{\"stream\":")
    text.append(UInt64(connection.stream))
    text.append(",\"client\":")
    append(client)
    text.append(",\"server\":")
    append(server)
    text.append(",\"first_frame\":")
    text.append(UInt64(connection.firstFrame))
    text.append(",\"frames\":")
    text.append(UInt64(connection.frameCount))
    text.append(",\"ended\":")
    append(options.ending.rawValue)
    text.append(",\"closed_by\":")
    append(connection.conversation.closedByClient ?? true ? "client" : "server")
    text.append(",\"messages\":[")
    for (index, record) in connection.records.enumerated() {
      text.append(index == 0 ? "\n  " : ",\n  ")
      append(record)
    }
    text.append("]}")
  }

  private mutating func append(_ record: TracedConnection.Record) {
    text.append("{\"from\":")
    append(record.fromClient ? "client" : "server")
    text.append(",\"kind\":")
    append(record.message.kind)
    text.append(",\"text\":")
    append(record.message.text)
    text.append(",\"octets\":")
    text.append(UInt64(record.message.octets.count))
    if let rule = record.message.breaks {
      text.append(",\"breaks\":")
      append(rule.kind.name)
      if let frame = record.completedBy { broken[rule.kind.name, default: []].append(frame) }
    }
    text.append(",\"frames\":")
    append(record.frames)
    text.append(",\"again\":")
    append(record.again)
    text.append(",\"completed_by\":")
    if let frame = record.completedBy {
      text.append(UInt64(frame))
    } else {
      text.append("null,\"missing_octets\":")
      text.append(UInt64(record.lostOctets))
    }
    text.append("}")
  }

  /// The end of the text.
  mutating func finish(packets: Int) {
    text.append("],\n\"faults\":{")
    for (index, kind) in faults.keys.sorted().enumerated() {
      text.append(index == 0 ? "\n " : ",\n ")
      append(kind)
      text.append(":[")
      for (position, fault) in (faults[kind] ?? []).enumerated() {
        text.append(position == 0 ? "\n  {\"stream\":" : ",\n  {\"stream\":")
        text.append(UInt64(fault.stream))
        text.append(",\"frames\":[")
        for (place, frame) in fault.frames.enumerated() {
          text.append(place == 0 ? "{\"frame\":" : ",{\"frame\":")
          text.append(UInt64(frame.frame))
          text.append(",\"findings\":[")
          for (word, name) in frame.findings.positions.enumerated() {
            if word > 0 { text.append(",") }
            append(ExpectedFindings.names[name])
          }
          text.append("]}")
        }
        text.append("]}")
      }
      text.append("]")
    }
    text.append("},\n\"findings\":{")
    var isFirst = true
    let rules = broken.sorted { $0.key < $1.key }.map { ($0.key, $0.value.sorted()) }
    for (name, frames) in Array(zip(ExpectedFindings.names, findings)) + rules where !frames.isEmpty
    {
      text.append(isFirst ? "\n " : ",\n ")
      isFirst = false
      append(name)
      text.append(":")
      append(frames)
    }
    text.append("},\n\"packets\":")
    text.append(UInt64(packets))
    text.append("}\n")
  }

  private mutating func append(_ numbers: [Int]) {
    text.append("[")
    for (index, number) in numbers.enumerated() {
      if index > 0 { text.append(",") }
      text.append(UInt64(number))
    }
    text.append("]")
  }

  /// A JSON string. RFC 8259 section 7.
  private mutating func append(_ string: String) {
    text.append("\"")
    for octet in string.utf8 {
      switch octet {
      case 0x22: text.append("\\\"")
      case 0x5c: text.append("\\\\")
      case 0..<0x20, 0x7f:
        text.append("\\u")
        text.append(hex: UInt64(octet), digits: 4)
      default: text.append(byte: octet)
      }
    }
    text.append("\"")
  }
}
