import PacketCore

/// What makes a text no JSON text.
public enum JSONFault: UInt8, Error, BitwiseCopyable, Sendable, CaseIterable {
  case none
  case unexpectedEnd, unexpectedOctet, badNumber, badLiteral, badEscape, controlCharacter
  case badUTF8, tooDeep, trailing, notAnObject, notAnArray, notAString, tooMany

  /// What is said about it.
  public var words: String {
    switch self {
    case .none: "valid"
    case .unexpectedEnd: "ends too early"
    case .unexpectedOctet: "unexpected character"
    case .badNumber: "malformed number"
    case .badLiteral: "neither true, false nor null"
    case .badEscape: "malformed escape"
    case .controlCharacter: "control character in a string"
    case .badUTF8: "not UTF-8"
    case .tooDeep: "nested deeper than \(JSONScanner.depthLimit)"
    case .trailing: "something behind the value"
    case .notAnObject: "not an object"
    case .notAnArray: "not an array"
    case .notAString: "not a string"
    case .tooMany: "too many values"
    }
  }
}

/// A validating reader of JSON text. RFC 8259.
///
/// It holds positions only: the octets come along with each call, nothing is copied or allocated,
/// and nesting costs a bit and not a call. Strings, most of any text, are read by eight octets.
public struct JSONScanner: BitwiseCopyable, Sendable {
  /// Arrays and objects inside one another that are followed. RFC 8259 section 9: "An
  /// implementation may set limits on the maximum depth of nesting."
  public static let depthLimit = 128

  /// Offset of the next octet in the span.
  public var position: Int
  /// End of the text.
  public let end: Int
  /// What is wrong, and stands at `position`.
  public private(set) var fault = JSONFault.none
  /// A string was read that begins as a Fernet token does, and is long enough for one.
  public private(set) var hasToken = false

  /// A reader of `range`, which lies inside every span that comes along.
  @inline(__always)
  public init(_ range: Range<Int>) {
    position = range.lowerBound
    end = range.upperBound
  }

  @inline(__always)
  static func octet(_ bytes: RawSpan, _ at: Int) -> UInt8 {
    bytes.unsafeLoad(fromUncheckedByteOffset: at, as: UInt8.self)
  }

  /// Marks the text as wrong at `at`.
  @inline(__always)
  public mutating func fail(_ fault: JSONFault, at: Int) {
    self.fault = fault
    position = at
  }

  /// The next octet; 0 at the end.
  @inline(__always)
  public func peek(_ bytes: RawSpan) -> UInt8 {
    position < end ? Self.octet(bytes, position) : 0
  }

  /// Moves over insignificant whitespace. RFC 8259 section 2.
  @inline(__always)
  public mutating func skipSpace(_ bytes: RawSpan) {
    while position < end {
      let octet = Self.octet(bytes, position)
      guard octet <= 0x20, octet == 0x20 || octet == 0x0a || octet == 0x0d || octet == 0x09 else {
        return
      }
      position &+= 1
    }
  }

  /// Moves over one value and the whitespace before it.
  ///
  /// - Returns: False when it is not valid; `fault` and `position` say why and where.
  public mutating func skipValue(_ bytes: RawSpan) -> Bool {
    // One bit for each open bracket, the innermost lowest: 1 for an object.
    var kinds: UInt128 = 0
    var depth = 0
    while true {
      // A value begins.
      skipSpace(bytes)
      guard position < end else {
        fail(.unexpectedEnd, at: position)
        return false
      }
      switch Self.octet(bytes, position) {
      case 0x22:
        guard skipString(bytes) else { return false }
      case 0x7b:
        guard open(bytes, &kinds, &depth, isObject: true) else { return false }
        if peek(bytes) != 0x7d {
          guard skipKey(bytes) else { return false }
          continue
        }
      case 0x5b:
        guard open(bytes, &kinds, &depth, isObject: false) else { return false }
        if peek(bytes) != 0x5d { continue }
      default:
        guard skipScalar(bytes) else { return false }
      }
      // A value has ended, or its closing bracket is next.
      while true {
        if depth == 0 { return true }
        skipSpace(bytes)
        guard position < end else {
          fail(.unexpectedEnd, at: position)
          return false
        }
        let octet = Self.octet(bytes, position)
        let isObject = kinds & 1 == 1
        if octet == 0x2c {
          position &+= 1
          if isObject, !skipKey(bytes) { return false }
          break
        }
        guard octet == (isObject ? 0x7d : 0x5d) else {
          fail(.unexpectedOctet, at: position)
          return false
        }
        position &+= 1
        kinds &>>= 1
        depth &-= 1
      }
    }
  }

  @inline(__always)
  private mutating func open(
    _ bytes: RawSpan, _ kinds: inout UInt128, _ depth: inout Int, isObject: Bool
  ) -> Bool {
    guard depth < Self.depthLimit else {
      fail(.tooDeep, at: position)
      return false
    }
    kinds = kinds &<< 1 | (isObject ? 1 : 0)
    depth &+= 1
    position &+= 1
    skipSpace(bytes)
    return true
  }

  /// Moves over a member's name and the colon.
  @inline(__always)
  private mutating func skipKey(_ bytes: RawSpan) -> Bool { key(bytes) != nil }

  /// The octets between the quotes of a member's name; the reader stands behind the colon then.
  @inline(__always)
  mutating func key(_ bytes: RawSpan) -> Range<Int>? {
    skipSpace(bytes)
    guard peek(bytes) == 0x22 else {
      fail(position < end ? .unexpectedOctet : .unexpectedEnd, at: position)
      return nil
    }
    let start = position &+ 1
    guard skipString(bytes) else { return nil }
    let name = start..<position &- 1
    skipSpace(bytes)
    guard peek(bytes) == 0x3a else {
      fail(position < end ? .unexpectedOctet : .unexpectedEnd, at: position)
      return nil
    }
    position &+= 1
    return name
  }

  /// Moves over the string whose opening quote is next.
  @inline(__always)
  public mutating func skipString(_ bytes: RawSpan) -> Bool {
    let start = position &+ 1
    var at = start
    while true {
      at = Self.plainEnd(bytes, from: at, to: end)
      guard at < end else {
        fail(.unexpectedEnd, at: end)
        return false
      }
      let octet = Self.octet(bytes, at)
      if octet == 0x22 {
        position = at &+ 1
        if at &- start >= FernetCandidates.shortest, Fernet.begins(bytes, at: start, at) {
          hasToken = true
        }
        return true
      }
      let next = special(bytes, octet, at)
      guard next > 0 else { return false }
      at = next
    }
  }

  /// The end of the character or escape at `at`; 0 when there is a fault.
  @inline(never)
  private mutating func special(_ bytes: RawSpan, _ octet: UInt8, _ at: Int) -> Int {
    if octet == 0x5c {
      guard at &+ 1 < end else {
        fail(.unexpectedEnd, at: end)
        return 0
      }
      switch Self.octet(bytes, at &+ 1) {
      case 0x22, 0x5c, 0x2f, 0x62, 0x66, 0x6e, 0x72, 0x74: return at &+ 2
      case 0x75:
        for place in at &+ 2..<at &+ 6 {
          guard place < end else {
            fail(.unexpectedEnd, at: end)
            return 0
          }
          guard JSONText.hexValue(Self.octet(bytes, place)) != nil else {
            fail(.badEscape, at: place)
            return 0
          }
        }
        return at &+ 6
      default:
        fail(.badEscape, at: at &+ 1)
        return 0
      }
    }
    guard octet >= 0x80 else {
      // RFC 8259 section 7: control characters MUST be escaped.
      fail(.controlCharacter, at: at)
      return 0
    }
    let length = UTF8Text.sequenceLength(bytes, at: at, to: end)
    guard length > 0 else {
      // RFC 8259 section 8.1: JSON text exchanged between systems MUST be UTF-8.
      fail(.badUTF8, at: at)
      return 0
    }
    return at &+ length
  }

  /// The first octet from `start` on that a string cannot simply hold: a quote, a backslash, a
  /// control character or the beginning of a character of several octets; `end` when there is none.
  @inline(__always)
  static func plainEnd(_ bytes: RawSpan, from start: Int, to end: Int) -> Int {
    var at = start
    while at &+ 8 <= end {
      let word = bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: at, as: UInt64.self)
      let marks = stops(UInt64(littleEndian: word))
      if marks != 0 { return at &+ marks.trailingZeroBitCount &>> 3 }
      at &+= 8
    }
    if end >= 8, at < end {
      // The last eight octets again, moved so that the first of them is the one at `at`.
      let word = bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: end &- 8, as: UInt64.self)
      let marks = stops(UInt64(littleEndian: word) &>> UInt64(8 &* (at &- (end &- 8))))
      return min(at &+ marks.trailingZeroBitCount &>> 3, end)
    }
    while at < end {
      let octet = Self.octet(bytes, at)
      if octet < 0x20 || octet >= 0x80 || octet == 0x22 || octet == 0x5c { return at }
      at &+= 1
    }
    return end
  }

  /// The highest bit of each octet that stops a string; exact for the lowest that is set.
  @inline(__always)
  private static func stops(_ word: UInt64) -> UInt64 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let quote = word ^ 0x2222_2222_2222_2222
    let backslash = word ^ 0x5c5c_5c5c_5c5c_5c5c
    let zeros = (quote &- ones) & ~quote | (backslash &- ones) & ~backslash
    let control = (word &- 0x2020_2020_2020_2020) & ~word
    return (zeros | control | word) & 0x8080_8080_8080_8080
  }

  /// Moves over a number or one of the three names.
  private mutating func skipScalar(_ bytes: RawSpan) -> Bool {
    switch Self.octet(bytes, position) {
    case 0x74: return skipName(bytes, "true")
    case 0x66: return skipName(bytes, "false")
    case 0x6e: return skipName(bytes, "null")
    case 0x2d, 0x30...0x39: return skipNumber(bytes)
    default:
      fail(.unexpectedOctet, at: position)
      return false
    }
  }

  private mutating func skipName(_ bytes: RawSpan, _ name: StaticString) -> Bool {
    let count = name.utf8CodeUnitCount
    for offset in 0..<count {
      guard position &+ offset < end else {
        fail(.unexpectedEnd, at: end)
        return false
      }
      guard Self.octet(bytes, position &+ offset) == name.utf8Start[offset] else {
        fail(.badLiteral, at: position &+ offset)
        return false
      }
    }
    position &+= count
    return true
  }

  /// RFC 8259 section 6: `[ minus ] int [ frac ] [ exp ]`, no leading zeros.
  private mutating func skipNumber(_ bytes: RawSpan) -> Bool {
    var at = position
    if Self.octet(bytes, at) == 0x2d { at &+= 1 }
    let start = at
    while at < end, Self.octet(bytes, at) &- 0x30 < 10 { at &+= 1 }
    guard at > start else { return failNumber(at) }
    if at &- start > 1, Self.octet(bytes, start) == 0x30 { return failNumber(start) }
    if at < end, Self.octet(bytes, at) == 0x2e {
      at &+= 1
      let fraction = at
      while at < end, Self.octet(bytes, at) &- 0x30 < 10 { at &+= 1 }
      guard at > fraction else { return failNumber(at) }
    }
    if at < end, Self.octet(bytes, at) | 0x20 == 0x65 {
      at &+= 1
      if at < end, Self.octet(bytes, at) == 0x2b || Self.octet(bytes, at) == 0x2d { at &+= 1 }
      let exponent = at
      while at < end, Self.octet(bytes, at) &- 0x30 < 10 { at &+= 1 }
      guard at > exponent else { return failNumber(at) }
    }
    position = at
    return true
  }

  private mutating func failNumber(_ at: Int) -> Bool {
    fail(at < end ? .badNumber : .unexpectedEnd, at: at)
    return false
  }
}
