import PacketCore

extension HTTP {
  public static func summarize(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns
  ) {
    columns.protocolName = "HTTP"
    let range = record.header
    guard range.upperBound <= bytes.byteCount else { return }
    let note = dissection.note(of: HTTP.self, record)
    bytes.withUnsafeBytes { all in
      let octets = UnsafeRawBufferPointer(rebasing: all[range])
      let head = HTTPHead(octets)
      guard head.kind != .other else { return columns.info.append("Continuation") }
      appendVisible(octets, head.start..<head.lineEnd, to: &columns.info)
      columns.info.append(" ")
      guard note?.has(Note.hasBody) == true, !head.contentType.isEmpty else { return }
      columns.info.append(" (")
      let type = HTTPBodyKind.essence(octets, head.contentType)
      appendVisible(type, 0..<type.count, to: &columns.info)
      columns.info.append(")")
    }
  }

  public static func remark(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns
  ) {
    guard let note = dissection.note(of: HTTP.self, record), note.has(Note.isPolling) else {
      return
    }
    columns.info.append(" [polling]")
  }

  /// Text with control characters spelled as C spells them.
  static func appendVisible(
    _ octets: UnsafeRawBufferPointer, _ range: Range<Int>, to text: inout TextBuffer
  ) {
    var start = range.lowerBound
    for at in range where octets[at] < 0x20 || octets[at] == 0x7f {
      text.append(UnsafeRawBufferPointer(rebasing: octets[start..<at]))
      start = at + 1
      text.append("\\")
      switch octets[at] {
      case 7: text.append("a")
      case 8: text.append("b")
      case 9: text.append("t")
      case 10: text.append("n")
      case 11: text.append("v")
      case 12: text.append("f")
      case 13: text.append("r")
      default:
        for shift in [6, 3, 0] as [UInt8] { text.append(byte: 48 + (octets[at] >> shift & 7)) }
      }
    }
    text.append(UnsafeRawBufferPointer(rebasing: octets[start..<range.upperBound]))
  }

  static func visible(_ octets: UnsafeRawBufferPointer, _ range: Range<Int>) -> String {
    var text = TextBuffer(capacity: 64)
    appendVisible(octets, range, to: &text)
    return text.string
  }
}
