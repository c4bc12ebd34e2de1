import PacketCore

/// Text that a stranger wrote, checked and made fit for one line.
enum UTF8Text {
  /// Octets of the character of several octets at `at`; 0 when it is not well-formed. RFC 3629
  /// section 4: no overlong form, no surrogate, nothing beyond U+10FFFF.
  static func sequenceLength(_ bytes: RawSpan, at: Int, to end: Int) -> Int {
    func octet(_ distance: Int) -> UInt8 {
      guard at &+ distance < end else { return 0 }
      return bytes.unsafeLoad(fromByteOffset: at &+ distance, as: UInt8.self)
    }
    let first = octet(0)
    let second = octet(1)
    switch first {
    case 0xc2...0xdf: return second & 0xc0 == 0x80 ? 2 : 0
    case 0xe0...0xef:
      let lowest: UInt8 = first == 0xe0 ? 0xa0 : 0x80
      let highest: UInt8 = first == 0xed ? 0x9f : 0xbf
      guard second >= lowest, second <= highest, octet(2) & 0xc0 == 0x80 else { return 0 }
      return 3
    case 0xf0...0xf4:
      let lowest: UInt8 = first == 0xf0 ? 0x90 : 0x80
      let highest: UInt8 = first == 0xf4 ? 0x8f : 0xbf
      guard second >= lowest, second <= highest, octet(2) & 0xc0 == 0x80,
        octet(3) & 0xc0 == 0x80
      else { return 0 }
      return 4
    default: return 0
    }
  }

  /// The first octet from `start` on that may not be copied to a line as it is, or has to be looked
  /// at: a control character, DEL, or an octet beyond ASCII; `end` when there is none.
  @inline(__always)
  fileprivate static func cleanEnd(_ bytes: RawSpan, from start: Int, to end: Int) -> Int {
    var at = start
    while at &+ 8 <= end {
      let octets = bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: at, as: UInt64.self)
      let word = UInt64(littleEndian: octets)
      let delete = word ^ 0x7f7f_7f7f_7f7f_7f7f
      let marks =
        ((word &- 0x2020_2020_2020_2020) & ~word | (delete &- 0x0101_0101_0101_0101) & ~delete
          | word) & 0x8080_8080_8080_8080
      if marks != 0 { return at &+ marks.trailingZeroBitCount &>> 3 }
      at &+= 8
    }
    while at < end {
      let octet = bytes.unsafeLoad(fromUncheckedByteOffset: at, as: UInt8.self)
      if octet < 0x20 || octet >= 0x7f { return at }
      at &+= 1
    }
    return end
  }
}

extension TextBuffer {
  /// Octets as they stand, but so that a line stays one line and well-formed: control characters,
  /// line separators and ill-formed UTF-8 as escapes.
  mutating func appendLine(_ bytes: RawSpan, _ range: Range<Int>) {
    let end = min(range.upperBound, bytes.byteCount)
    var at = max(range.lowerBound, 0)
    while at < end {
      let clean = UTF8Text.cleanEnd(bytes, from: at, to: end)
      if clean > at { append(bytes.extracting(at..<clean)) }
      guard clean < end else { return }
      at = clean &+ appendSpecial(bytes, clean, end)
    }
  }

  /// One character that is not plain ASCII.
  /// - Returns: Its octets.
  @inline(never)
  private mutating func appendSpecial(_ bytes: RawSpan, _ at: Int, _ end: Int) -> Int {
    let octet = bytes.unsafeLoad(fromByteOffset: at, as: UInt8.self)
    switch octet {
    case 9: append("\\t")
    case 10: append("\\n")
    case 13: append("\\r")
    default:
      if octet < 0x80 {
        append("\\x")
        append(hex: UInt64(octet), digits: 2)
        return 1
      }
      let length = UTF8Text.sequenceLength(bytes, at: at, to: end)
      guard length > 0 else {
        append("\\x")
        append(hex: UInt64(octet), digits: 2)
        return 1
      }
      let text = bytes.unsafeLoad(fromByteOffset: at &+ 1, as: UInt8.self)
      if length == 2, octet == 0xc2, text < 0xa0 {
        // C1 control characters, U+0085 NEXT LINE among them.
        append("\\u00")
        append(hex: UInt64(text), digits: 2)
        return 2
      }
      if length == 3 {
        let third = bytes.unsafeLoad(fromByteOffset: at &+ 2, as: UInt8.self)
        let scalar = UInt32(octet & 15) &<< 12 | UInt32(text & 63) &<< 6 | UInt32(third & 63)
        switch scalar {
        // Line and paragraph separators, and what changes the writing direction.
        case 0x2028...0x202e, 0x2066...0x2069, 0x200e, 0x200f, 0xfeff:
          append("\\u")
          append(hex: UInt64(scalar), digits: 4)
          return 3
        default: break
        }
      }
      append(bytes.extracting(at..<at &+ length))
      return length
    }
    return 1
  }
}
