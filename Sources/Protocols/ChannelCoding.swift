/// The channel coding of the exchange: octets as a row of bits, the most significant of each octet
/// first, and back. What the physical layer of a course calls the line code's input.
public enum ChannelCoding {
  /// Eight bits an octet, true for one.
  public static func bits(of octets: [UInt8]) -> [Bool] {
    var bits: [Bool] = []
    bits.reserveCapacity(octets.count * 8)
    for octet in octets {
      for place in (0..<8).reversed() { bits.append(octet >> UInt8(place) & 1 == 1) }
    }
    return bits
  }

  /// The octets that bits stand for.
  ///
  /// - Returns: Nil when they are not whole octets.
  public static func octets(from bits: [Bool]) -> [UInt8]? {
    guard bits.count.isMultiple(of: 8) else { return nil }
    return stride(from: 0, to: bits.count, by: 8).map { start in
      bits[start..<start + 8].reduce(0) { $0 << 1 | ($1 ? 1 : 0) }
    }
  }

  /// The bits as text of zeros and ones, eight to a group: `01100111 01000001`.
  public static func text(of octets: some Sequence<UInt8>) -> String {
    var text: [UInt8] = []
    for octet in octets {
      if !text.isEmpty { text.append(0x20) }
      for place in (0..<8).reversed() { text.append(0x30 + (octet >> UInt8(place) & 1)) }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
