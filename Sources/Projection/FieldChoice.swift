import DisplayFilter
import PacketCore

/// The fields that `-e` names: how to read each of them from packet after packet.
public struct FieldChoice: Sendable {
  /// Where the values of a name come from.
  enum Source: Sendable {
    case field(FieldReader)
    case summary(SummaryColumn)
  }

  let names: [String]
  let sources: [Source]

  /// - Parameters:
  ///   - names: Fields, protocols, findings, and columns (`_ws.col.info`).
  ///   - index: Where fields are looked up.
  /// - Throws: `OptionError` for a name that nothing has, with the nearest ones.
  public init(_ names: [String], index: FieldIndex) throws(FieldsPrinter.OptionError) {
    self.names = names
    var sources: [Source] = []
    for name in names {
      if let column = SummaryColumn(fieldName: name) {
        sources.append(.summary(column))
      } else if let reader = index.reader(name) {
        sources.append(.field(reader))
      } else {
        let near = index.nearest(to: name)
        throw FieldsPrinter.OptionError(
          "-e names no field: \(name)",
          remedy: near.isEmpty
            ? "`netlab fields` lists all of them"
            : "do you mean " + near.joined(separator: ", ") + "?")
      }
    }
    self.sources = sources
  }
}

/// One column of the summary line, as a field.
enum SummaryColumn: String {
  case number = "_ws.col.no."
  case time = "_ws.col.time"
  case source = "_ws.col.source"
  case destination = "_ws.col.destination"
  case `protocol` = "_ws.col.protocol"
  case length = "_ws.col.length"
  case info = "_ws.col.info"

  /// - Parameter fieldName: Case does not count: `_ws.col.Info` and `_ws.col.info` are both in use.
  init?(fieldName: String) {
    switch fieldName.lowercased() {
    case "_ws.col.number": self = .number
    case "_ws.col.def_src": self = .source
    case "_ws.col.def_dst": self = .destination
    default: self.init(rawValue: fieldName.lowercased())
    }
  }
}

extension TextBuffer {
  /// A column's text, without its padding.
  ///
  /// - Parameter isMessage: The dissection is that of one message: its number is N.k, and its length
  ///   counts the octets of the stream.
  mutating func append(
    _ column: SummaryColumn, of dissection: borrowing Dissection, _ columns: borrowing Columns,
    isMessage: Bool
  ) {
    switch column {
    case .number:
      append(UInt64(dissection.frame.number))
      if isMessage, let message = dissection.messages.first {
        append(".")
        append(UInt64(message.number))
      }
    case .time: append(time: dissection, as: .relative)
    case .source: append(dissection.endpoints.source)
    case .destination: append(dissection.endpoints.destination)
    case .protocol: append(columns.protocolName)
    case .length:
      if isMessage, let message = dissection.messages.first {
        append(UInt64(message.octets))
      } else {
        append(UInt64(dissection.frame.originalLength))
      }
    case .info: append(columns.info)
    }
  }
}

/// The values of chosen fields in `-T jsonl`: `"fields":{"ip.ttl":[64],"tcp.payload_b64":["AAE="]}`.
/// Always an array, as any field may stand in a packet twice; a field that is not there has no
/// member. Numbers are numbers, booleans are booleans, octets are Base64 under a name that ends in
/// `_b64`, durations are seconds, and the verdict on a checksum is its word.
struct JSONFields: ~Copyable {
  private let choice: FieldChoice
  private let isMessage: Bool
  private var items: [FieldItem] = []
  private var summary = Columns()

  init(_ choice: FieldChoice, isMessage: Bool) {
    self.choice = choice
    self.isMessage = isMessage
  }

  mutating func append(
    _ dissection: borrowing Dissection, _ frame: RawSpan, to text: inout TextBuffer
  ) {
    text.append(",\"fields\":{")
    var isFirst = true
    var isFilled = false
    for (position, source) in choice.sources.enumerated() {
      // No key stands twice in one object.
      let name = choice.names[position]
      if choice.names[..<position].contains(name) { continue }
      switch source {
      case .summary(let column):
        if !isFilled { summary.fill(dissection, frame, remarks: false) }
        isFilled = true
        Self.key(name, &isFirst, &text)
        let start = text.count
        text.append(column, of: dissection, summary, isMessage: isMessage)
        text.quoteJSON(from: start)
        text.append("]")
      case .field(let reader):
        items.removeAll(keepingCapacity: true)
        reader.read(dissection, in: frame, into: &items)
        guard let first = items.first else { continue }
        Self.key(Self.isOctets(first, dissection) ? name + "_b64" : name, &isFirst, &text)
        for (number, item) in items.enumerated() {
          if number > 0 { text.append(",") }
          dissection.withBytes(of: item.buffer, frame: frame) { bytes in
            Self.append(item, dissection, bytes, to: &text)
          }
        }
        text.append("]")
      }
    }
    text.append("}")
  }

  private static func key(_ name: String, _ isFirst: inout Bool, _ text: inout TextBuffer) {
    if !isFirst { text.append(",") }
    isFirst = false
    text.append(json: name)
    text.append(":[")
  }

  /// Whether the value is octets; that of a protocol is its line in the tree.
  private static func isOctets(_ item: FieldItem, _ dissection: borrowing Dissection) -> Bool {
    item.field.type == .octets && FieldsPrinter.layer(item, dissection) == nil
  }

  private static func append(
    _ item: FieldItem, _ dissection: borrowing Dissection, _ bytes: RawSpan,
    to text: inout TextBuffer
  ) {
    switch item.value {
    case .present where item.line == nil: text.append("true")
    case .boolean(let isSet): text.append(isSet ? "true" : "false")
    case .unsigned(let number):
      if item.field.name.hasSuffix(".checksum.status"), let word = item.field.label?(number) {
        // "Offloaded (not computed yet)": the first word is the verdict.
        text.append(json: word.lowercased().prefix { $0 != " " }.description)
      } else {
        text.append(number)
      }
    case .signed(let number): text.append(number)
    case .duration(let nanoseconds): text.append(seconds: nanoseconds)
    case .floating(let number) where number.isFinite:
      FieldText.appendBare(item, in: bytes, to: &text)
    case .string(let string): text.append(json: string)
    case .time(let time):
      text.append("\"")
      text.append(rfc3339: time)
      text.append("\"")
    case .octets(let octets) where isOctets(item, dissection):
      text.append("\"")
      text.append(base64: octets.span.bytes)
      text.append("\"")
    case .octetsInPlace where isOctets(item, dissection):
      let place = (item.place ?? 0..<0).clamped(to: 0..<bytes.byteCount)
      text.append("\"")
      text.append(base64: bytes.extracting(place))
      text.append("\"")
    default:
      let start = text.count
      FieldsPrinter.append(item, dissection, bytes, to: &text)
      text.quoteJSON(from: start)
    }
  }
}
