/// Reads a regular expression: the part of PCRE's language that a machine of bounded time and
/// memory can run. Back-references and look-around are not in it.
struct PatternParser {
  private static let depthLimit = 100
  /// The largest count of a repetition, PCRE's.
  private static let countLimit = 65535

  let text: [UInt8]
  var position = 0
  private var depth = 0
  var options = Options()

  struct Options {
    /// Wireshark matches without regard to case unless told (?-i).
    var caseless = true
    var multiline = false
    var dotMatchesNewline = false
  }

  init(_ text: [UInt8]) { self.text = text }

  static func parse(_ text: [UInt8]) throws(Fault) -> PatternSyntax {
    var parser = PatternParser(text)
    let tree = try parser.choice()
    guard parser.position == text.count else { throw parser.fault("unmatched closing parenthesis") }
    return tree
  }

  func fault(_ what: String, at offset: Int? = nil) -> Fault {
    Fault("Regex compilation error: \(what) (at offset \(offset ?? position)).")
  }

  var octet: UInt8? { position < text.count ? text[position] : nil }

  mutating func skip(_ literal: StaticString) -> Bool {
    let count = literal.utf8CodeUnitCount
    guard position + count <= text.count else { return false }
    for index in 0..<count where text[position + index] != literal.utf8Start[index] { return false }
    position += count
    return true
  }

  private mutating func choice() throws(Fault) -> PatternSyntax {
    var alternatives = [try sequence()]
    while octet == 124 {
      position += 1
      alternatives.append(try sequence())
    }
    return alternatives.count == 1 ? alternatives[0] : .choice(alternatives)
  }

  private mutating func sequence() throws(Fault) -> PatternSyntax {
    var parts: [PatternSyntax] = []
    while let next = octet, next != 124, next != 41 {
      if skip("\\Q") {
        parts += quotedLiteral()
        continue
      }
      if skip("\\E") { continue }
      guard let part = try atom() else { continue }
      parts.append(try repeated(part))
    }
    return parts.count == 1 ? parts[0] : parts.isEmpty ? .empty : .sequence(parts)
  }

  private mutating func quotedLiteral() -> [PatternSyntax] {
    var parts: [PatternSyntax] = []
    while let next = octet, !skip("\\E") {
      parts.append(literal(next))
      position += 1
    }
    return parts
  }

  func literal(_ octet: UInt8) -> PatternSyntax {
    let set = ByteSet([octet])
    return .octet(options.caseless ? set.caseless : set)
  }

  /// One atom; nil for what is no part of the text, such as (?i) or a comment.
  private mutating func atom() throws(Fault) -> PatternSyntax? {
    guard let next = octet else { return nil }
    switch next {
    case 40:
      depth += 1
      defer { depth -= 1 }
      guard depth <= Self.depthLimit else { throw fault("parentheses are nested too deeply") }
      return try group()
    case 42, 43, 63: throw fault("quantifier does not follow a repeatable item")
    case 46:
      position += 1
      return .octet(options.dotMatchesNewline ? .all : ByteSet.newline.inverted)
    case 91: return .octet(try bracket())
    case 92: return try escaped()
    case 94:
      position += 1
      return .assertion(options.multiline ? .lineStart : .textStart)
    case 36:
      position += 1
      return .assertion(options.multiline ? .lineEnd : .finalEnd)
    default:
      position += 1
      return literal(next)
    }
  }

  /// The cursor is on the opening parenthesis.
  private mutating func group() throws(Fault) -> PatternSyntax? {
    let start = position
    position += 1
    let outer = options
    if skip("?") {
      if skip("#") {
        while let next = octet, next != 41 { position += next == 41 ? 0 : 1 }
        return try close(nil, outer, from: start)
      }
      for (sign, what) in Self.refused where skip(sign) {
        throw fault("\(what) is not supported: it cannot be matched in bounded time", at: start)
      }
      if skip("P<") || skip("<") || skip("'") {
        while let next = octet, ByteSet.word.contains(next) { position += 1 }
        guard octet == 62 || octet == 39 else { throw fault("syntax error in subpattern name") }
        position += 1
      } else if skip(":") || skip("|") {
        // A group without a number; numbers mean nothing here.
      } else if try !setOptions(from: start) {
        // (?i) holds to the end of the group around it.
        return nil
      }
    } else if octet == 42 {
      throw fault("verbs such as (*…) are not supported", at: start)
    }
    let inner = try choice()
    return try close(inner, outer, from: start)
  }

  private static let refused: [(StaticString, String)] = [
    ("=", "look-ahead"), ("!", "look-ahead"), ("<=", "look-behind"), ("<!", "look-behind"),
    (">", "an atomic group"), ("(", "a conditional group"), ("R", "recursion"),
    ("&", "recursion"), ("P>", "recursion"), ("P=", "a back-reference"), ("1", "recursion"),
  ]

  private mutating func close(
    _ inner: PatternSyntax?, _ outer: Options, from start: Int
  ) throws(Fault) -> PatternSyntax? {
    guard octet == 41 else { throw fault("missing closing parenthesis", at: start) }
    position += 1
    options = outer
    return inner
  }

  /// - Returns: True when a group follows (`(?i:`), false when the parenthesis closed.
  private mutating func setOptions(from start: Int) throws(Fault) -> Bool {
    var value = true
    while let next = octet {
      position += 1
      switch next {
      case 45: value = false
      case 105: options.caseless = value
      case 109: options.multiline = value
      case 115: options.dotMatchesNewline = value
      case 58: return true
      case 41: return false
      default: throw fault("unrecognized character after (?", at: position - 1)
      }
    }
    throw fault("missing closing parenthesis", at: start)
  }

  private mutating func repeated(_ part: PatternSyntax) throws(Fault) -> PatternSyntax {
    var part = part
    while let next = octet {
      var bounds: (least: Int, most: Int?)
      let start = position
      switch next {
      case 42: bounds = (0, nil)
      case 43: bounds = (1, nil)
      case 63: bounds = (0, 1)
      case 123:
        guard let counted = try counts() else { return part }
        bounds = counted
        position -= 1
      default: return part
      }
      position += 1
      depth += 1
      defer { depth -= 1 }
      if octet == 43 {
        throw fault(
          "a possessive quantifier is not supported: it cannot be matched in bounded time",
          at: start)
      }
      // Lazy or not, the same texts match.
      if octet == 63 { position += 1 }
      part = .repeated(part, least: bounds.least, most: bounds.most)
      if let after = octet, after == 42 || after == 43 || after == 63 {
        throw fault("quantifier does not follow a repeatable item")
      }
      if octet == 123 {
        // PCRE takes x{2}{3} as (?:x{2}){3}; so does this, up to a depth.
        guard start > 0, Self.nesting(part) < Self.depthLimit else {
          throw fault("too many quantifiers")
        }
      }
    }
    return part
  }

  private static func nesting(_ part: PatternSyntax) -> Int {
    var part = part
    var levels = 0
    while case .repeated(let inner, _, _) = part {
      part = inner
      levels += 1
    }
    return levels
  }

  /// `{n}`, `{n,}` or `{n,m}`; nil with the cursor unmoved when the brace is a literal.
  private mutating func counts() throws(Fault) -> (least: Int, most: Int?)? {
    let start = position
    position += 1
    guard let least = try count() else {
      position = start
      return nil
    }
    var most: Int? = least
    if octet == 44 {
      position += 1
      most = try count()
    }
    guard octet == 125 else {
      position = start
      return nil
    }
    position += 1
    if let most, most < least {
      throw fault("numbers out of order in {} quantifier", at: start)
    }
    return (least, most)
  }

  private mutating func count() throws(Fault) -> Int? {
    let start = position
    var value = 0
    while let next = octet, (48...57).contains(next) {
      value = value * 10 + Int(next - 48)
      position += 1
      guard value <= Self.countLimit else { throw fault("number too big in {} quantifier") }
    }
    return position == start ? nil : value
  }
}
