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
}

extension TextBuffer {
  /// Octets as they stand, but so that a line stays one line and well-formed: control characters,
  /// line separators and ill-formed UTF-8 as escapes.
  mutating func appendLine(_ bytes: RawSpan, _ range: Range<Int>) {
    let end = min(range.upperBound, bytes.byteCount)
    var at = max(range.lowerBound, 0)
    while at < end {
      at = appendClean(bytes, at, end)
      if at < end { at &+= appendSpecial(bytes, at, end) }
    }
  }

  /// Octets as they stand, up to the first that may not be copied to a line, or has to be looked at.
  ///
  /// - Returns: Where that one is; `end` when there is none.
  private mutating func appendClean(_ bytes: RawSpan, _ start: Int, _ end: Int) -> Int {
    guard end >= 16 else {
      var at = start
      while at < end {
        let octet = bytes.unsafeLoad(fromUncheckedByteOffset: at, as: UInt8.self)
        if octet < 0x20 || octet >= 0x7f { break }
        append(byte: octet)
        at &+= 1
      }
      return at
    }
    var at = start
    while at < end {
      let marks = OctetMarks.unclean(bytes, at, end)
      let next = marks == 0 ? at &+ 16 : at &+ marks.trailingZeroBitCount
      guard marks == 0, next < end else {
        at = min(next, end)
        break
      }
      at = next
    }
    append(bytes.extracting(start..<at))
    return at
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
