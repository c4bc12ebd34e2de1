/// Escapes and bracket expressions.
extension PatternParser {
  /// The cursor is on the backslash.
  mutating func escaped() throws(Fault) -> PatternSyntax {
    let start = position
    guard position + 1 < text.count else { throw fault("\\ at end of pattern") }
    let letter = text[position + 1]
    switch letter {
    case 98: return assertion(.wordBoundary)
    case 66: return assertion(.notWordBoundary)
    case 65: return assertion(.textStart)
    case 90: return assertion(.finalEnd)
    case 122: return assertion(.textEnd)
    case 49...55 where isThreeOctalDigits(after: start):
      position += 1
      return literal(octal(first: 0, digits: 3))
    case 49...57, 103, 107:
      throw fault(
        "a back-reference is not supported: it cannot be matched in bounded time", at: start)
    case 82, 88, 112, 80, 67, 71, 75:
      throw fault("\\\(Character(Unicode.Scalar(letter))) is not supported", at: start)
    default: break
    }
    if let set = try escapedSet() { return .octet(set) }
    return literal(try escapedOctet())
  }

  /// `\101` is an octet where `\10` would be a reference.
  private func isThreeOctalDigits(after start: Int) -> Bool {
    start + 3 < text.count && text[start + 1...start + 3].allSatisfy { (48...55).contains($0) }
  }

  private mutating func assertion(_ kind: PatternAssertion) -> PatternSyntax {
    position += 2
    return .assertion(kind)
  }

  /// `\d` and its kin; nil with the cursor unmoved for anything else.
  private mutating func escapedSet() throws(Fault) -> ByteSet? {
    guard position + 1 < text.count else { return nil }
    let set: ByteSet
    switch text[position + 1] {
    case 100: set = .digits
    case 68: set = ByteSet.digits.inverted
    case 119: set = .word
    case 87: set = ByteSet.word.inverted
    case 115: set = .space
    case 83: set = ByteSet.space.inverted
    case 104: set = ByteSet([9, 32, 0xa0])
    case 72: set = ByteSet([9, 32, 0xa0]).inverted
    case 118: set = ByteSet([10, 11, 12, 13, 0x85])
    case 86: set = ByteSet([10, 11, 12, 13, 0x85]).inverted
    case 78: set = ByteSet.newline.inverted
    default: return nil
    }
    position += 2
    return set
  }

  /// One octet behind a backslash, on which the cursor is.
  private mutating func escapedOctet() throws(Fault) -> UInt8 {
    let start = position
    position += 1
    guard let letter = octet else { throw fault("\\ at end of pattern", at: start) }
    position += 1
    switch letter {
    case 97: return 7
    case 101: return 27
    case 102: return 12
    case 110: return 10
    case 114: return 13
    case 116: return 9
    case 48: return octal(first: 0, digits: 2)
    case 99:
      guard let control = octet, (32..<127).contains(control) else {
        throw fault("\\c must be followed by a printable ASCII character", at: start)
      }
      position += 1
      return ((97...122).contains(control) ? control - 32 : control) ^ 64
    case 120: return try hexadecimal(from: start)
    default:
      if ByteSet.word.contains(letter), letter != 95 {
        throw fault("unrecognized character follows \\", at: start)
      }
      return letter
    }
  }

  private mutating func octal(first: UInt8, digits: Int) -> UInt8 {
    var value = first
    var left = digits
    while left > 0, let next = octet, (48...55).contains(next) {
      value = value &* 8 &+ (next - 48)
      position += 1
      left -= 1
    }
    return value
  }

  private mutating func hexadecimal(from start: Int) throws(Fault) -> UInt8 {
    let braced = octet == 123
    if braced { position += 1 }
    var value = 0
    var digits = 0
    while let next = octet, let digit = hexDigit(next), braced || digits < 2 {
      value = min(value * 16 + Int(digit), 256)
      digits += 1
      position += 1
    }
    if braced {
      guard octet == 125, digits > 0 else {
        throw fault("non-hex character in \\x{} (closing brace missing?)")
      }
      position += 1
    }
    guard value <= 255 else {
      throw fault("character code point value in \\x{} or \\o{} is too large", at: start)
    }
    return UInt8(value)
  }

  private static let posix: [(StaticString, ByteSet)] = [
    ("alpha:]", .letters), ("digit:]", .digits), ("alnum:]", ByteSet.letters.union(.digits)),
    ("upper:]", .upper), ("lower:]", .lower), ("space:]", .space), ("word:]", .word),
    ("xdigit:]", ByteSet.digits.union(ByteSet(65...70)).union(ByteSet(97...102))),
    ("blank:]", ByteSet([9, 32])), ("cntrl:]", ByteSet(0...31).union(ByteSet([127]))),
    ("print:]", ByteSet(32...126)), ("graph:]", ByteSet(33...126)), ("ascii:]", ByteSet(0...127)),
    (
      "punct:]",
      ByteSet(33...47).union(ByteSet(58...64)).union(ByteSet(91...96))
        .union(ByteSet(123...126))
    ),
  ]

  /// `[…]`, the cursor on the bracket.
  mutating func bracket() throws(Fault) -> ByteSet {
    let start = position
    position += 1
    let isInverted = skip("^")
    var set = ByteSet()
    var isFirst = true
    while true {
      guard let next = octet else {
        throw fault("missing terminating ] for character class", at: start)
      }
      if next == 93, !isFirst {
        position += 1
        break
      }
      isFirst = false
      if let whole = try classMember() {
        set = set.union(whole)
        continue
      }
      let lower = try classOctet()
      guard octet == 45, position + 1 < text.count, text[position + 1] != 93 else {
        set.insert(lower)
        continue
      }
      position += 1
      if let whole = try classMember() {
        // Not a range: `[a-\d]` is a, a hyphen and the digits.
        set.insert(lower)
        set.insert(45)
        set = set.union(whole)
        continue
      }
      let upper = try classOctet()
      guard lower <= upper else { throw fault("range out of order in character class") }
      set = set.union(ByteSet(lower...upper))
    }
    if options.caseless { set = set.caseless }
    return isInverted ? set.inverted : set
  }

  /// A set inside brackets; nil with the cursor unmoved for a single octet.
  private mutating func classMember() throws(Fault) -> ByteSet? {
    if octet == 92 { return try escapedSet() }
    let start = position
    guard skip("[:") else { return nil }
    let isInverted = skip("^")
    for (name, set) in Self.posix where skip(name) { return isInverted ? set.inverted : set }
    // Without its end it is two octets; with it, a name that nobody knows.
    var ahead = position
    while ahead < text.count, ByteSet.lower.contains(text[ahead]) { ahead += 1 }
    guard ahead + 1 < text.count, text[ahead] == 58, text[ahead + 1] == 93 else {
      position = start
      return nil
    }
    throw fault("unknown POSIX class name", at: start)
  }

  private mutating func classOctet() throws(Fault) -> UInt8 {
    guard let next = octet else { throw fault("missing terminating ] for character class") }
    guard next == 92 else {
      position += 1
      return next
    }
    if position + 1 < text.count {
      if text[position + 1] == 98 {  // In brackets \b is a backspace.
        position += 2
        return 8
      }
      if (49...55).contains(text[position + 1]) {
        position += 1
        return octal(first: 0, digits: 3)
      }
    }
    return try escapedOctet()
  }
}
