/// Splits a filter into tokens, one at a time: the parser decides how to go on, since inside
/// brackets `0:4` and `3-5` mean slices and elsewhere octets and differences.
struct FilterLexer {
  let text: [UInt8]
  /// Offset of the next octet.
  var position = 0
  /// Whether a word with hyphens is a field's name; others are differences.
  let isName: (String) -> Bool

  init(_ text: [UInt8], isName: @escaping (String) -> Bool) {
    self.text = text
    self.isName = isName
  }

  func octet(_ distance: Int = 0) -> UInt8 {
    let index = position + distance
    return index >= 0 && index < text.count ? text[index] : 0
  }

  func string(_ range: Range<Int>) -> String { String(decoding: text[range], as: UTF8.self) }

  mutating func skipSpace() {
    while position < text.count, [9, 10, 11, 12, 13, 32].contains(text[position]) { position += 1 }
  }

  /// The next token; `.end` for ever after the last one.
  mutating func next() throws(Fault) -> FilterToken {
    skipSpace()
    let start = position
    guard start < text.count else { return FilterToken(kind: .end, range: start..<start) }
    let kind = try scan()
    return FilterToken(kind: kind, range: start..<position)
  }

  private mutating func take(_ count: Int, _ kind: FilterToken.Kind) -> FilterToken.Kind {
    position += count
    return kind
  }

  private func follows(_ sign: StaticString) -> Bool {
    let count = sign.utf8CodeUnitCount
    guard position + count <= text.count else { return false }
    for index in 0..<count where text[position + index] != sign.utf8Start[index] { return false }
    return true
  }

  /// Longer signs come before their own beginnings.
  private static let signs: [(StaticString, FilterToken.Kind)] = [
    ("===", .comparison(.allEqual)), ("!==", .comparison(.anyNotEqual)),
    ("==", .comparison(.anyEqual)), ("!=", .comparison(.allNotEqual)),
    ("~=", .comparison(.anyNotEqual)), ("<=", .comparison(.lessOrEqual)),
    (">=", .comparison(.greaterOrEqual)), ("&&", .and), ("||", .or), ("^^", .xor),
    ("..", .ellipsis), ("~", .comparison(.matches)), ("<", .comparison(.less)),
    (">", .comparison(.greater)), ("!", .not), ("&", .arithmetic(.bitwiseAnd)),
    ("+", .arithmetic(.add)), ("-", .arithmetic(.subtract)), ("*", .arithmetic(.multiply)),
    ("/", .arithmetic(.divide)), ("%", .arithmetic(.remainder)), ("(", .leftParenthesis),
    (")", .rightParenthesis), ("{", .leftBrace), ("}", .rightBrace), ("[", .leftBracket),
    (",", .comma), ("#", .hash),
  ]

  private mutating func scan() throws(Fault) -> FilterToken.Kind {
    let first = octet()
    if first == 34 { return .string(try quoted(raw: false)) }
    if first == 39 { return .character(try characterConstant()) }
    if first | 0x20 == 0x72, octet(1) == 34 {
      position += 1
      return .string(try quoted(raw: true))
    }
    if isWordStart { return word() }
    for (sign, kind) in Self.signs where follows(sign) {
      return take(sign.utf8CodeUnitCount, kind)
    }
    let start = position
    switch first {
    case 61:
      throw Fault("\"=\" does not compare; write \"==\".", start..<start + 1)
    case 124:
      throw Fault("\"|\" is not an operator; write \"||\" or \"or\".", start..<start + 1)
    case 64:
      throw Fault("\"@\" (raw value) is not supported.", start..<start + 1)
    case 94:
      throw Fault("\"^\" is not an operator; write \"^^\" or \"xor\".", start..<start + 1)
    default:
      var end = start + 1
      while end < text.count, text[end] & 0xc0 == 0x80 { end += 1 }
      throw Fault("\"\(string(start..<end))\" was not expected here.", start..<end)
    }
  }

  private static func isWord(_ octet: UInt8) -> Bool {
    isAlphanumeric(octet) || octet == 95 || octet == 46 || octet == 58
  }

  private static func isAlphanumeric(_ octet: UInt8) -> Bool {
    (48...57).contains(octet) || (97...122).contains(octet | 0x20)
  }

  private var isWordStart: Bool {
    let first = octet()
    if Self.isAlphanumeric(first) || first == 95 { return true }
    // "::1" and ".5", but not the ".." of a range.
    if first == 58 { return octet(1) == 58 || Self.isAlphanumeric(octet(1)) }
    return first == 46 && octet(1) != 46 && Self.isWord(octet(1))
  }

  private mutating func word() -> FilterToken.Kind {
    let start = position
    func run() -> Int {
      var end = position
      while end < text.count, Self.isWord(text[end]) {
        if text[end] == 46, end + 1 < text.count, text[end + 1] == 46 { break }
        end += 1
      }
      return end
    }
    position = run()
    if octet() == 45 {
      if isHexPair(start..<position) {
        takeHexPairs()
      } else if isMantissa(start..<position), (48...57).contains(octet(1)) {
        position += 1
        while (48...57).contains(octet()) { position += 1 }
      } else {
        takeHyphenatedName(from: start)
      }
    } else if octet() == 43, isMantissa(start..<position), (48...57).contains(octet(1)) {
      position += 1
      while (48...57).contains(octet()) { position += 1 }
    } else if octet() == 47, isAddress(start..<position), (48...57).contains(octet(1)) {
      position += 1
      while (48...57).contains(octet()) { position += 1 }
    }
    switch string(start..<position) {
    case "and": return .and
    case "or": return .or
    case "xor": return .xor
    case "not": return .not
    case "any": return .any
    case "all": return .all
    case "in": return .in
    case "bitwise_and": return .arithmetic(.bitwiseAnd)
    case let word: return Comparison.words[word].map { .comparison($0) } ?? .word
    }
  }

  private func isHexPair(_ range: Range<Int>) -> Bool {
    range.count == 2 && range.allSatisfy { hexDigit(text[$0]) != nil }
  }

  /// The rest of `aa-bb-cc`, if that is what it is.
  private mutating func takeHexPairs() {
    var end = position
    while end + 2 < text.count, text[end] == 45, isHexPair(end + 1..<end + 3),
      end + 3 == text.count || !Self.isWord(text[end + 3])
    {
      end += 3
    }
    position = end
  }

  /// `1e` of `1e-5`.
  private func isMantissa(_ range: Range<Int>) -> Bool {
    guard range.count > 1, text[range.upperBound - 1] | 0x20 == 101 else { return false }
    return text[range.dropLast()].allSatisfy { (48...57).contains($0) || $0 == 46 }
  }

  /// Dotted decimal or with colons: what may have a prefix length.
  private func isAddress(_ range: Range<Int>) -> Bool {
    let word = text[range]
    if word.count(where: { $0 == 58 }) > 1 { return true }
    return word.count(where: { $0 == 46 }) == 3
      && word.allSatisfy { (48...57).contains($0) || $0 == 46 }
  }

  private mutating func takeHyphenatedName(from start: Int) {
    var end = position
    while end + 1 < text.count, text[end] == 45, Self.isWord(text[end + 1]) {
      end += 1
      while end < text.count, Self.isWord(text[end]) { end += 1 }
      if isName(string(start..<end)) { position = end }
    }
  }
}

/// The value of a hexadecimal digit.
func hexDigit(_ octet: UInt8) -> UInt8? {
  switch octet {
  case 48...57: octet - 48
  case 65...70: octet - 55
  case 97...102: octet - 87
  default: nil
  }
}
