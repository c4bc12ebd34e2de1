import PacketCore

/// Base64 as polling bodies and text transports carry binary messages. RFC 4648 section 4.
enum EngineIOBase64 {
  @inline(__always)
  private static func value(_ octet: UInt8) -> UInt8? {
    switch octet {
    case 0x41...0x5a: octet &- 0x41
    case 0x61...0x7a: octet &- 0x47
    case 0x30...0x39: octet &+ 4
    case 0x2b: 62
    case 0x2f: 63
    default: nil
    }
  }

  /// Octets without the padding.
  private static func digits(_ bytes: RawSpan, _ range: Range<Int>) -> Range<Int> {
    var end = min(range.upperBound, bytes.byteCount)
    let start = min(range.lowerBound, end)
    for _ in 0..<2
    where end > start && bytes.unsafeLoad(fromByteOffset: end &- 1, as: UInt8.self) == 0x3d {
      end &-= 1
    }
    return start..<end
  }

  /// Octets that the text stands for, if it is sound.
  static func decodedCount(_ bytes: RawSpan, _ range: Range<Int>) -> Int {
    digits(bytes, range).count * 3 / 4
  }

  /// Decodes into `target`, which has room for `decodedCount`.
  ///
  /// - Returns: The offset of the octet that is wrong; nil when none is. What precedes is decoded.
  static func decode(
    _ bytes: RawSpan, _ range: Range<Int>, into target: inout MutableRawSpan
  ) -> Int? {
    let digits = digits(bytes, range)
    var word: UInt32 = 0
    var bits = 0
    var written = 0
    for at in digits {
      guard let value = value(bytes.unsafeLoad(fromByteOffset: at, as: UInt8.self)) else {
        return at
      }
      word = word &<< 6 | UInt32(value)
      bits &+= 6
      if bits >= 8 {
        bits &-= 8
        guard written < target.byteCount else { return at }
        target.storeBytes(
          of: UInt8(truncatingIfNeeded: word &>> UInt32(bits)), toByteOffset: written,
          as: UInt8.self)
        written &+= 1
      }
    }
    // One digit alone is six bits, no octet; padding fills to a multiple of four, or is left out.
    if digits.count % 4 == 1 { return digits.upperBound }
    let padding = range.upperBound &- digits.upperBound
    return padding > 0 && range.count % 4 != 0 ? digits.upperBound : nil
  }

  /// The octets that `text` stands for; nil when it is not base64.
  static func decode(_ text: RawSpan) -> [UInt8]? {
    let range = 0..<text.byteCount
    var octets = [UInt8](repeating: 0, count: decodedCount(text, range))
    var fault: Int?
    do {
      var span = octets.mutableSpan
      var target = span.mutableBytes
      fault = decode(text, range, into: &target)
    }
    return fault == nil ? octets : nil
  }

  /// With padding.
  static func encode(_ octets: some Collection<UInt8>, into text: inout [UInt8]) {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var word: UInt32 = 0
    var bits = 0
    for octet in octets {
      word = word &<< 8 | UInt32(octet)
      bits &+= 8
      while bits >= 6 {
        bits &-= 6
        text.append(alphabet[Int(word &>> UInt32(bits)) & 63])
      }
    }
    if bits > 0 { text.append(alphabet[Int(word &<< UInt32(6 &- bits)) & 63]) }
    if octets.count % 3 > 0 { text += [UInt8](repeating: 0x3d, count: 3 - octets.count % 3) }
  }
}
