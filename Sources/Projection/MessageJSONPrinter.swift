import PacketCore

/// `netlab messages -T jsonl`: one object a line.
public final class MessageJSONPrinter: RowPrinter {
  private let tool: String
  private let source: String
  // Used by one thread only.
  @exclusivity(unchecked) private var line = JSONLine()
  @exclusivity(unchecked) private var fields: JSONFields?
  @exclusivity(unchecked) private var count = 0
  public let wantsMessage: Bool

  /// - Parameters:
  ///   - tool: Name and version of the program.
  ///   - source: What is read: a file's name, or the interfaces.
  ///   - fields: Fields whose values each object has, too.
  public init(tool: String, source: String, fields: FieldChoice? = nil) {
    self.tool = tool
    self.source = source
    wantsMessage = fields != nil
    if let fields { self.fields = JSONFields(fields, isMessage: true) }
  }

  public func begin(into text: inout TextBuffer) {
    JSONLine.header(tool: tool, source: source, into: &text)
  }

  public func end(into text: inout TextBuffer) {
    text.append("{\"type\":\"end\",\"messages\":")
    text.append(UInt64(count))
    text.append("}\n")
  }

  public func print(
    _ row: Row, _ dissection: borrowing Dissection, _ frame: RawSpan,
    into text: inout TextBuffer
  ) {
    if row.kind == .message {
      count += 1
      text.append("{\"type\":\"message\",\"id\":\"")
      text.append(UInt64(row.frame))
      text.append(".")
      text.append(UInt64(row.part))
      text.append("\",\"packets\":[")
      if row.packets.isEmpty { text.append(UInt64(row.frame)) }
      for (position, packet) in row.packets.enumerated() {
        if position > 0 { text.append(",") }
        text.append(UInt64(packet))
      }
      text.append("]")
    } else {
      text.append("{\"type\":\"verdict\"")
    }
    if row.hasTime { line.append(row.time, to: &text) }
    if let stream = row.stream {
      text.append(",\"stream\":")
      text.append(UInt64(stream))
    }
    if row.kind == .message {
      if row.side == .client {
        text.append(",\"side\":\"client\"")
      } else {
        text.append(",\"side\":\"server\"")
      }
    }
    appendEnd(",\"source\":\"", ",\"source_port\":", row.ends.source, row.sourcePort, &text)
    appendEnd(
      ",\"destination\":\"", ",\"destination_port\":", row.ends.destination, row.destinationPort,
      &text)
    if row.kind == .message {
      text.append(",\"protocol\":\"")
      text.append(row.columns.protocolName)
      text.append("\",\"length\":")
      text.append(UInt64(row.octets))
      appendLayers(row, dissection, to: &text)
    } else if let verdict = row.verdict {
      append(verdict, to: &text)
    }
    text.append(",\"info\":")
    text.append(json: row.columns.info)
    if row.kind == .message {
      if !dissection.findings.isEmpty {
        let (layers, carrier) = (row.layers, row.carrier)
        JSONLine.append(findingsOf: dissection, to: &text) {
          layers.contains($0) || $0 == carrier
        }
      }
      fields?.append(dissection, frame, to: &text)
    }
    text.append("}\n")
  }

  /// The message's own layers, outermost first, with the one that carries it.
  private func appendLayers(
    _ row: Row, _ dissection: borrowing Dissection, to text: inout TextBuffer
  ) {
    text.append(",\"layers\":[")
    var isFirst = true
    if row.carrier >= 0 {
      JSONLine.append(layer: row.carrier, of: dissection, &isFirst, to: &text)
    }
    for index in row.layers {
      JSONLine.append(layer: index, of: dissection, &isFirst, to: &text)
    }
    text.append("]")
  }

  private func appendEnd(
    _ key: StaticString, _ portKey: StaticString, _ address: Address, _ port: UInt16,
    _ text: inout TextBuffer
  ) {
    guard address.family != .none else { return }
    JSONLine.append(key, address, to: &text)
    text.append(portKey)
    text.append(UInt64(port))
  }

  private func append(_ verdict: ConnectionVerdict, to text: inout TextBuffer) {
    text.append(",\"protocol\":")
    text.append(json: verdict.protocolName)
    text.append(",\"is_complete\":")
    text.append(verdict.isComplete ? "true" : "false")
    text.append(",\"octets_missing\":")
    text.append(verdict.missing)
    text.append(",\"client_messages\":")
    text.append(UInt64(verdict.messages.client))
    text.append(",\"server_messages\":")
    text.append(UInt64(verdict.messages.server))
    text.append(",\"end\":")
    text.append(json: "\(verdict.end)")
    if let side = verdict.endedBy {
      text.append(",\"ended_by\":")
      text.append(json: "\(side)")
    }
    guard let closing = verdict.closing else { return }
    text.append(",\"closed_by\":")
    text.append(json: "\(closing.side)")
    if let code = closing.code {
      text.append(",\"close_code\":")
      text.append(UInt64(code))
    }
    text.append(",\"close_reason\":")
    text.append(json: closing.reason)
    text.append(",\"close_answered\":")
    text.append(closing.isAnswered ? "true" : "false")
  }
}

/// `netlab messages -T csv`: the columns of the text form, RFC 4180, with a heading.
public final class MessageCSVPrinter: RowPrinter {
  private let time: TimeFormat

  public init(time: TimeFormat = .relative) { self.time = time }

  public func begin(into text: inout TextBuffer) {
    text.append(
      "Id,Time,Source,Source port,Destination,Destination port,Protocol,Length,Packets,Info\r\n")
  }

  public func print(
    _ row: Row, _ dissection: borrowing Dissection, _ frame: RawSpan,
    into text: inout TextBuffer
  ) {
    if row.kind == .message {
      text.append(UInt64(row.frame))
      text.append(".")
      text.append(UInt64(row.part))
    }
    text.append(",")
    text.append(time: dissection, as: time)
    text.append(",")
    text.append(row.ends.source)
    text.append(",")
    text.append(UInt64(row.sourcePort))
    text.append(",")
    text.append(row.ends.destination)
    text.append(",")
    text.append(UInt64(row.destinationPort))
    text.append(",")
    text.append(row.columns.protocolName)
    text.append(",")
    text.append(UInt64(row.octets))
    text.append(",")
    for (position, packet) in row.packets.enumerated() {
      if position > 0 { text.append(" ") }
      text.append(UInt64(packet))
    }
    if row.packets.isEmpty { text.append(UInt64(row.frame)) }
    text.append(",")
    text.append(quoted: row.columns.info)
    text.append("\r\n")
  }
}

extension TextBuffer {
  /// RFC 4180 section 2: a quote inside a quoted field is written twice.
  mutating func append(quoted other: borrowing TextBuffer) {
    append(byte: 34)
    other.withBytes { bytes in
      for byte in bytes {
        if byte == 34 { append(byte: 34) }
        append(byte: byte)
      }
    }
    append(byte: 34)
  }
}
