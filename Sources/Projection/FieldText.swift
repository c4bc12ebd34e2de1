import PacketCore

/// The text of a field's value, in the two ways Wireshark writes it: bare, as `-T fields` and JSON
/// have it, and shown, as the tree has it.
public enum FieldText {
  /// What lies between the octets of a byte string.
  public enum OctetSeparator: Sendable {
    case none, colon
  }

  /// The bare value: numbers without their names, booleans as 0 and 1.
  ///
  /// - Parameter bytes: The buffer the item stands in.
  public static func appendBare(
    _ item: FieldItem, in bytes: RawSpan, octets: OctetSeparator = .none,
    to text: inout TextBuffer
  ) {
    let field = item.field
    switch item.value {
    case .present: if let line = item.line { text.append(line) }
    case .unsigned(let number): append(number, of: field, digits: bareDigits(field), to: &text)
    case .signed(let number): text.append(number)
    case .boolean(let isSet): text.append(isSet ? "1" : "0")
    case .ipv4(let address): text.append(address)
    case .ipv6(let address): text.append(address)
    case .mac(let address): text.append(address)
    case .octetsInPlace:
      guard let place = item.place else { return }
      appendHex(bytes, place, octets, to: &text)
    case .octets(let octetArray):
      appendHex(octetArray.span.bytes, 0..<octetArray.count, octets, to: &text)
    case .string(let string): text.append(string)
    case .time(let time):
      if field.type == .epochTime {
        text.append(epoch: time)
      } else {
        text.append(longDate: time)
      }
    case .duration(let nanoseconds): text.append(seconds: nanoseconds)
    case .floating(let number):
      // As `%g` writes it: no decimals where there are none.
      if number == number.rounded(), abs(number) < 1e15 {
        text.append(Int64(number))
      } else {
        text.append("\(number)")
      }
    }
  }

  /// The value as the tree shows it: with its name where it has one.
  public static func appendShown(
    _ item: FieldItem, in bytes: RawSpan, to text: inout TextBuffer
  ) {
    let field = item.field
    switch item.value {
    case .unsigned(let number):
      let digits = max((field.bits + 3) / 4, 1)
      if let name = field.label?(number) {
        text.append(name)
        text.append(" (")
        append(number, of: field, digits: digits, to: &text)
        text.append(")")
      } else {
        append(number, of: field, digits: digits, to: &text)
        if !field.unit.isEmpty {
          text.append(" ")
          text.append(field.unit)
        }
        if field.base == .hexadecimalAndDecimal {
          text.append(" (")
          text.append(number)
          text.append(")")
        }
      }
    case .boolean(let isSet):
      text.append(field.label?(isSet ? 1 : 0) ?? (isSet ? "Set" : "Not set"))
    case .octetsInPlace:
      guard let place = item.place else { return }
      let shown = place.prefix(48)
      appendHex(bytes, shown, .none, to: &text)
      if shown.count < place.count { text.append("…") }
    case .time where field.type == .epochTime, .duration:
      appendBare(item, in: bytes, to: &text)
      text.append(" seconds")
    case .floating:
      appendBare(item, in: bytes, to: &text)
      if !field.unit.isEmpty {
        text.append(" ")
        text.append(field.unit)
      }
    default: appendBare(item, in: bytes, to: &text)
    }
  }

  /// Hexadecimal digits of the bare value: those of the octets that hold it, whatever the mask.
  private static func bareDigits(_ field: FieldInfo) -> Int {
    if let place = field.place { return place.count * 2 }
    return max((field.bits + 7) / 8 * 2, 1)
  }

  private static func append(
    _ number: UInt64, of field: FieldInfo, digits: Int, to text: inout TextBuffer
  ) {
    switch field.base {
    case .decimal: text.append(number)
    case .hexadecimal, .hexadecimalAndDecimal:
      text.append("0x")
      text.append(hex: number, digits: digits)
    }
  }

  private static func appendHex(
    _ bytes: RawSpan, _ place: Range<Int>, _ separator: OctetSeparator, to text: inout TextBuffer
  ) {
    let inside = place.clamped(to: 0..<bytes.byteCount)
    for offset in inside {
      if separator == .colon, offset > inside.lowerBound { text.append(byte: 58) }
      text.append(
        hex: UInt64(bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)), digits: 2)
    }
  }
}
