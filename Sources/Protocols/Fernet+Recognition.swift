import PacketCore

extension Fernet {
  /// Characters of a token whose IV and HMAC are whole, and whose ciphertext is cut off.
  static let shortestMeant = 64

  /// Whether text was meant as a token, a damaged one too: it begins like one, and is one word.
  /// A damaged token is told of; passing it over would hide the fault.
  static func isMeantAsToken(_ bytes: RawSpan, _ range: Range<Int>) -> Bool {
    let range = range.clamped(to: 0..<bytes.byteCount)
    guard range.count >= shortestMeant, begins(bytes, at: range.lowerBound, range.upperBound) else {
      return false
    }
    for at in range where !isInWord(bytes.unsafeLoad(fromByteOffset: at, as: UInt8.self)) {
      return false
    }
    return true
  }

  /// Whether a token begins here: the first octet of the version 0x80 makes a `g`, and the zeros of
  /// a time before the year 2106 the `A`s. Another version shows in the second character.
  static func begins(_ bytes: RawSpan, at start: Int, _ end: Int) -> Bool {
    guard end &- start >= 6 else { return false }
    func octet(_ offset: Int) -> UInt8 {
      bytes.unsafeLoad(fromByteOffset: start &+ offset, as: UInt8.self)
    }
    return octet(0) == 0x67 && octet(2) == 0x41 && octet(3) == 0x41
      && (octet(1) == 0x41 || octet(4) == 0x41 && octet(5) == 0x41)
  }

  /// A character that could stand in a word of text: no space, control character, quotation mark.
  static func isInWord(_ octet: UInt8) -> Bool {
    octet > 0x20 && octet < 0x7f && octet != 0x22 && octet != 0x5c
  }

  /// Whether a token of so many characters, padding included, ends with its last octet.
  static func isWhole(_ characters: Int, padding: Int) -> Bool {
    guard characters >= 100, characters & 3 == 0 else { return false }
    // Version, time, IV and HMAC are 57 octets, the rest is blocks of 16.
    return (characters / 4 &* 3 &- padding &- 57) & 15 == 0
  }
}
