import DisplayFilter
import PacketCore

/// `-T fields`: the values of chosen fields, a line a packet, in tshark's text.
public final class FieldsPrinter: PacketPrinter {
  /// What is printed around and between values: tshark's `-E`.
  public struct Options: Sendable, Equatable {
    /// Which of several values are printed.
    public enum Occurrence: String, Sendable { case first = "f", last = "l", all = "a" }

    public var hasHeader = false
    public var hasByteOrderMark = false
    /// Between fields.
    public var separator = "\t"
    /// Between the values of one field.
    public var aggregator = ","
    public var occurrence = Occurrence.all
    /// Around each field; empty for none.
    public var quote = ""

    public init() {}

    /// - Parameter settings: `name=value`, in tshark's words.
    /// - Throws: `OptionError` when one is not understood.
    public init(_ settings: [String]) throws(OptionError) {
      for setting in settings {
        guard let equals = setting.firstIndex(of: "=") else {
          throw OptionError("-E wants NAME=VALUE, not '\(setting)'")
        }
        let value = String(setting[setting.index(after: equals)...])
        switch setting[..<equals] {
        case "header": hasHeader = try Self.switched(setting, value)
        case "bom": hasByteOrderMark = try Self.switched(setting, value)
        case "separator": separator = try Self.character(setting, value)
        case "aggregator": aggregator = try Self.character(setting, value)
        case "occurrence":
          guard let found = Occurrence(rawValue: value) else {
            throw OptionError("-E occurrence is f (first), l (last) or a (all), not '\(value)'")
          }
          occurrence = found
        case "quote":
          let quotes = ["d": "\"", "s": "'", "n": ""]
          guard let found = quotes[value] else {
            throw OptionError("-E quote is d (double), s (single) or n (none), not '\(value)'")
          }
          quote = found
        default:
          throw OptionError(
            "-E knows header, separator, occurrence, aggregator, quote and bom, not '\(setting)'")
        }
      }
    }

    private static func switched(_ setting: String, _ value: String) throws(OptionError) -> Bool {
      switch value {
      case "y", "Y": return true
      case "n", "N": return false
      default: throw OptionError("-E wants y or n: '\(setting)'")
      }
    }

    private static func character(
      _ setting: String, _ value: String
    ) throws(OptionError) -> String {
      switch value {
      case "/t": return "\t"
      case "/s": return " "
      case _ where value.utf8.count == 1: return value
      default: throw OptionError("-E wants one character, /t or /s: '\(setting)'")
      }
    }
  }

  /// A field or an option that is not understood: one sentence, and what to do next.
  public struct OptionError: Error, Equatable, Sendable {
    public let message: String
    public let remedy: String
    init(_ message: String, remedy: String = "") {
      self.message = message
      self.remedy = remedy
    }
  }

  private let choice: FieldChoice
  private let options: Options
  private let isMessage: Bool
  private var summary = Columns()
  private var items: [FieldItem] = []

  /// - Parameters:
  ///   - choice: The fields.
  ///   - messages: Whether what is printed is one message each, and not a packet.
  public init(_ choice: FieldChoice, options: Options, messages: Bool = false) {
    self.choice = choice
    self.options = options
    isMessage = messages
  }

  public func begin(into text: inout TextBuffer) {
    if options.hasByteOrderMark { text.append("\u{FEFF}") }
    guard options.hasHeader else { return }
    text.append(choice.names.joined(separator: options.separator))
    text.append("\n")
  }

  public func print(
    _ dissection: borrowing Dissection, _ frame: RawSpan, into text: inout TextBuffer
  ) {
    var isFilled = false
    for (position, column) in choice.sources.enumerated() {
      if position > 0 { text.append(options.separator) }
      switch column {
      case .field(let reader): appendValues(of: reader, dissection, frame, to: &text)
      case .summary(let column):
        if !isFilled { summary.fill(dissection, frame, remarks: false) }
        isFilled = true
        text.append(options.quote)
        text.append(column, of: dissection, summary, isMessage: isMessage)
        text.append(options.quote)
      }
    }
    text.append("\n")
  }

  private func appendValues(
    of reader: FieldReader, _ dissection: borrowing Dissection, _ frame: RawSpan,
    to text: inout TextBuffer
  ) {
    items.removeAll(keepingCapacity: true)
    reader.read(dissection, in: frame, into: &items)
    guard !items.isEmpty else { return }
    let chosen: ArraySlice<FieldItem> =
      switch options.occurrence {
      case .first: items.prefix(1)
      case .last: items.suffix(1)
      case .all: items[...]
      }
    text.append(options.quote)
    for (position, item) in chosen.enumerated() {
      if position > 0 { text.append(options.aggregator) }
      dissection.withBytes(of: item.buffer, frame: frame) { bytes in
        Self.append(item, dissection, bytes, to: &text)
      }
    }
    text.append(options.quote)
  }

  /// The layer that an item stands for: a protocol's value is its line in the tree.
  static func layer(_ item: FieldItem, _ dissection: borrowing Dissection) -> LayerRecord? {
    guard item.field.type == .octets || item.field.type == .label else { return nil }
    for record in dissection.layers
    where record.buffer == item.buffer && record.range == item.place
      && record.type.description.name == item.field.name
    {
      return record
    }
    return nil
  }

  /// A value as tshark's `-T fields` writes it.
  static func append(
    _ item: FieldItem, _ dissection: borrowing Dissection, _ bytes: RawSpan,
    to text: inout TextBuffer
  ) {
    if let record = layer(item, dissection) {
      record.type.writeHeading(bytes, record, in: dissection, into: &text)
    } else if item.value == .present {
      text.append("1")
    } else if case .string(let string) = item.value {
      append(string, to: &text)
    } else {
      FieldText.appendBare(item, in: bytes, to: &text)
    }
  }
}

extension FieldsPrinter {
  /// Text on one line: line ends and the like are spelled as C spells them.
  private static func append(_ string: String, to text: inout TextBuffer) {
    guard string.utf8.contains(where: { $0 < 0x20 }) else { return text.append(string) }
    for octet in string.utf8 {
      switch octet {
      case 7: text.append("\\a")
      case 8: text.append("\\b")
      case 9: text.append("\\t")
      case 10: text.append("\\n")
      case 11: text.append("\\v")
      case 12: text.append("\\f")
      case 13: text.append("\\r")
      default: text.append(byte: octet)
      }
    }
  }
}
