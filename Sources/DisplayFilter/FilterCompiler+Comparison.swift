import PacketCore

/// Comparisons and sets.
extension FilterCompiler {
  func comparison(
    _ sign: Comparison, _ quantifier: Quantifier?, _ left: FilterSyntax, _ right: FilterSyntax,
    _ place: Range<Int>
  ) throws(Fault) -> FilterTest {
    if sign == .matches { return try matches(quantifier, left, right, place) }
    let relation = Self.relation(sign)
    let choice = Self.choice(sign, quantifier)
    switch (try side(left), try side(right)) {
    case (.operand(let one), .literal(let node)):
      return try compare(one, relation, node, choice, place)
    case (.literal(let node), .operand(let one)) where relation != .contains:
      return try compare(one, relation.mirrored, node, choice, place)
    case (.operand(let one), .operand(let two)):
      // A word that names a label of the field is that label, even where a field is called so.
      if !one.kind.isComparable(to: two.kind), case .word = right.kind, one.info?.label != nil,
        let test = try? compare(one, relation, right, choice, place)
      {
        return test
      }
      try checkComparable(one, source(place))
      try checkComparable(two, source(place))
      guard one.kind.isComparable(to: two.kind) else { throw incompatible(one, two) }
      if relation == .contains { try checkSearchable(one, source(place)) }
      return .pair(relation, one.expression, two.expression, choice)
    case (.literal(let node), _): throw notAField(node, place)
    }
  }

  private func notAField(_ node: FilterSyntax, _ place: Range<Int>) -> Fault {
    if case .word(let word) = node.kind, Self.looksLikeName(word) {
      return unknown(word, node.range)
    }
    return Fault(
      "Left side of \"\(source(place))\" expression must be a field or function, not "
        + "\(source(node.range)).", node.range)
  }

  private static func relation(_ sign: Comparison) -> Relation {
    switch sign {
    case .anyEqual, .allEqual, .anyNotEqual, .allNotEqual, .matches: .equal
    case .less: .less
    case .greater: .greater
    case .lessOrEqual: .lessOrEqual
    case .greaterOrEqual: .greaterOrEqual
    case .contains: .contains
    }
  }

  /// `!=` means that all values differ, as in Wireshark since 4.0; a quantifier in front decides
  /// otherwise.
  static func choice(_ sign: Comparison, _ quantifier: Quantifier?) -> Choice {
    switch sign {
    case .allNotEqual: Choice(quantifier: quantifier ?? .all, isNegated: true)
    case .anyNotEqual: Choice(quantifier: quantifier ?? .any, isNegated: true)
    case .allEqual: Choice(quantifier: quantifier ?? .all)
    default: Choice(quantifier: quantifier ?? .any)
    }
  }

  private func checkComparable(_ operand: Operand, _ sign: String) throws(Fault) {
    guard operand.kind != .none else {
      throw cannot(operand, "participate in \(sign) comparison")
    }
  }

  private func checkSearchable(_ operand: Operand, _ sign: String) throws(Fault) {
    guard operand.kind.isText || operand.kind == .mac else {
      var fault = cannot(operand, "participate in \(sign) comparison")
      if operand.kind.isInteger || operand.kind.addressLength > 0 {
        fault.suggestions = ["string(\(source(operand.range)))"]
      }
      throw fault
    }
  }

  private func compare(
    _ operand: Operand, _ relation: Relation, _ node: FilterSyntax, _ choice: Choice,
    _ place: Range<Int>
  ) throws(Fault) -> FilterTest {
    try checkComparable(operand, source(place))
    if relation == .contains {
      try checkSearchable(operand, source(place))
      guard
        case .octets(let needle) = try Literal(
          node, as: operand.kind.isText ? operand.kind : .octets, nil)
      else { throw Fault("Octets were expected here.", node.range) }
      return .condition(octets(operand), .octets(.contains, needle), choice)
    }
    switch try Literal(node, as: operand.kind, operand.info) {
    case .octets(let octets):
      return .condition(operand.expression, .octets(relation, octets), choice)
    case .real(let number):
      return .condition(operand.expression, .real(relation, number), choice)
    case .numbers(let values):
      if relation != .equal, values.count > 1 {
        throw Fault(
          "\(source(node.range)) stands for several values; only \"==\" and \"!=\" can compare "
            + "with it.", node.range)
      }
      return .numbers(
        operand.expression, Self.ranges(relation, values).normalized, choice, operand.kind)
    }
  }

  /// The values that stand in the relation to a value or to the addresses of a prefix.
  private static func ranges(
    _ relation: Relation, _ values: [ClosedRange<Int128>]
  ) -> [ClosedRange<Int128>] {
    guard relation != .equal, let value = values.first else { return values }
    switch relation {
    case .less:
      return value.lowerBound == .min ? [] : [Int128.min...(value.lowerBound - 1)]
    case .lessOrEqual: return [Int128.min...value.upperBound]
    case .greater:
      return value.upperBound == .max ? [] : [(value.upperBound + 1)...Int128.max]
    default: return [value.lowerBound...Int128.max]
    }
  }

  private func matches(
    _ quantifier: Quantifier?, _ left: FilterSyntax, _ right: FilterSyntax, _ place: Range<Int>
  ) throws(Fault) -> FilterTest {
    guard case .operand(let operand) = try side(left) else { throw notAField(left, place) }
    try checkSearchable(operand, source(place))
    guard case .string(let octets) = right.kind else {
      throw Fault("Matches requires a double quoted string on the right side.", right.range)
    }
    let pattern: Pattern
    do throws(Fault) {
      pattern = try Pattern(octets)
    } catch {
      throw error.at(right.range)
    }
    return .condition(
      self.octets(operand), .pattern(pattern), Choice(quantifier: quantifier ?? .any))
  }

  // MARK: - Sets

  func membership(
    _ quantifier: Quantifier?, _ left: FilterSyntax, _ elements: [FilterSyntax.Element],
    _ place: Range<Int>
  ) throws(Fault) -> FilterTest {
    guard case .operand(let operand) = try side(left) else { throw notAField(left, place) }
    try checkComparable(operand, "in")
    let choice = Choice(quantifier: quantifier ?? .any)
    var numbers: [ClosedRange<Int128>] = []
    var octets: [(from: [UInt8], to: [UInt8])] = []
    var reals: [ClosedRange<Double>] = []
    var others: [FilterTest] = []
    for element in elements {
      if let other = try member(operand, element, choice) {
        others.append(other)
        continue
      }
      let last = element.last ?? element.first
      switch (
        try Literal(element.first, as: operand.kind, operand.info),
        try Literal(last, as: operand.kind, operand.info)
      ) {
      case (.numbers(let from), .numbers(let to)):
        if element.last == nil {
          numbers += from
        } else if let low = from.first?.lowerBound, let high = to.last?.upperBound {
          guard low <= high else { throw outOfOrder(element, last) }
          numbers.append(low...high)
        }
      case (.octets(let from), .octets(let to)):
        guard from.span.bytes.compare(to.span.bytes) <= 0 else { throw outOfOrder(element, last) }
        octets.append((from, to))
      case (.real(let from), .real(let to)):
        guard from <= to else { throw outOfOrder(element, last) }
        reals.append(from...to)
      default: throw Fault("The two ends differ in type.", element.first.range)
      }
    }
    var tests = others
    if !numbers.isEmpty {
      tests.append(.numbers(operand.expression, numbers.normalized, choice, operand.kind))
    }
    if !octets.isEmpty {
      tests.append(.condition(operand.expression, .octetRanges(octets), choice))
    }
    if !reals.isEmpty { tests.append(.condition(operand.expression, .realRanges(reals), choice)) }
    guard tests.count > 1, choice.quantifier == .all else {
      return tests.count == 1 ? tests[0] : .or(tests)
    }
    throw Fault("\"all … in\" takes a set of values, without fields.", place)
  }

  private func outOfOrder(_ element: FilterSyntax.Element, _ last: FilterSyntax) -> Fault {
    let range = element.first.range.lowerBound..<last.range.upperBound
    return Fault("The range \(source(range)) is empty: its first value is the larger.", range)
  }

  /// The test for a member that is itself a field; nil for a value.
  private func member(
    _ operand: Operand, _ element: FilterSyntax.Element, _ choice: Choice
  ) throws(Fault) -> FilterTest? {
    let first = try side(element.first)
    guard case .operand(let one) = first, !isLabel(element.first, of: operand, one) else {
      return nil
    }
    if let last = element.last {
      throw Fault(
        "A range of a set goes from one value to another, not between fields.",
        element.first.range.lowerBound..<last.range.upperBound)
    }
    try checkComparable(one, "in")
    guard operand.kind.isComparable(to: one.kind) else { throw incompatible(operand, one) }
    return .pair(.equal, operand.expression, one.expression, choice)
  }

  private func isLabel(_ node: FilterSyntax, of operand: Operand, _ other: Operand) -> Bool {
    guard case .word = node.kind, operand.info?.label != nil,
      !operand.kind.isComparable(to: other.kind)
    else { return false }
    return (try? Literal(node, as: operand.kind, operand.info)) != nil
  }
}
