import PacketCore

/// Whether octets that come piece by piece are UTF-8. RFC 3629 section 4.
///
/// RFC 6455 section 5.6: "a particular text frame might include a partial UTF-8 sequence; however,
/// the whole message MUST contain valid UTF-8".
struct UTF8Check: Sendable, BitwiseCopyable {
  /// False from the first octet on that no text can have there.
  private(set) var isValid = true
  /// Continuation octets that the character begun still needs.
  private var wanted: UInt8 = 0
  /// Bounds of the next of them.
  private var lower: UInt8 = 0x80
  private var upper: UInt8 = 0xbf

  /// Whether no character is cut at the end.
  var isComplete: Bool { isValid && wanted == 0 }

  init() {}

  /// Whether all of a text is UTF-8.
  @inline(__always)
  static func isText(_ bytes: RawSpan, _ range: Range<Int>) -> Bool {
    isASCII(bytes, range) || isWellFormed(bytes, range)
  }

  /// The same of a text that is known to hold more than ASCII.
  @inline(never)
  static func isWellFormed(_ bytes: RawSpan, _ range: Range<Int>) -> Bool {
    var check = UTF8Check()
    check.take(bytes, range)
    return check.isComplete
  }

  @inline(__always)
  static func isASCII(_ bytes: RawSpan, _ range: Range<Int>) -> Bool {
    let range = range.clamped(to: 0..<bytes.byteCount)
    let end = range.upperBound
    var at = range.lowerBound
    var seen: UInt64 = 0
    if end &- at >= 32 {
      var lanes = SIMD4<UInt64>.zero
      while at &+ 32 <= end {
        lanes |= bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: at, as: SIMD4<UInt64>.self)
        at &+= 32
      }
      // The last ones, some of them for the second time.
      lanes |= bytes.unsafeLoadUnaligned(
        fromUncheckedByteOffset: end &- 32, as: SIMD4<UInt64>.self)
      seen = lanes.x | lanes.y | lanes.z | lanes.w
      at = end
    }
    while at < end {
      seen |= UInt64(bytes.unsafeLoad(fromUncheckedByteOffset: at, as: UInt8.self))
      at &+= 1
    }
    return seen & 0x8080_8080_8080_8080 == 0
  }

  /// Goes on with the next piece.
  mutating func take(_ bytes: RawSpan, _ range: Range<Int>) {
    guard isValid else { return }
    if wanted == 0, Self.isASCII(bytes, range) { return }
    for at in range.clamped(to: 0..<bytes.byteCount) {
      take(bytes.unsafeLoad(fromUncheckedByteOffset: at, as: UInt8.self))
      if !isValid { return }
    }
  }

  @inline(__always)
  private mutating func take(_ octet: UInt8) {
    if wanted > 0 {
      guard octet >= lower, octet <= upper else {
        isValid = false
        return
      }
      wanted &-= 1
      (lower, upper) = (0x80, 0xbf)
      return
    }
    // RFC 3629 section 4; the second octet's bounds keep out overlong forms, surrogates and
    // numbers above U+10FFFF.
    switch octet {
    case 0...0x7f: return
    case 0xc2...0xdf: wanted = 1
    case 0xe0: (wanted, lower) = (2, 0xa0)
    case 0xed: (wanted, upper) = (2, 0x9f)
    case 0xe1...0xef: wanted = 2
    case 0xf0: (wanted, lower) = (3, 0x90)
    case 0xf1...0xf3: wanted = 3
    case 0xf4: (wanted, upper) = (3, 0x8f)
    default: isValid = false
    }
  }
}

extension TextBuffer {
  /// A text between quotation marks, all of it on one line: what would break the line, hide or turn
  /// round what follows is written as an escape, what is no UTF-8 as U+FFFD.
  mutating func append(quoted bytes: RawSpan, _ range: Range<Int>) {
    append(byte: 34)
    let range = range.clamped(to: 0..<bytes.byteCount)
    var run = range.lowerBound
    var at = run
    while at < range.upperBound {
      let octet = bytes.unsafeLoad(fromUncheckedByteOffset: at, as: UInt8.self)
      if octet >= 32, octet < 127, octet != 34, octet != 92 {
        at &+= 1
        continue
      }
      append(bytes.extracting(run..<at))
      at &+= appendEscaped(octet, bytes, at..<range.upperBound)
      run = at
    }
    append(bytes.extracting(run..<at))
    append(byte: 34)
  }

  /// One character that does not stand for itself, or may not; returns its octets.
  private mutating func appendEscaped(_ octet: UInt8, _ bytes: RawSpan, _ range: Range<Int>) -> Int
  {
    switch octet {
    case 34: append("\\\"")
    case 92: append("\\\\")
    case 10: append("\\n")
    case 13: append("\\r")
    case 9: append("\\t")
    case 0..<32, 127:
      append("\\u")
      append(hex: UInt64(octet), digits: 4)
    default:
      let length = octet < 0xe0 ? 2 : octet < 0xf0 ? 3 : 4
      let place = range.lowerBound..<min(range.lowerBound &+ length, range.upperBound)
      guard place.count == length, UTF8Check.isText(bytes, place) else {
        append("\u{fffd}")
        return 1
      }
      let scalar = place.reduce(UInt32(0)) {
        $0 &<< 6 | UInt32(bytes.unsafeLoad(fromUncheckedByteOffset: $1, as: UInt8.self) & 0x3f)
      }
      // The first octet's length bits stand above what the character has.
      let character = scalar & (length == 2 ? 0x7ff : length == 3 ? 0xffff : 0x1f_ffff)
      switch character {
      // C1 controls, line and paragraph separators, and what changes the writing direction.
      case 0x80...0x9f, 0x2028...0x202e, 0x2066...0x2069, 0x200e, 0x200f, 0xfeff:
        append("\\u")
        append(hex: UInt64(character), digits: 4)
      default: append(bytes.extracting(place))
      }
      return length
    }
    return 1
  }
}
