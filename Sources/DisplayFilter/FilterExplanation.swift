import PacketCore

extension DisplayFilter {
  /// The filter in words: when it keeps a packet, what each name in it is, and what may surprise.
  /// No final newline.
  public var explanation: String {
    guard let syntax else { return "Keeps every packet: the filter is empty." }
    let words = FilterWords(text: Array(text.utf8), index: index)
    var lines = words.sentence(syntax)
    let names = words.names(syntax)
    if !names.isEmpty {
      lines.append("Names:")
      let width = names.map(\.name.count).max() ?? 0
      for entry in names {
        let padding = String(repeating: " ", count: width - entry.name.count)
        lines.append("  \(entry.name)\(padding)  \(words.origin(entry))")
      }
    }
    let warnings = words.warnings(syntax)
    if !warnings.isEmpty {
      lines.append("Mind:")
      lines += warnings.map { "  - " + $0 }
    }
    return lines.joined(separator: "\n")
  }
}

/// Puts a filter's tree into words.
struct FilterWords {
  let text: [UInt8]
  let index: FieldIndex

  func source(_ node: FilterSyntax) -> String {
    String(decoding: text[node.range], as: UTF8.self)
  }

  /// The whole filter, one line or an indented list.
  func sentence(_ node: FilterSyntax) -> [String] {
    let lines = clause(node)
    return lines.count == 1
      ? ["Keeps a packet when \(lines[0])."]
      : ["Keeps a packet when \(lines[0])"] + lines.dropFirst()
  }

  private func clause(_ node: FilterSyntax) -> [String] {
    switch node.kind {
    case .and(let parts): return list("all of these hold:", parts)
    case .or(let parts): return list("at least one of these holds:", parts)
    case .xor(let parts): return list("an odd number of these holds:", parts)
    case .not(let part):
      switch part.kind {
      case .and, .or, .xor, .not: return list("this does not hold:", [part])
      default: return clause(part).map { "it is not so that \($0)" }
      }
    default: return [leaf(node)]
    }
  }

  private func list(_ head: String, _ parts: [FilterSyntax]) -> [String] {
    [head]
      + parts.flatMap { part in
        let lines = clause(part)
        return ["  - \(lines[0])"] + lines.dropFirst().map { "  " + $0 }
      }
  }

  private func leaf(_ node: FilterSyntax) -> String {
    switch node.kind {
    case .compare(let sign, let quantifier, let left, let right, _):
      return comparison(sign, quantifier, left, right)
    case .member(let quantifier, let left, let elements, _):
      let members = elements.map { element in
        source(element.first) + (element.last.map { " to " + source($0) } ?? "")
      }
      return "\(subject(left, quantifier ?? .any)) is one of \(members.joined(separator: ", "))"
    case .word(let name):
      switch index.entry(name)?.sort {
      case .protocol: return "the protocol \(name) is in it"
      case .finding: return "it carries the remark \(name)"
      default: return "it has \(name)"
      }
    case .arithmetic, .negate: return "\(source(node)) is not zero"
    default: return "it has \(source(node))"
    }
  }

  private func subject(_ node: FilterSyntax, _ quantifier: Quantifier) -> String {
    if case .string = node.kind { return source(node) }
    if isLiteral(node) { return source(node) }
    return quantifier == .any
      ? "any value of \(source(node))" : "it has \(source(node)) and every value of it"
  }

  private func comparison(
    _ sign: Comparison, _ quantifier: Quantifier?, _ left: FilterSyntax, _ right: FilterSyntax
  ) -> String {
    let choice = FilterCompiler.choice(sign, quantifier)
    let verb =
      switch sign {
      case .anyEqual, .allEqual: equals(left, right)
      case .allNotEqual, .anyNotEqual: "differs from"
      case .less: "is less than"
      case .greater: "is greater than"
      case .lessOrEqual: "is at most"
      case .greaterOrEqual: "is at least"
      case .contains: "contains"
      case .matches: "matches the regular expression"
      }
    return "\(subject(left, choice.quantifier)) \(verb) \(source(right))"
  }

  /// A prefix holds addresses, and other values are equal.
  private func equals(_ left: FilterSyntax, _ right: FilterSyntax) -> String {
    if case .word(let word) = right.kind, word.utf8.contains(47) { return "lies in" }
    return "equals"
  }

  private func isLiteral(_ node: FilterSyntax) -> Bool {
    switch node.kind {
    case .word(let word): index.entry(word) == nil
    case .string, .character: true
    default: false
    }
  }

  /// Title, type and where a name comes from.
  func origin(_ entry: FieldIndex.Entry) -> String {
    var parts = entry.title + ", " + entry.type
    if !entry.members.isEmpty { parts += " (\(entry.members.joined(separator: " or ")))" }
    if entry.sort != .protocol, !entry.layerTitle.isEmpty { parts += "; " + entry.layerTitle }
    if !entry.reference.isEmpty { parts += ", " + entry.reference }
    return parts
  }

  /// The names in the order of their first use.
  func names(_ node: FilterSyntax) -> [FieldIndex.Entry] {
    var found: [FieldIndex.Entry] = []
    node.walk { part in
      guard case .word(let word) = part.kind, let entry = index.entry(word),
        !found.contains(where: { $0.name == word })
      else { return }
      found.append(entry)
    }
    return found
  }
}

extension FilterSyntax {
  /// Calls `body` with this node and all below it, in the order of the text.
  func walk(_ body: (FilterSyntax) -> Void) {
    body(self)
    switch kind {
    case .and(let parts), .or(let parts), .xor(let parts): for part in parts { part.walk(body) }
    case .not(let part), .negate(let part), .slice(let part, _), .layers(let part, _):
      part.walk(body)
    case .compare(_, _, let left, let right, _), .arithmetic(_, let left, let right, _):
      left.walk(body)
      right.walk(body)
    case .member(_, let left, let elements, _):
      left.walk(body)
      for element in elements {
        element.first.walk(body)
        element.last?.walk(body)
      }
    case .call(_, _, let arguments): for argument in arguments { argument.walk(body) }
    case .word, .string, .character: break
    }
  }
}
