/// Turns the tokens of a filter into its tree by precedence climbing: `or` binds loosest, then
/// `xor`, `and`, `not`, comparisons, `&`, `+ -`, `* / %`, signs, and slices tightest.
struct FilterParser {
  /// Levels of nesting, so that no text can exhaust the stack.
  static let depthLimit = 100
  /// Members of one set.
  static let setLimit = 4096
  /// Octets of a filter.
  static let lengthLimit = 1 << 16

  private var lexer: FilterLexer
  private var token: FilterToken
  private var depth = 0

  /// - Parameter isName: Whether a word with hyphens is a field's name.
  static func parse(
    _ text: [UInt8], isName: @escaping (String) -> Bool
  ) throws(Fault) -> FilterSyntax? {
    guard text.count <= lengthLimit else {
      throw Fault(
        "The filter is \(text.count) octets long; \(lengthLimit) are allowed.",
        lengthLimit..<lengthLimit + 1)
    }
    var parser = try FilterParser(FilterLexer(text, isName: isName))
    if parser.token.kind == .end { return nil }
    let tree = try parser.expression(0)
    guard parser.token.kind == .end else { throw parser.unexpected() }
    return tree
  }

  private init(_ lexer: FilterLexer) throws(Fault) {
    self.lexer = lexer
    token = try self.lexer.next()
  }

  private mutating func advance() throws(Fault) { token = try lexer.next() }

  private func unexpected() -> Fault {
    if token.kind == .end {
      return Fault("Unexpected end of filter expression.", token.range)
    }
    let word = lexer.string(token.range)
    switch word {
    case "AND", "OR", "NOT", "XOR", "IN", "CONTAINS", "MATCHES":
      return Fault(
        "\"\(word)\" was not expected here; operators are written in lower case.", token.range,
        suggestions: [word.lowercased()])
    default: return Fault("\"\(word)\" was not expected here.", token.range)
    }
  }

  private mutating func expect(_ kind: FilterToken.Kind) throws(Fault) {
    guard token.kind == kind else { throw unexpected() }
    try advance()
  }

  private mutating func descend() throws(Fault) {
    depth += 1
    guard depth <= Self.depthLimit else {
      throw Fault(
        "The filter is nested more than \(Self.depthLimit) levels deep.", token.range)
    }
  }

  // Precedences: 0 or, 1 xor, 2 and, 4 not, 5 comparison, 6 and up arithmetic.
  private static let comparisonLevel = 5
  private static let operandLevel = 6

  private mutating func expression(_ level: Int) throws(Fault) -> FilterSyntax {
    switch level {
    case 0: return try chain(.or, 1) { .or($0) }
    case 1: return try chain(.xor, 2) { .xor($0) }
    case 2: return try chain(.and, 4) { .and($0) }
    case 4:
      guard token.kind == .not else { return try comparison() }
      try descend()
      defer { depth -= 1 }
      let start = token.range.lowerBound
      try advance()
      let operand = try expression(4)
      return FilterSyntax(kind: .not(operand), range: start..<operand.range.upperBound)
    case Self.comparisonLevel: return try comparison()
    default: return try operand(level)
    }
  }

  private mutating func chain(
    _ sign: FilterToken.Kind, _ level: Int, _ make: ([FilterSyntax]) -> FilterSyntax.Kind
  ) throws(Fault) -> FilterSyntax {
    let first = try expression(level)
    guard token.kind == sign else { return first }
    var members = [first]
    while token.kind == sign {
      try advance()
      members.append(try expression(level))
    }
    let end = members.last?.range.upperBound ?? first.range.upperBound
    return FilterSyntax(kind: make(members), range: first.range.lowerBound..<end)
  }

  private mutating func comparison() throws(Fault) -> FilterSyntax {
    var quantifier: Quantifier?
    let start = token.range.lowerBound
    if token.kind == .any || token.kind == .all {
      quantifier = token.kind == .any ? .any : .all
      try advance()
    }
    var left = try expression(Self.operandLevel)
    var tests: [FilterSyntax] = []
    while true {
      switch token.kind {
      case .comparison(let sign):
        let place = token.range
        try advance()
        let right = try expression(Self.operandLevel)
        tests.append(
          FilterSyntax(
            kind: .compare(sign, quantifier, left, right, sign: place),
            range: (tests.isEmpty ? start : left.range.lowerBound)..<right.range.upperBound))
        left = right  // 1 < x < 5 is 1 < x and x < 5
      case .in:
        tests.append(try membership(of: left, quantifier, from: start, negated: false))
        return joined(tests)
      case .not where tests.isEmpty:
        try advance()
        guard token.kind == .in else { throw unexpected() }
        return try membership(of: left, quantifier, from: start, negated: true)
      default:
        if quantifier != nil, tests.isEmpty { throw unexpected() }
        return tests.isEmpty ? left : joined(tests)
      }
      quantifier = nil
    }
  }

  private func joined(_ tests: [FilterSyntax]) -> FilterSyntax {
    guard let first = tests.first, let last = tests.last, tests.count > 1 else { return tests[0] }
    return FilterSyntax(
      kind: .and(tests), range: first.range.lowerBound..<last.range.upperBound)
  }

  /// The cursor is on `in`.
  private mutating func membership(
    of left: FilterSyntax, _ quantifier: Quantifier?, from start: Int, negated: Bool
  ) throws(Fault) -> FilterSyntax {
    let place = token.range
    try advance()
    let brace = token.range
    try expect(.leftBrace)
    var elements: [FilterSyntax.Element] = []
    while true {
      let first = try expression(Self.operandLevel)
      var last: FilterSyntax?
      if token.kind == .ellipsis {
        try advance()
        last = try expression(Self.operandLevel)
      }
      elements.append(FilterSyntax.Element(first: first, last: last))
      guard elements.count <= Self.setLimit else {
        throw Fault("A set holds at most \(Self.setLimit) values.", brace)
      }
      if token.kind == .comma {
        try advance()
        continue
      }
      break
    }
    let end = token.range.upperBound
    if token.kind == .word {
      var fault = unexpected()
      fault.message += " Members of a set are separated by commas."
      throw fault
    }
    try expect(.rightBrace)
    let test = FilterSyntax(
      kind: .member(quantifier, left, elements, sign: place), range: start..<end)
    return negated ? FilterSyntax(kind: .not(test), range: start..<end) : test
  }

  private mutating func operand(_ level: Int) throws(Fault) -> FilterSyntax {
    var left = try signed()
    var levels = 0
    defer { depth -= levels }
    while case .arithmetic(let sign) = token.kind, sign.precedence >= level {
      // A chain of these leans left: it is as deep as it is long.
      try descend()
      levels += 1
      let place = token.range
      try advance()
      let right = try expression(sign.precedence + 1)
      left = FilterSyntax(
        kind: .arithmetic(sign, left, right, sign: place),
        range: left.range.lowerBound..<right.range.upperBound)
    }
    return left
  }

  private mutating func signed() throws(Fault) -> FilterSyntax {
    guard case .arithmetic(let sign) = token.kind, sign == .subtract || sign == .add else {
      return try suffixed(primary())
    }
    try descend()
    defer { depth -= 1 }
    let start = token.range.lowerBound
    try advance()
    let operand = try signed()
    let range = start..<operand.range.upperBound
    if sign == .add { return FilterSyntax(kind: operand.kind, range: range) }
    // A sign before a number belongs to it.
    if case .word(let word) = operand.kind, let first = word.utf8.first,
      (48...57).contains(first) || first == 46
    {
      return FilterSyntax(kind: .word("-" + word), range: range)
    }
    return FilterSyntax(kind: .negate(operand), range: range)
  }

  private mutating func primary() throws(Fault) -> FilterSyntax {
    let range = token.range
    switch token.kind {
    case .word:
      let word = lexer.string(range)
      try advance()
      guard token.kind == .leftParenthesis else {
        return FilterSyntax(kind: .word(word), range: range)
      }
      return try call(word, at: range)
    case .string(let octets):
      try advance()
      return FilterSyntax(kind: .string(octets), range: range)
    case .character(let octet):
      try advance()
      return FilterSyntax(kind: .character(octet), range: range)
    case .leftParenthesis:
      try descend()
      defer { depth -= 1 }
      try advance()
      let inner = try expression(0)
      let end = token.range.upperBound
      try expect(.rightParenthesis)
      return FilterSyntax(kind: inner.kind, range: range.lowerBound..<end)
    case .leftBrace:
      try descend()
      defer { depth -= 1 }
      try advance()
      let inner = try expression(Self.operandLevel)
      let end = token.range.upperBound
      try expect(.rightBrace)
      return FilterSyntax(kind: inner.kind, range: range.lowerBound..<end)
    default: throw unexpected()
    }
  }

  /// The cursor is on the parenthesis after the name.
  private mutating func call(_ name: String, at range: Range<Int>) throws(Fault) -> FilterSyntax {
    try descend()
    defer { depth -= 1 }
    try advance()
    var arguments: [FilterSyntax] = []
    if token.kind != .rightParenthesis {
      arguments.append(try expression(Self.operandLevel))
      while token.kind == .comma {
        try advance()
        arguments.append(try expression(Self.operandLevel))
        guard arguments.count <= Self.setLimit else {
          throw Fault("A function takes at most \(Self.setLimit) arguments.", range)
        }
      }
    }
    let end = token.range.upperBound
    try expect(.rightParenthesis)
    return FilterSyntax(
      kind: .call(name: name, at: range, arguments), range: range.lowerBound..<end)
  }

  private mutating func suffixed(_ base: FilterSyntax) throws(Fault) -> FilterSyntax {
    var result = base
    var levels = 0
    defer { depth -= levels }
    while token.kind == .leftBracket || token.kind == .hash {
      try descend()
      levels += 1
      let isLayer = token.kind == .hash
      // The token is consumed, the text after it is not: positions have a grammar of their own.
      let ranges: [SliceRange]
      if isLayer {
        ranges = try lexer.layerNumbers()
      } else {
        ranges = try lexer.slicePositions()
      }
      let range = result.range.lowerBound..<lexer.position
      try advance()
      result = FilterSyntax(
        kind: isLayer ? .layers(result, ranges) : .slice(result, ranges), range: range)
    }
    return result
  }
}
