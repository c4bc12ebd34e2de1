import PacketCore

/// Settles the names and types of a filter and turns its tree into tests.
struct FilterCompiler {
  let index: FieldIndex
  let text: [UInt8]
  /// False makes every field be decoded, which the tests compare with.
  var direct = true

  init(_ index: FieldIndex, _ text: [UInt8], direct: Bool = true) {
    self.index = index
    self.text = text
    self.direct = direct
  }

  /// A side of a comparison that a packet gives the values of.
  struct Operand {
    var expression: ValueExpression
    var kind: ValueKind
    /// The field, for its width and labels; nil for results of computations.
    var info: FieldInfo?
    var range: Range<Int>
  }

  /// A side of a comparison: from the packet, or written in the filter.
  enum Side {
    case operand(Operand)
    case literal(FilterSyntax)
  }

  func source(_ range: Range<Int>) -> String {
    String(decoding: text[range], as: UTF8.self)
  }

  /// The test that `node` stands for.
  func test(_ node: FilterSyntax) throws(Fault) -> FilterTest {
    switch node.kind {
    case .and(let parts): return .and(try tests(parts))
    case .or(let parts): return .or(try tests(parts))
    case .xor(let parts): return .xor(try tests(parts))
    case .not(let part): return .not(try test(part))
    case .compare(let sign, let quantifier, let left, let right, let place):
      return try comparison(sign, quantifier, left, right, place)
    case .member(let quantifier, let left, let elements, let place):
      return try membership(quantifier, left, elements, place)
    case .word(let name):
      guard index.entry(name) != nil else { throw unknown(name, node.range) }
      return .exists(try operand(node).expression)
    case .layers: return .exists(try operand(node).expression)
    case .slice:
      // A slice is there when it holds something: more than no octets.
      return .condition(
        try operand(node).expression, .octets(.greater, []), Choice(quantifier: .any))
    case .arithmetic, .negate:
      let operand = try operand(node)
      return .nonZero(operand.expression, operand.kind)
    case .call(let name, let place, _):
      _ = try operand(node)
      throw Fault(
        "You cannot test whether a function is present; compare its result: \(name)(…) == ….",
        place)
    case .string, .character:
      throw Fault("\(source(node.range)) is neither a field nor a protocol name.", node.range)
    }
  }

  private func tests(_ nodes: [FilterSyntax]) throws(Fault) -> [FilterTest] {
    var tests: [FilterTest] = []
    for node in nodes { tests.append(try test(node)) }
    return tests
  }

  /// The fault of a name that nothing has.
  func unknown(_ name: String, _ range: Range<Int>) -> Fault {
    guard Self.looksLikeName(name) else {
      return Fault("\(name) is neither a field nor a protocol name.", range)
    }
    return Fault(
      "\"\(name)\" is not the name of a field or protocol.", range,
      suggestions: index.nearest(to: name), command: index.command(for: name))
  }

  static func looksLikeName(_ word: String) -> Bool {
    guard let first = word.utf8.first, ByteSet.letters.contains(first) || first == 95 else {
      return false
    }
    return !word.utf8.contains(58)
  }

  /// What `node` gives to a comparison.
  func side(_ node: FilterSyntax) throws(Fault) -> Side {
    switch node.kind {
    case .word(let word) where index.entry(word) == nil: return .literal(node)
    case .string, .character: return .literal(node)
    default: return .operand(try operand(node))
    }
  }

  /// The values that `node` stands for.
  func operand(_ node: FilterSyntax) throws(Fault) -> Operand {
    switch node.kind {
    case .word(let name): return try field(name, node.range, layers: nil)
    case .layers(let base, let layers):
      guard case .word(let name) = base.kind else {
        throw Fault("\"#\" belongs to a field: ip.addr#1.", node.range)
      }
      return try field(name, node.range, layers: layers)
    case .slice(let base, let ranges): return try slice(base, ranges, node.range)
    case .negate(let inner):
      let operand = try operand(inner)
      guard operand.kind.isInteger || operand.kind == .floating || operand.kind == .duration else {
        throw cannot(operand, "be negated")
      }
      let kind = operand.kind.isInteger ? ValueKind.signed : operand.kind
      return Operand(expression: .negate(operand.expression), kind: kind, range: node.range)
    case .arithmetic(let sign, let left, let right, let place):
      return try arithmetic(sign, left, right, place, node.range)
    case .call(let name, let place, let arguments):
      return try call(name, place, arguments, node.range)
    case .string, .character:
      throw Fault("A field was expected here, not \(source(node.range)).", node.range)
    default: throw Fault("A condition has no value to compute with.", node.range)
    }
  }

  func bound(_ entry: FieldIndex.Entry, layers: [SliceRange]?) -> BoundField {
    BoundField(FieldReader(entry, layers: layers), direct: direct)
  }

  private func field(
    _ name: String, _ range: Range<Int>, layers: [SliceRange]?
  ) throws(Fault) -> Operand {
    guard let entry = index.entry(name) else { throw unknown(name, range) }
    if layers != nil, entry.sources.contains(where: { $0.layer == nil }) {
      throw Fault("\(name) belongs to the packet, not to a layer; \"#\" means nothing.", range)
    }
    return Operand(
      expression: .field(bound(entry, layers: layers)),
      kind: entry.isUniform ? entry.kind : .none, info: entry.sources.first?.info, range: range)
  }

  private func slice(
    _ base: FilterSyntax, _ ranges: [SliceRange], _ range: Range<Int>
  ) throws(Fault) -> Operand {
    guard case .operand(let operand) = try side(base) else {
      if case .word(let word) = base.kind, Self.looksLikeName(word) {
        throw unknown(word, base.range)
      }
      throw Fault("Range is not supported for entity \(source(base.range)).", base.range)
    }
    guard operand.kind.hasOctets else {
      throw Fault(
        "\"\(source(base.range))\" is a \(operand.kind.title) and cannot be sliced into a "
          + "sequence of bytes.", base.range)
    }
    return Operand(
      expression: .slice(octets(operand), ranges),
      kind: operand.kind == .string ? .string : .octets, range: range)
  }

  /// The octets of an operand that has some.
  func octets(_ operand: Operand) -> ValueExpression {
    operand.kind.addressLength > 0
      ? .octets(operand.expression, operand.kind) : operand.expression
  }

  func cannot(_ operand: Operand, _ what: String) -> Fault {
    Fault("\(source(operand.range)) (type=\(operand.kind.title)) cannot \(what).", operand.range)
  }

  private func arithmetic(
    _ sign: Arithmetic, _ left: FilterSyntax, _ right: FilterSyntax, _ place: Range<Int>,
    _ range: Range<Int>
  ) throws(Fault) -> Operand {
    let sides = (try side(left), try side(right))
    let kind: ValueKind
    switch sides {
    case (.operand(let one), .operand(let two)):
      try check(one, sign)
      try check(two, sign)
      guard one.kind.isComparable(to: two.kind) else { throw incompatible(one, two) }
      kind = one.kind
    case (.operand(let one), .literal), (.literal, .operand(let one)):
      try check(one, sign)
      kind = one.kind
    case (.literal(let node), .literal):
      if case .word(let word) = node.kind, Self.looksLikeName(word) {
        throw unknown(word, node.range)
      }
      throw Fault("A computation needs a field; \(source(range)) has none.", range)
    }
    let one = try expression(sides.0, kind)
    let two = try expression(sides.1, kind)
    if sign == .divide || sign == .remainder, case .constant(.number(0)) = two {
      throw Fault("Division by zero.", place)
    }
    return Operand(
      expression: .arithmetic(sign, one, two, kind),
      kind: kind == .unsigned && sign != .bitwiseAnd ? .signed : kind, range: range)
  }

  private func check(_ operand: Operand, _ sign: Arithmetic) throws(Fault) {
    let allowed =
      switch operand.kind {
      case .unsigned, .signed: true
      case .floating: sign != .bitwiseAnd && sign != .remainder
      case .duration: sign == .add || sign == .subtract
      case .ipv4, .ipv6, .mac, .octets: sign == .bitwiseAnd
      default: false
      }
    guard allowed else { throw cannot(operand, "participate in \(sign.sign)") }
  }

  func incompatible(_ one: Operand, _ two: Operand) -> Fault {
    Fault(
      "\(source(one.range)) (\(one.kind.title)) and \(source(two.range)) (\(two.kind.title)) are "
        + "not of compatible types.", two.range)
  }

  /// A side as an expression; a literal is one value of `kind`.
  func expression(_ side: Side, _ kind: ValueKind) throws(Fault) -> ValueExpression {
    switch side {
    case .operand(let operand): return operand.expression
    case .literal(let node):
      switch try Literal(node, as: kind, nil) {
      case .octets(let octets): return .constant(.octets(octets))
      case .real(let number): return .constant(.real(number))
      case .numbers(let ranges):
        guard let range = ranges.first, range.lowerBound == range.upperBound else {
          throw Fault("A single value was expected here.", node.range)
        }
        return .constant(.number(range.lowerBound))
      }
    }
  }
}
