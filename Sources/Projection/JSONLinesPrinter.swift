import PacketCore

/// `-T jsonl`: one object a line. A header first, a frame object a packet, an end object with the
/// counts last; numbers are numbers, no key stands twice in one object.
public final class JSONLinesPrinter: PacketPrinter {
  private let tool: String
  private let source: String
  private var columns = Columns()
  private var count = 0

  /// - Parameters:
  ///   - tool: Name and version of the program.
  ///   - source: What is read: a file's name, or the interfaces.
  public init(tool: String, source: String) {
    self.tool = tool
    self.source = source
  }

  public func begin(into text: inout TextBuffer) {
    text.append("{\"type\":\"header\",\"schema\":\"netlab/1\",\"tool\":")
    text.append(json: tool)
    text.append(",\"source\":")
    text.append(json: source)
    text.append("}\n")
  }

  public func end(into text: inout TextBuffer) {
    text.append("{\"type\":\"end\",\"frames\":")
    text.append(UInt64(count))
    text.append("}\n")
  }

  public func print(
    _ dissection: borrowing Dissection, _ frame: RawSpan, into text: inout TextBuffer
  ) {
    count += 1
    let header = dissection.frame
    text.append("{\"type\":\"frame\",\"number\":")
    text.append(UInt64(header.number))
    if header.hasTime {
      text.append(",\"ts\":\"")
      text.append(rfc3339: header.time)
      text.append("\",\"ts_s\":")
      text.append(header.time.seconds)
      text.append(",\"ts_nsec\":")
      text.append(UInt64(header.time.nanoseconds))
    }
    text.append(",\"section\":")
    text.append(UInt64(header.point.section))
    text.append(",\"interface\":")
    text.append(UInt64(header.point.interface))
    text.append(",\"length\":")
    text.append(UInt64(header.originalLength))
    text.append(",\"captured_length\":")
    text.append(UInt64(header.capturedLength))
    append(",\"source\":\"", dissection.endpoints.source, &text)
    append(",\"destination\":\"", dissection.endpoints.destination, &text)
    columns.fill(dissection, frame, remarks: false)
    text.append(",\"protocol\":\"")
    text.append(columns.protocolName)
    text.append("\",\"info\":")
    let start = text.count
    text.append(columns.info)
    text.quoteJSON(from: start)
    text.append(",\"layers\":[")
    let records = dissection.layers
    for index in records.indices.dropFirst() {
      if index > 1 { text.append(",") }
      text.append("\"")
      text.append(records[index].type.description.name)
      text.append("\"")
    }
    text.append("]")
    appendFindings(dissection, to: &text)
    text.append("}\n")
  }

  private func append(_ key: StaticString, _ address: Address, _ text: inout TextBuffer) {
    guard address.family != .none else { return }
    text.append(key)
    text.append(address)
    text.append("\"")
  }

  private func appendFindings(_ dissection: borrowing Dissection, to text: inout TextBuffer) {
    let findings = dissection.findings
    guard !findings.isEmpty else { return }
    text.append(",\"findings\":[")
    for (position, finding) in findings.enumerated() {
      if position > 0 { text.append(",") }
      text.append("{\"name\":")
      text.append(json: finding.kind.name)
      text.append(",\"severity\":")
      text.append(json: "\(finding.kind.severity)")
      text.append(",\"layer\":")
      text.append(json: dissection.layers[finding.layer].type.description.name)
      text.append(",\"text\":")
      text.append(json: finding.text)
      text.append("}")
    }
    text.append("]")
  }
}

/// `-T csv`: the columns of the summary line, RFC 4180, with a heading.
public final class CSVPrinter: PacketPrinter {
  private let time: TimeFormat
  private var columns = Columns()

  public init(time: TimeFormat = .relative) { self.time = time }

  public func begin(into text: inout TextBuffer) {
    text.append("No.,Time,Source,Destination,Protocol,Length,Info\r\n")
  }

  public func print(
    _ dissection: borrowing Dissection, _ frame: RawSpan, into text: inout TextBuffer
  ) {
    text.append(UInt64(dissection.frame.number))
    text.append(",")
    text.append(time: dissection, as: time)
    text.append(",")
    text.append(dissection.endpoints.source)
    text.append(",")
    text.append(dissection.endpoints.destination)
    columns.fill(dissection, frame, remarks: true)
    text.append(",")
    text.append(columns.protocolName)
    text.append(",")
    text.append(UInt64(dissection.frame.originalLength))
    text.append(",")
    text.append(quoted: columns.info)
    text.append("\r\n")
  }
}
