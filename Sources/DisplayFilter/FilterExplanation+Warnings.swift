import PacketCore

/// What about a filter that is no fault may still surprise.
extension FilterWords {
  func warnings(_ node: FilterSyntax) -> [String] {
    var found: [String] = []
    node.walk { part in
      for warning in warnings(at: part) where !found.contains(warning) { found.append(warning) }
    }
    return found
  }

  private func warnings(at node: FilterSyntax) -> [String] {
    switch node.kind {
    case .not(let part):
      guard case .compare(_, _, let left, _, _) = part.kind else { return [] }
      return ["\(source(node)) also keeps packets that have no \(source(left))."]
    case .compare(let sign, let quantifier, let left, let right, let place):
      return inequality(sign, quantifier, left, right, place) + literal(left, right)
        + bounds(node)
    case .member(_, let left, let elements, _):
      return elements.flatMap { literal(left, $0.first) } + bounds(node)
    case .arithmetic(.bitwiseAnd, let left, let right, _): return mask(left, right)
    default: return []
    }
  }

  /// How `!=` chooses among several values.
  private func inequality(
    _ sign: Comparison, _ quantifier: Quantifier?, _ left: FilterSyntax, _ right: FilterSyntax,
    _ place: Range<Int>
  ) -> [String] {
    guard quantifier == nil else { return [] }
    let text = source(left)
    switch sign {
    case .allNotEqual:
      return [
        "\(text) != \(source(right)) wants every value of \(text) to differ, and one to be there; "
          + "!(\(text) == \(source(right))) also keeps packets without \(text)."
      ]
    case .anyNotEqual:
      let written = String(decoding: self.text[place], as: UTF8.self)
      return [
        "\(text) \(written) \(source(right)) is content with one value that differs: a packet "
          + "with several \(text) may hold \(source(right)) as well. \(text) != \(source(right)) "
          + "wants all of them to differ."
      ]
    default: return []
    }
  }

  /// Literals that are read in a base that may not have been meant.
  private func literal(_ left: FilterSyntax, _ right: FilterSyntax) -> [String] {
    guard case .word(let word) = right.kind, index.entry(word) == nil,
      word.utf8.allSatisfy({ (48...57).contains($0) })
    else { return [] }
    let compiler = FilterCompiler(index, text)
    guard let operand = try? compiler.operand(left) else { return [] }
    if operand.kind == .octets, word.utf8.count > 1, let value = UInt64(word) {
      return [
        "\(word) is compared with octets and read as hexadecimal; decimal \(word) is "
          + "0x\(String(value, radix: 16))."
      ]
    }
    if operand.kind.isInteger, word.utf8.count > 1, word.utf8.first == 48,
      let value = wholeNumber(word)
    {
      return ["\(word) begins with 0 and is read as octal: \(value)."]
    }
    return []
  }

  /// Comparisons that the width of the field decides.
  private func bounds(_ node: FilterSyntax) -> [String] {
    guard let test = try? FilterCompiler(index, text).test(node),
      case .numbers(.field(let field), let ranges, let choice, let kind) = test,
      let info = field.reader.sources.first?.info, kind == .unsigned || kind == .signed
    else { return [] }
    // A field that is read directly is no wider than its mask.
    let mask = field.isDirect ? info.mask?.nonzeroBitCount : nil
    let bits = Int128(min(mask ?? FieldIndex.width(of: info) ?? 64, 64))
    let least = kind == .signed ? -(Int128(1) << (bits - 1)) : 0
    let most = (Int128(1) << (kind == .signed ? bits - 1 : bits)) - 1
    let isNever = !ranges.contains { $0.upperBound >= least && $0.lowerBound <= most }
    let isAlways = ranges.contains { $0.lowerBound <= least && $0.upperBound >= most }
    if choice.isNegated ? isAlways : isNever {
      return ["\(source(node)) can never be: \(info.name) goes from \(least) to \(most)."]
    }
    if choice.isNegated ? isNever : isAlways {
      return [
        "\(source(node)) holds wherever there is a \(info.name), which goes from \(least) to "
          + "\(most)."
      ]
    }
    return []
  }

  /// Masks of octets that are shorter than what they are laid on.
  private func mask(_ left: FilterSyntax, _ right: FilterSyntax) -> [String] {
    guard case .slice(_, let ranges) = left.kind, ranges.count == 1,
      case .length(let length) = ranges[0].end, case .word(let word) = right.kind,
      let octets = AddressLiteral.octets(word), octets.count < length
    else { return [] }
    return [
      "\(word) is \(octets.count) octets long and \(source(left)) is \(length): only the first "
        + "\(octets.count) of them take part; write all \(2 * length) hexadecimal digits."
    ]
  }
}
