import PacketCore

extension HTTP {
  public static func summarize(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns
  ) {
    if columns.isCompatible {
      // tshark lines up all messages of a packet.
      for index in 0..<dissection.layers.count {
        let other = dissection.layers[index]
        if other.start == record.start, other.buffer == record.buffer, other.is(HTTP.self) { break }
        guard other.is(HTTP.self), other.buffer == record.buffer else { continue }
        summarizeOne(bytes, other, in: dissection, into: &columns)
      }
    }
    summarizeOne(bytes, record, in: dissection, into: &columns)
  }

  private static func summarizeOne(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns
  ) {
    columns.protocolName = "HTTP"
    let range = record.header
    guard range.upperBound <= bytes.byteCount else { return }
    let note = dissection.note(of: HTTP.self, record)
    bytes.withUnsafeBytes { all in
      let octets = UnsafeRawBufferPointer(rebasing: all[range])
      guard let line = HTTPHead.startLine(of: octets) else {
        return columns.info.append("Continuation")
      }
      appendVisible(octets, line, to: &columns.info)
      columns.info.append(" ")
      guard let note, note.has(Note.hasBody) else { return }
      let head = HTTPHead(octets)
      guard head.traits.contains(.contentType) else { return }
      let type = HTTPBodyKind.essence(octets, head.contentType)
      guard columns.isCompatible else { return append(type, to: &columns.info) }
      guard !note.has(Note.isOpaque) || note.has(Note.isBrotli) else { return }
      summarizeType(type, bytes, note, record, in: dissection, into: &columns)
    }
  }

  private static func append(_ type: UnsafeRawBufferPointer, to info: inout TextBuffer) {
    info.append(" (")
    appendVisible(type, 0..<type.count, to: &info)
    info.append(")")
  }

  /// What the protocol of a body says in tshark's line.
  private static func summarizeType(
    _ type: UnsafeRawBufferPointer, _ bytes: RawSpan, _ note: Note, _ record: LayerRecord,
    in dissection: borrowing Dissection, into columns: inout Columns
  ) {
    var lower = TextBuffer(capacity: 64)
    for octet in type { lower.append(byte: octet &- 0x41 < 26 ? octet | 0x20 : octet) }
    switch HTTPMediaType(type) {
    case .json:
      columns.protocolName = "HTTP/JSON"
      columns.info.append(", JavaScript Object Notation (")
      columns.info.append(lower)
      columns.info.append(")")
    case .xml: columns.protocolName = "HTTP/XML"
    case .silent: break
    case .image:
      let first = firstOctets(bytes, note, record, in: dissection)
      if first >> 32 == 0x8950_4e47 {
        columns.info.append(" (PNG)")
      } else if first >> 16 == 0x4749_4638_3961 {
        columns.info.append(" (GIF89a)")
      } else if first >> 16 == 0x4749_4638_3761 {
        columns.info.append(" (GIF87a)")
      } else if first >> 48 == 0xffd8 {
        columns.info.append(" (JPEG JFIF image)")
      } else {
        append(type, to: &columns.info)
      }
    case .other:
      columns.info.append(" (")
      columns.info.append(lower)
      columns.info.append(")")
    }
  }

  private static func firstOctets(
    _ bytes: RawSpan, _ note: Note, _ record: LayerRecord, in dissection: borrowing Dissection
  ) -> UInt64 {
    let start = Int(note.bodyStart)
    func word(_ bytes: RawSpan) -> UInt64 {
      guard note.bodyCount >= 8, start &+ 8 <= bytes.byteCount else { return 0 }
      return UInt64(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt64.self))
    }
    if note.bodyBuffer == record.buffer { return word(bytes) }
    guard note.bodyBuffer > 0, Int(note.bodyBuffer) <= dissection.bufferCount else { return 0 }
    return dissection.withBytes(of: note.bodyBuffer, frame: bytes) { word($0) }
  }

  public static var hasRemarks: Bool { true }

  public static func remark(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns
  ) {
    guard let note = dissection.note(of: HTTP.self, record), note.has(Note.isPolling) else {
      return
    }
    columns.info.append(" [polling]")
  }

  /// Text with control characters spelled as C spells them, and ill-formed UTF-8 replaced.
  static func appendVisible(
    _ octets: UnsafeRawBufferPointer, _ range: Range<Int>, to text: inout TextBuffer
  ) {
    var isPlain = true
    for at in range where octets[at] &- 0x20 >= 0x5f {
      isPlain = false
      break
    }
    if isPlain { return text.append(UnsafeRawBufferPointer(rebasing: octets[range])) }
    // Not for the packet path: hardly any head gets here.
    for scalar in String(decoding: octets[range], as: UTF8.self).unicodeScalars {
      switch scalar.value {
      case 7: text.append("\\a")
      case 8: text.append("\\b")
      case 9: text.append("\\t")
      case 10: text.append("\\n")
      case 11: text.append("\\v")
      case 12: text.append("\\f")
      case 13: text.append("\\r")
      case 0..<0x20, 0x7f:
        text.append("\\")
        for shift in [6, 3, 0] as [UInt32] {
          text.append(byte: 48 + UInt8(truncatingIfNeeded: scalar.value >> shift & 7))
        }
      default: text.append(String(scalar))
      }
    }
  }

  static func visible(_ octets: UnsafeRawBufferPointer, _ range: Range<Int>) -> String {
    var text = TextBuffer(capacity: 64)
    appendVisible(octets, range, to: &text)
    return text.string
  }
}

/// How tshark 4.0.17 names a body on its line: found by asking it.
enum HTTPMediaType {
  case json, xml, silent, image, other

  init(_ type: UnsafeRawBufferPointer) {
    func isOne(of names: [StaticString]) -> Bool { names.contains { HTTPText.equals(type, $0) } }
    if HTTPText.begins(type, "application/") || HTTPText.begins(type, "text/") {
      if isOne(of: Self.jsonTypes) {
        self = .json
        return
      }
      if isOne(of: Self.xmlTypes) {
        self = .xml
        return
      }
    }
    if HTTPText.begins(type, "image/") {
      self = HTTPText.equals(type, "image/svg+xml") ? .xml : .image
    } else if HTTPText.begins(type, "multipart/") || isOne(of: Self.silentTypes) {
      self = .silent
    } else {
      self = .other
    }
  }

  private static let jsonTypes: [StaticString] = [
    "application/json", "application/json-rpc", "application/senml+json",
    "application/sensml+json", "application/jsonrequest", "application/dds-web+json",
    "application/merge-patch+json", "application/json-patch+json", "application/problem+json",
    "application/x-ndjson",
  ]
  private static let xmlTypes: [StaticString] = [
    "application/xml", "text/xml", "text/vnd.wap.wml", "text/vnd.wap.si", "text/vnd.wap.sl",
    "text/vnd.wap.co", "text/vnd.wap.emn", "application/atom+xml", "application/auth-policy+xml",
    "application/ccmp+xml", "application/conference-info+xml", "application/cpl+xml",
    "application/pidf+xml", "application/rdf+xml", "application/reginfo+xml",
    "application/resource-lists+xml", "application/rss+xml", "application/soap+xml",
    "application/watcherinfo+xml", "application/xcap-diff+xml", "application/xml-dtd",
    "application/xslt+xml", "application/x-crd+xml", "application/x-wms-logconnectstats",
    "application/mathml+xml",
  ]
  private static let silentTypes: [StaticString] = [
    "application/octet-stream", "application/grpc", "application/cbor", "video/mp2t",
  ]
}
