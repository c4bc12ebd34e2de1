/// Octets written as `%41`. RFC 3986 section 2.1.
public enum PercentEncoding {
  /// The octets that are meant; a percent sign without two digits stands for itself.
  ///
  /// - Parameter plusIsSpace: As in forms, URL Standard section 5.1.
  public static func decode(_ text: some Sequence<UInt8>, plusIsSpace: Bool = false) -> [UInt8] {
    var octets: [UInt8] = []
    var rest = Array(text)[...]
    while let octet = rest.popFirst() {
      if octet == 0x25, rest.count >= 2, let high = digit(rest[rest.startIndex]),
        let low = digit(rest[rest.startIndex + 1])
      {
        octets.append(high << 4 | low)
        rest.removeFirst(2)
      } else {
        octets.append(plusIsSpace && octet == 0x2b ? 0x20 : octet)
      }
    }
    return octets
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
