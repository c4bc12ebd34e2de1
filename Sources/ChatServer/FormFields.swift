/// The fields of a form, `application/x-www-form-urlencoded`. URL Standard section 5.1.
struct FormFields {
  private let pairs: [(name: String, value: String)]

  init(_ body: [UInt8]) {
    pairs = body.split(separator: 0x26, maxSplits: 64).map { pair in
      let parts = pair.split(separator: 0x3d, maxSplits: 1, omittingEmptySubsequences: false)
      return (Self.decode(parts[0]), parts.count > 1 ? Self.decode(parts[1]) : "")
    }
  }

  /// The first value of this name; nil where there is none. A button has a name, but no value.
  subscript(_ name: String) -> String? { pairs.first { $0.name == name }?.value }

  /// `+` is a space, `%` begins two hexadecimal digits; anything else stays. What is not UTF-8
  /// becomes U+FFFD.
  private static func decode(_ text: ArraySlice<UInt8>) -> String {
    var octets: [UInt8] = []
    var at = text.startIndex
    while at < text.endIndex {
      let octet = text[at]
      at += 1
      switch octet {
      case 0x2b: octets.append(0x20)
      case 0x25:
        if at + 1 < text.endIndex, let high = digit(text[at]), let low = digit(text[at + 1]) {
          octets.append(high << 4 | low)
          at += 2
        } else {
          octets.append(octet)
        }
      default: octets.append(octet)
      }
    }
    return String(decoding: octets, as: UTF8.self)
  }

  private static func digit(_ octet: UInt8) -> UInt8? {
    switch octet {
    case 0x30...0x39: octet - 0x30
    case 0x41...0x46: octet - 0x37
    case 0x61...0x66: octet - 0x57
    default: nil
    }
  }
}
