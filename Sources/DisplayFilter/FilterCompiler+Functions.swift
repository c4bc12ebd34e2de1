import PacketCore

/// The functions of the language.
extension FilterCompiler {
  static let functions = ["abs", "count", "len", "lower", "max", "min", "string", "upper"]

  func call(
    _ name: String, _ place: Range<Int>, _ arguments: [FilterSyntax], _ range: Range<Int>
  ) throws(Fault) -> Operand {
    guard Self.functions.contains(name) else {
      throw Fault(
        "Function '\(name)' does not exist.", place,
        suggestions: nearestWords(to: name, among: Self.functions)
          .isEmpty ? Self.functions : nearestWords(to: name, among: Self.functions))
    }
    guard let first = arguments.first else {
      throw Fault("Function \(name) needs at least 1 arguments.", range)
    }
    if name == "max" || name == "min" {
      return try extreme(arguments, largest: name == "max", range)
    }
    guard arguments.count == 1 else {
      throw Fault("Function \(name) can only accept 1 arguments.", arguments[1].range)
    }
    guard case .operand(let operand) = try side(first) else {
      if case .word(let word) = first.kind, Self.looksLikeName(word) {
        throw unknown(word, first.range)
      }
      throw Fault("Only fields can be used as parameter for \(name)().", first.range)
    }
    return try apply(name, operand, range)
  }

  private func apply(
    _ name: String, _ operand: Operand, _ range: Range<Int>
  ) throws(Fault) -> Operand {
    switch name {
    case "count":
      guard case .field(let field) = operand.expression else {
        throw Fault("Only fields can be used as parameter for count().", operand.range)
      }
      return Operand(expression: .count(field), kind: .signed, range: range)
    case "len":
      guard operand.kind.hasOctets else {
        if operand.kind.isInteger, let info = operand.info, let bits = FieldIndex.width(of: info) {
          return Operand(
            expression: .width(operand.expression, (bits + 7) / 8), kind: .signed, range: range)
        }
        throw cannot(operand, "be a parameter for len(), which takes strings and bytes")
      }
      return Operand(expression: .length(octets(operand)), kind: .signed, range: range)
    case "upper", "lower":
      guard operand.kind == .string else {
        throw Fault(
          "Only string type fields can be used as parameter for \(name)().", operand.range)
      }
      let expression = operand.expression
      return Operand(
        expression: name == "upper" ? .uppercased(expression) : .lowercased(expression),
        kind: .string, range: range)
    case "string":
      guard operand.kind.isInteger || operand.kind.addressLength > 0 else {
        throw Fault(
          "String conversion for \"\(source(operand.range))\" (\(operand.kind.title)) is not "
            + "supported.", operand.range)
      }
      return Operand(
        expression: .text(operand.expression, operand.kind), kind: .string, range: range)
    default:
      guard operand.kind.isInteger || operand.kind == .floating || operand.kind == .duration else {
        throw cannot(operand, "be a parameter for abs(), which takes numbers")
      }
      let kind = operand.kind.isInteger ? ValueKind.signed : operand.kind
      return Operand(expression: .absolute(operand.expression), kind: kind, range: range)
    }
  }

  private func extreme(
    _ arguments: [FilterSyntax], largest: Bool, _ range: Range<Int>
  ) throws(Fault) -> Operand {
    var sides: [Side] = []
    var first: Operand?
    for argument in arguments {
      let side = try side(argument)
      sides.append(side)
      guard case .operand(let operand) = side else { continue }
      guard operand.kind != .none else {
        throw cannot(operand, "be a parameter for \(largest ? "max" : "min")()")
      }
      guard let known = first else {
        first = operand
        continue
      }
      guard known.kind.isComparable(to: operand.kind) else { throw incompatible(known, operand) }
    }
    guard let first else {
      if case .word(let word) = arguments[0].kind, Self.looksLikeName(word) {
        throw unknown(word, arguments[0].range)
      }
      throw Fault("\(largest ? "max" : "min")() needs a field among its parameters.", range)
    }
    var expressions: [ValueExpression] = []
    for side in sides { expressions.append(try expression(side, first.kind)) }
    return Operand(
      expression: .extreme(expressions, largest: largest),
      kind: first.kind.isInteger ? .signed : first.kind, range: range)
  }
}
