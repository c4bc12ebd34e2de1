import Cryptography
import PacketCore

extension Fernet.Verdict {
  /// What stands in braces behind a message.
  var words: StaticString {
    switch self {
    case .ok: "{Fernet ok}"
    case .noKey: "{Fernet no key}"
    case .wrongKey: "{Fernet wrong key}"
    case .badHMAC: "{Fernet bad HMAC}"
    case .badPadding: "{Fernet bad padding}"
    case .expired: "{Fernet expired}"
    case .future: "{Fernet from the future}"
    case .malformed: "{Fernet malformed}"
    case .tooLong: "{Fernet too long}"
    }
  }
}

extension Fernet {
  /// Octets of plaintext that the Info column shows.
  private static let shownPlain = 256

  public func summarize(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns
  ) {
    columns.protocolName = "Fernet"
    columns.info.append("Fernet token ")
    columns.info.append(UInt64(length))
    columns.info.append(" bytes, ")
    if let time {
      columns.info.append(dateOfSeconds: time)
      columns.info.append(", ")
    }
    guard let note = dissection.note(of: Fernet.self, record) else {
      columns.info.append((token == nil ? Verdict.malformed : .noKey).words)
      return
    }
    columns.info.append(note.verdict.words)
    if case .malformed(let rule, let offset) = refusal {
      columns.info.append(" ")
      columns.info.append(rule.text)
      columns.info.append(" at octet ")
      columns.info.append(UInt64(offset))
    }
    Self.appendPlain(note, bytes, dissection, into: &columns)
  }

  private static func appendPlain(
    _ note: Note, _ bytes: RawSpan, _ dissection: borrowing Dissection,
    into columns: inout Columns
  ) {
    guard note.buffer > 0 else { return }
    columns.info.append(" ")
    dissection.withBytes(of: note.buffer, frame: bytes) { plain in
      columns.info.append(quoted: plain, atMost: shownPlain)
    }
  }

  public static var hasRemarks: Bool { true }

  public static func remark(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns
  ) {
    guard let note = dissection.note(of: Fernet.self, record) else { return }
    if note.isShownInFront {
      guard note.verdict != .ok, note.verdict != .noKey else { return }
      columns.info.append(" ")
      return columns.info.append(note.verdict.words)
    }
    columns.info.append(" ")
    columns.info.append(note.verdict.words)
    // What was said is what the line is read for.
    appendPlain(note, bytes, dissection, into: &columns)
  }
}

extension TextBuffer {
  /// Foreign text in quotation marks, what no terminal should act on escaped as in C; what is not
  /// UTF-8 becomes U+FFFD. Cut with an ellipsis after `limit` octets.
  mutating func append(quoted text: RawSpan, atMost limit: Int) {
    append("\"")
    text.withUnsafeBytes { octets in
      var rest = octets[...].makeIterator()
      var decoder = UTF8()
      let start = count
      while true {
        switch decoder.decode(&rest) {
        case .scalarValue(let scalar):
          guard count &- start < limit else { return append("…") }
          append(escaped: scalar)
        case .error: append("\u{FFFD}")
        case .emptyInput: return
        }
      }
    }
    append("\"")
  }

  private mutating func append(escaped scalar: Unicode.Scalar) {
    switch scalar.value {
    case 0x22: append("\\\"")
    case 0x20...0x5b, 0x5d...0x7e: append(byte: UInt8(truncatingIfNeeded: scalar.value))
    case 0...0x7f: appendEscaped(UInt8(truncatingIfNeeded: scalar.value))
    // Control characters, and those that turn the direction of writing around.
    case 0x80...0x9f, 0x200e, 0x200f, 0x2028...0x202e, 0x2066...0x2069, 0xfeff:
      append("\\u{")
      append(hex: UInt64(scalar.value), digits: 4)
      append("}")
    default:
      for octet in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter { append(byte: octet) }
    }
  }

  /// Seconds since 1970 as a date and time of UTC, RFC 3339; the bare number beyond the year 9999.
  mutating func append(dateOfSeconds seconds: UInt64) {
    guard seconds < 253_402_300_800 else {
      append(seconds)
      return append(" s after 1970")
    }
    // Days are counted from 1 March of year 0, so that the leap day ends a year: 400 years have
    // 146 097 days, and months from March on follow 153 days in five.
    let days = seconds / 86_400 + 719_468
    let era = days / 146_097
    let day = days % 146_097
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365
    let dayOfYear = day - (365 * year + year / 4 - year / 100)
    let month = (5 * dayOfYear + 2) / 153
    let civilMonth = month < 10 ? month + 3 : month - 9
    append(year + era * 400 + (civilMonth <= 2 ? 1 : 0), zeroPaddedTo: 4)
    append("-")
    append(civilMonth, zeroPaddedTo: 2)
    append("-")
    append(dayOfYear - (153 * month + 2) / 5 + 1, zeroPaddedTo: 2)
    append("T")
    append(seconds / 3600 % 24, zeroPaddedTo: 2)
    append(":")
    append(seconds / 60 % 60, zeroPaddedTo: 2)
    append(":")
    append(seconds % 60, zeroPaddedTo: 2)
    append("Z")
  }
}
