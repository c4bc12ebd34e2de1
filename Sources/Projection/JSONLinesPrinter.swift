import PacketCore

/// `-T jsonl`: one object a line. A header first, a frame object a packet, an end object with the
/// counts last; numbers are numbers, no key stands twice in one object.
public final class JSONLinesPrinter: PacketPrinter {
  private let tool: String
  private let source: String
  // Used by one thread only.
  @exclusivity(unchecked) private var columns = Columns()
  @exclusivity(unchecked) private var line = JSONLine()
  @exclusivity(unchecked) private var fields: JSONFields?
  @exclusivity(unchecked) private var count = 0

  /// - Parameters:
  ///   - tool: Name and version of the program.
  ///   - source: What is read: a file's name, or the interfaces.
  ///   - fields: Fields whose values each object has, too.
  public init(tool: String, source: String, fields: FieldChoice? = nil) {
    self.tool = tool
    self.source = source
    if let fields { self.fields = JSONFields(fields, isMessage: false) }
  }

  public func begin(into text: inout TextBuffer) {
    JSONLine.header(tool: tool, source: source, into: &text)
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
    if header.hasTime { line.append(header.time, to: &text) }
    text.append(",\"section\":")
    text.append(UInt64(header.point.section))
    text.append(",\"interface\":")
    text.append(UInt64(header.point.interface))
    text.append(",\"length\":")
    text.append(UInt64(header.originalLength))
    text.append(",\"captured_length\":")
    text.append(UInt64(header.capturedLength))
    JSONLine.append(",\"source\":\"", dissection.endpoints.source, to: &text)
    JSONLine.append(",\"destination\":\"", dissection.endpoints.destination, to: &text)
    columns.fill(dissection, frame, remarks: false)
    text.append(",\"protocol\":\"")
    text.append(columns.protocolName)
    text.append("\",\"info\":")
    text.append(json: columns.info)
    text.append(",\"layers\":[")
    var isFirst = true
    for index in dissection.layers.indices.dropFirst() {
      JSONLine.append(layer: index, of: dissection, &isFirst, to: &text)
    }
    text.append("]")
    if !dissection.messages.isEmpty { JSONLine.append(messagesOf: dissection, to: &text) }
    if !dissection.findings.isEmpty {
      JSONLine.append(findingsOf: dissection, to: &text) { _ in true }
    }
    fields?.append(dissection, frame, to: &text)
    text.append("}\n")
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
