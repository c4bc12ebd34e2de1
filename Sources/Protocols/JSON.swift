import PacketCore

/// A JSON text. RFC 8259.
public struct JSON: Layer {
  /// The text, UTF-8.
  public var text: [UInt8]

  /// Whether it is valid.
  public struct Note: BitwiseCopyable, Sendable {
    var fault = JSONFault.none
    /// Offset of what is wrong.
    var offset: UInt32 = 0
  }

  public static let carriedBy: [PayloadType] = [.json]
  /// What carries it names the packet.
  public static var summarizes: Bool { false }

  public init(_ text: [UInt8]) { self.text = text }

  public init(reading reader: inout ByteReader) throws(ParseError) {
    text = try reader.array(reader.remaining)
  }

  public func write(to writer: inout ByteWriter) { writer.write(text) }

  public func inspect(
    _ bytes: RawSpan, at index: Int, in dissection: inout Dissection, memory: NoMemory
  ) -> PayloadType {
    var note = Note()
    let record = dissection.layers[index]
    var scanner = JSONScanner(record.range)
    if !(scanner.skipValue(bytes) && scanner.isAtEnd(bytes)) {
      note.fault = scanner.fault
      note.offset = UInt32(truncatingIfNeeded: scanner.position &- Int(record.start))
      // Of a text that the capture cut, only the end is missing.
      if record.missing == 0 || scanner.fault != .unexpectedEnd {
        dissection.add(
          Self.malformed, at: index, found: UInt64(note.fault.rawValue),
          expected: UInt64(note.offset))
      }
    }
    dissection.setNote(note, at: index)
    if scanner.hasToken, note.fault == .none {
      FernetCandidates.walk(bytes, record.range, record.buffer, &dissection)
    }
    return .nothing
  }

  public func summarize(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns
  ) {
    columns.protocolName = "JSON"
    columns.info.append("JavaScript Object Notation ")
    columns.info.append(UInt64(record.headerLength))
    columns.info.append(" bytes")
  }

  static let malformed = FindingKind(
    "json.malformed", "Not valid JSON", .error, .malformed
  ) { found, offset in
    let fault = JSONFault(rawValue: UInt8(truncatingIfNeeded: found)) ?? .none
    return ": \(fault.words) at octet \(offset)"
  }

  public static let schema = Schema<JSON>(
    "json", "JavaScript Object Notation", "RFC 8259", column: "JSON",
    fields: [
      .outline(kinds: JSONOutline.kinds) { layer, dissection, add in
        var outline = JSONOutline(layer.text.span.bytes)
        outline.walk(layer.text.span.bytes, add)
      }
    ],
    findings: [malformed])
}

/// The lines that a JSON text has in the tree: as far as the text is valid, as deep as it is nested.
struct JSONOutline {
  typealias Add = (Int, Int, FieldValue, Range<Int>?, String?) -> Void

  static let kinds: [(name: String, title: String, type: FieldType, isGenerated: Bool)] = [
    ("json.object", "Object", .label, false), ("json.array", "Array", .label, false),
    ("json.member", "Member", .string, false),
    ("json.value.string", "String value", .string, false),
    ("json.value.number", "Number value", .string, false),
    ("json.value.true", "True value", .label, false),
    ("json.value.false", "False value", .label, false),
    ("json.value.null", "Null value", .label, false), ("json.key", "Key", .string, false),
    ("json.member_with_value", "Member with value", .string, true),
    ("json.unlisted", "The rest of the text, which is not listed", .label, false),
  ]
  /// Values that are listed at most: a hostile text has one in two octets, and each is several lines.
  static let longest = 1 << 16

  private var scanner: JSONScanner

  init(_ bytes: RawSpan) { scanner = JSONScanner(0..<bytes.byteCount) }

  /// Emits the lines.
  ///
  /// Containers are found open and left closed by a stack of their kinds, 128 bits, so that hostile
  /// nesting costs no calls. Each octet is read a fixed number of times.
  mutating func walk(_ bytes: RawSpan, _ add: Add) {
    var kinds: UInt128 = 0
    // A member's value stands a level below the member's line: two levels an object, one an array.
    var level = 0
    var depth = 0
    var isFirst = true
    var name: Range<Int>?
    var values = 0
    while true {
      scanner.skipSpace(bytes)
      let start = scanner.position
      guard start < scanner.end else { return }
      values += 1
      guard values <= Self.longest else {
        return add(10, 0, .present, start..<scanner.end, nil)
      }
      let octet = scanner.peek(bytes)
      if octet == 0x7b || octet == 0x5b {
        guard depth < JSONScanner.depthLimit else { return }
        let isObject = octet == 0x7b
        add(isObject ? 0 : 1, level, .present, start..<start &+ 1, isObject ? "Object" : "Array")
        if let name { addKey(bytes, name, level, add) }
        scanner.position &+= 1
        kinds = kinds &<< 1 | (isObject ? 1 : 0)
        depth += 1
        level += 1
        isFirst = true
      } else {
        guard scanner.skipValue(bytes) else { return }
        addScalar(bytes, start..<scanner.position, name, level, add)
      }
      // On to the next value, out of as many containers as end here.
      name = nil
      while true {
        guard depth > 0 else { return }
        let isObject = kinds & 1 == 1
        if !isFirst, isObject { level -= 1 }
        if isObject {
          if let next = scanner.nextMember(bytes, &isFirst) {
            let text = JSONText.decode(bytes, next)
            add(2, level, .string(text), next.lowerBound &- 1..<scanner.position, "Member: \(text)")
            level += 1
            name = next
            break
          }
        } else if scanner.nextElement(bytes, &isFirst) {
          break
        }
        guard scanner.fault == .none else { return }
        kinds &>>= 1
        depth -= 1
        level -= 1
        isFirst = false
      }
    }
  }

  private func addScalar(
    _ bytes: RawSpan, _ place: Range<Int>, _ name: Range<Int>?, _ level: Int, _ add: Add
  ) {
    let text: String
    switch bytes.unsafeLoad(fromByteOffset: place.lowerBound, as: UInt8.self) {
    case 0x22:
      text = JSONText.decode(bytes, place.lowerBound &+ 1..<place.upperBound &- 1)
      withValue(bytes, name, text, level, add)
      add(3, level, .string(text), place, nil)
    case 0x74:
      withValue(bytes, name, "true", level, add)
      add(5, level, .present, place, "True value")
    case 0x66:
      withValue(bytes, name, "false", level, add)
      add(6, level, .present, place, "False value")
    case 0x6e:
      withValue(bytes, name, "null", level, add)
      add(7, level, .present, place, "Null value")
    default:
      text = String(decoding: [UInt8](bytes.extracting(place)), as: UTF8.self)
      withValue(bytes, name, text, level, add)
      add(4, level, .string(text), place, nil)
    }
    if let name { addKey(bytes, name, level, add) }
  }

  private func withValue(
    _ bytes: RawSpan, _ name: Range<Int>?, _ value: String, _ level: Int, _ add: Add
  ) {
    guard let name else { return }
    add(9, level, .string(JSONText.decode(bytes, name) + ":" + value), nil, nil)
  }

  private func addKey(_ bytes: RawSpan, _ name: Range<Int>, _ level: Int, _ add: Add) {
    add(8, level, .string(JSONText.decode(bytes, name)), name, nil)
  }
}
