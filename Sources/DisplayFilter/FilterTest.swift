import PacketCore

/// What a filter asks of a packet, names and types settled.
indirect enum FilterTest: Sendable {
  case and([FilterTest])
  case or([FilterTest])
  /// An odd number of them.
  case xor([FilterTest])
  case not(FilterTest)
  /// There is a value.
  case exists(ValueExpression)
  /// There is a value other than zero.
  case nonZero(ValueExpression, ValueKind)
  /// Values lie in one of the ranges, which are in order and apart.
  case numbers(ValueExpression, [ClosedRange<Int128>], Choice, ValueKind)
  /// Values fulfil a condition.
  case condition(ValueExpression, ValueCondition, Choice)
  /// Values of one side stand in a relation to values of the other.
  case pair(Relation, ValueExpression, ValueExpression, Choice)
}

/// How many values of several must pass, and whether passing means to fulfil or to fail.
struct Choice: Sendable, Equatable {
  var quantifier: Quantifier
  var isNegated = false

  /// Asks value after value.
  struct Tally {
    let choice: Choice
    private var found = false
    private var decided: Bool?

    init(_ choice: Choice) { self.choice = choice }

    /// - Returns: Whether more values are of interest.
    mutating func add(_ fulfilled: Bool) -> Bool {
      found = true
      let passed = fulfilled != choice.isNegated
      if passed == (choice.quantifier == .any) {
        decided = passed
        return false
      }
      return true
    }

    /// "All" of none is false: a field that is absent fulfils nothing.
    var result: Bool { decided ?? (choice.quantifier == .all && found) }
  }
}

/// Relations that have no negation of their own: `!=` is a negated `equal`.
enum Relation: Sendable, Equatable {
  case equal, less, lessOrEqual, greater, greaterOrEqual, contains

  func holds(_ order: Int) -> Bool {
    switch self {
    case .equal, .contains: order == 0
    case .less: order < 0
    case .lessOrEqual: order <= 0
    case .greater: order > 0
    case .greaterOrEqual: order >= 0
    }
  }

  /// The same seen from the other side.
  var mirrored: Relation {
    switch self {
    case .less: .greater
    case .lessOrEqual: .greaterOrEqual
    case .greater: .less
    case .greaterOrEqual: .lessOrEqual
    default: self
    }
  }
}

/// What one value is held against, where that is no range of integers.
enum ValueCondition: Sendable {
  case octets(Relation, [UInt8])
  case octetRanges([(from: [UInt8], to: [UInt8])])
  case pattern(Pattern)
  case real(Relation, Double)
  case realRanges([ClosedRange<Double>])

  func holds(_ value: Value, _ dissection: borrowing Dissection, _ frame: RawSpan) -> Bool {
    switch self {
    case .octets(let relation, let octets):
      return value.withOctets(dissection, frame) { bytes in
        let other = octets.span.bytes
        return relation == .contains
          ? bytes.contains(other) : relation.holds(bytes.compare(other))
      }
    case .octetRanges(let ranges):
      return value.withOctets(dissection, frame) { bytes in
        for range in ranges
        where bytes.compare(range.from.span.bytes) >= 0 && bytes.compare(range.to.span.bytes) <= 0 {
          return true
        }
        return false
      }
    case .pattern(let pattern):
      return value.withOctets(dissection, frame) { pattern.matches($0) }
    case .real(let relation, let number):
      guard case .real(let found) = value else { return false }
      return relation.holds(found < number ? -1 : found == number ? 0 : 1)
    case .realRanges(let ranges):
      guard case .real(let found) = value else { return false }
      return ranges.contains { $0.contains(found) }
    }
  }
}

extension FilterTest {
  /// The answer by way of `ValueExpression.visit`, for tests without connectives.
  func holds(_ dissection: borrowing Dissection, _ frame: RawSpan) -> Bool {
    switch self {
    case .and(let parts):
      return parts.allSatisfy { $0.holds(dissection, frame) }
    case .or(let parts):
      return parts.contains { $0.holds(dissection, frame) }
    case .xor(let parts):
      return parts.count { $0.holds(dissection, frame) } % 2 == 1
    case .not(let part): return !part.holds(dissection, frame)
    case .exists(let expression):
      return !expression.visit(dissection, frame) { _ in false }
    case .nonZero(let expression, let kind):
      return !expression.visit(dissection, frame) { !$0.isNonZero(kind, dissection, frame) }
    case .numbers(let expression, let ranges, let choice, _):
      var tally = Choice.Tally(choice)
      _ = expression.visit(dissection, frame) { value in
        guard case .number(let number) = value else { return true }
        return tally.add(ranges.contains(number))
      }
      return tally.result
    case .condition(let expression, let condition, let choice):
      var tally = Choice.Tally(choice)
      _ = expression.visit(dissection, frame) { value in
        tally.add(condition.holds(value, dissection, frame))
      }
      return tally.result
    case .pair(let relation, let left, let right, let choice):
      var tally = Choice.Tally(choice)
      _ = left.visit(dissection, frame) { one in
        right.visit(dissection, frame) { two in
          tally.add(one.stands(relation, to: two, dissection, frame))
        }
      }
      return tally.result
    }
  }

  /// How dear an answer is: cheap tests are asked first.
  var cost: Int {
    switch self {
    case .and(let parts), .or(let parts), .xor(let parts): parts.map(\.cost).max() ?? 0
    case .not(let part): part.cost
    case .exists(let expression), .nonZero(let expression, _): expression.cost
    case .numbers(let expression, _, _, _): expression.cost
    case .condition(let expression, let condition, _):
      if case .pattern = condition { expression.cost + 6 } else { expression.cost + 4 }
    case .pair(_, let left, let right, _): left.cost + right.cost
    }
  }
}

extension ValueExpression {
  var cost: Int {
    switch self {
    case .field(let field), .count(let field): field.isDirect ? 0 : 2
    case .constant: 0
    case .arithmetic(_, let left, let right, _): left.cost + right.cost + 1
    case .negate(let operand), .absolute(let operand), .octets(let operand, _),
      .slice(let operand, _), .length(let operand), .width(let operand, _),
      .uppercased(let operand),
      .lowercased(let operand), .text(let operand, _):
      operand.cost + 1
    case .extreme(let arguments, _): arguments.map(\.cost).reduce(1, +)
    }
  }
}

extension BoundField {
  /// Whether no layer has to be decoded for it.
  var isDirect: Bool {
    reader.sources.indices.allSatisfy { position in
      if case .field = reader.sources[position] { return loads[position] != nil }
      return true
    }
  }
}

extension Value {
  func isNonZero(_ kind: ValueKind, _ dissection: borrowing Dissection, _ frame: RawSpan) -> Bool {
    switch self {
    case .number(let number): number != (kind == .ipv6 ? Int128.min : 0)
    case .real(let number): number != 0
    case .present: true
    default:
      withOctets(dissection, frame) { bytes in
        (0..<bytes.byteCount).contains { bytes.octet($0) != 0 }
      }
    }
  }

  func stands(
    _ relation: Relation, to other: Value, _ dissection: borrowing Dissection, _ frame: RawSpan
  ) -> Bool {
    if relation == .contains {
      return withOctets(dissection, frame) { one in
        other.withOctets(dissection, frame) { one.contains($0) }
      }
    }
    return relation.holds(compare(other, dissection, frame))
  }
}

extension [ClosedRange<Int128>] {
  /// Binary search; the ranges are in order and apart.
  func contains(_ number: Int128) -> Bool {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if self[middle].upperBound < number { low = middle + 1 } else { high = middle }
    }
    return low < count && self[low].lowerBound <= number
  }

  /// In order and apart.
  var normalized: [ClosedRange<Int128>] {
    var result: [ClosedRange<Int128>] = []
    for range in sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = result.last, range.lowerBound <= last.upperBound {
        result[result.count - 1] = last.lowerBound...Swift.max(last.upperBound, range.upperBound)
      } else {
        result.append(range)
      }
    }
    return result
  }
}
