import PacketCore

/// Reads an `Assertion`: the language around the filters; what stands in the brackets of a count is
/// left to `DisplayFilter`.
struct AssertionParser {
  private let text: String
  private let octets: [UInt8]
  private let index: FieldIndex
  private var at = 0
  private(set) var counts: [Assertion.Count] = []

  init(_ text: String, index: FieldIndex) {
    self.text = text
    octets = Array(text.utf8)
    self.index = index
  }

  /// The whole text.
  mutating func statement() throws(FilterError) -> Assertion.Node {
    guard containsCount() else {
      return .count(try add("", .packets, 0..<octets.count, isAuto: true))
    }
    let node = try disjunction()
    skipBlanks()
    guard at == octets.count else {
      throw fault("This was not expected here.", at..<octets.count)
    }
    return node
  }

  /// Without a count anywhere the text is one filter.
  private func containsCount() -> Bool {
    ["count", "packets", "messages"].contains { name in
      let word = Array(name.utf8)
      var start = 0
      while start + word.count < octets.count {
        if octets[start..<start + word.count].elementsEqual(word),
          start == 0 || !Self.isWord(octets[start - 1])
        {
          var next = start + word.count
          while next < octets.count, octets[next] == 32 { next += 1 }
          // The filter language has a function of this name too: `count(field)` beside a comparison
          // means the same here.
          if next < octets.count, octets[next] == 40 { return true }
        }
        start += 1
      }
      return false
    }
  }

  private static func isWord(_ octet: UInt8) -> Bool {
    octet == 95 || octet == 46 || (48...57).contains(octet) || (65...90).contains(octet)
      || (97...122).contains(octet)
  }

  private mutating func disjunction() throws(FilterError) -> Assertion.Node {
    var left = try conjunction()
    while take("or") || take("||") { left = .or(left, try conjunction()) }
    return left
  }

  private mutating func conjunction() throws(FilterError) -> Assertion.Node {
    var left = try negation()
    while take("and") || take("&&") { left = .and(left, try negation()) }
    return left
  }

  private mutating func negation() throws(FilterError) -> Assertion.Node {
    if take("not") { return .not(try negation()) }
    skipBlanks()
    if at + 1 < octets.count, octets[at] == 33, octets[at + 1] != 61 {
      at += 1
      return .not(try negation())
    }
    return try comparison()
  }

  private mutating func comparison() throws(FilterError) -> Assertion.Node {
    let left = try sum()
    let operators: [(String, Assertion.Comparison)] = [
      ("==", .equal), ("eq", .equal), ("!=", .unequal), ("ne", .unequal), (">=", .greaterOrEqual),
      ("ge", .greaterOrEqual), ("<=", .lessOrEqual), ("le", .lessOrEqual), (">", .greater),
      ("gt", .greater), ("<", .less), ("lt", .less), ("=", .equal),
    ]
    for (word, comparison) in operators where take(word) {
      return .comparison(comparison, left, try sum())
    }
    return left
  }

  private mutating func sum() throws(FilterError) -> Assertion.Node {
    var left = try term()
    while true {
      if take("+") {
        left = .sum(left, try term())
      } else if take("-") {
        left = .difference(left, try term())
      } else {
        return left
      }
    }
  }

  private mutating func term() throws(FilterError) -> Assertion.Node {
    skipBlanks()
    let start = at
    guard at < octets.count else { throw fault("A count or a number is missing here.", at..<at) }
    if take("(") {
      let node = try disjunction()
      guard take(")") else { throw fault("This bracket is not closed.", start..<start + 1) }
      return node
    }
    if (48...57).contains(octets[at]) {
      var number = 0
      while at < octets.count, (48...57).contains(octets[at]) {
        let (product, overflow) = number.multipliedReportingOverflow(by: 10)
        guard !overflow, product < .max - 9 else { throw fault("Too large.", start..<at + 1) }
        number = product + Int(octets[at] - 48)
        at += 1
      }
      return .number(number)
    }
    for name in ["count", "packets", "messages"] where take(name) {
      skipBlanks()
      guard at < octets.count, octets[at] == 40 else {
        throw fault("A filter in brackets belongs behind \(name).", start..<at)
      }
      let inner = try bracket()
      let subject = Assertion.Subject(rawValue: name) ?? .packets
      return .count(try add(name, subject, inner, isAuto: name == "count"))
    }
    var end = at
    while end < octets.count, Self.isWord(octets[end]) { end += 1 }
    throw fault(
      "A count was expected here: count(FILTER), packets(FILTER) or messages(FILTER).",
      at..<max(end, at + 1))
  }

  /// The range between a bracket and its counterpart, quotes and brackets inside respected.
  private mutating func bracket() throws(FilterError) -> Range<Int> {
    let start = at
    var depth = 0
    var quote: UInt8?
    while at < octets.count {
      let octet = octets[at]
      at += 1
      if let open = quote {
        if octet == 92 { at = min(at + 1, octets.count) }
        if octet == open { quote = nil }
        continue
      }
      switch octet {
      case 34, 39: quote = octet
      case 40: depth += 1
      case 41:
        depth -= 1
        if depth == 0 { return start + 1..<at - 1 }
      default: break
      }
    }
    throw fault("This bracket is not closed.", start..<start + 1)
  }

  private mutating func add(
    _ name: String, _ subject: Assertion.Subject, _ range: Range<Int>, isAuto: Bool
  ) throws(FilterError) -> Int {
    let inner = String(decoding: octets[range], as: UTF8.self)
    let filter: DisplayFilter
    do throws(FilterError) {
      filter = try DisplayFilter(inner, index: index)
    } catch {
      throw FilterError(
        error.message, text: text,
        range: error.range.lowerBound + range.lowerBound..<error.range.upperBound
          + range.lowerBound,
        suggestions: error.suggestions, command: error.command)
    }
    let isAboutMessages = isAuto && filter.names.contains { index.isAboveTransport($0) }
    let shown = name.isEmpty ? inner : "\(name)(\(inner))"
    counts.append(
      Assertion.Count(
        text: shown, subject: isAboutMessages ? .messages : isAuto ? .packets : subject,
        filter: filter))
    return counts.count - 1
  }

  private mutating func skipBlanks() {
    while at < octets.count, octets[at] == 32 || octets[at] == 9 || octets[at] == 10 { at += 1 }
  }

  /// Moves over a word or an operator, if it is next.
  private mutating func take(_ word: String) -> Bool {
    skipBlanks()
    let wanted = Array(word.utf8)
    guard octets[at...].starts(with: wanted) else { return false }
    let end = at + wanted.count
    if Self.isWord(wanted[0]), end < octets.count, Self.isWord(octets[end]) { return false }
    at = end
    return true
  }

  private func fault(_ message: String, _ range: Range<Int>) -> FilterError {
    FilterError(
      message, text: text, range: range,
      command: "netlab assert FILE 'count(sio.event == \"message\") >= 2'")
  }
}
