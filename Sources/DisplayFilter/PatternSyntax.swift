/// A regular expression as a tree.
indirect enum PatternSyntax: Equatable {
  case empty
  case octet(ByteSet)
  case assertion(PatternAssertion)
  case sequence([PatternSyntax])
  case choice([PatternSyntax])
  /// `most` nil: no upper bound.
  case repeated(PatternSyntax, least: Int, most: Int?)

  /// Instructions that this compiles to, saturating; 0 only where it always matches nothing.
  var size: Int {
    switch self {
    case .empty: 0
    case .octet, .assertion: 1
    case .sequence(let parts): parts.reduce(0) { Self.sum($0, $1.size) }
    case .choice(let parts): parts.reduce(0) { Self.sum($0, $1.size + 2) }
    case .repeated(let part, let least, let most):
      Self.repeatedSize(part.size, least, most)
    }
  }

  /// The copies that have to be, then those that may be, each behind a fork.
  private static func repeatedSize(_ size: Int, _ least: Int, _ most: Int?) -> Int {
    guard size > 0 else { return 0 }
    let optional = most.map { product(size + 1, $0 - least) } ?? size + 2
    return sum(product(size, least), optional)
  }

  private static let ceiling = 1 << 40
  private static func sum(_ left: Int, _ right: Int) -> Int { min(left + right, ceiling) }
  private static func product(_ left: Int, _ right: Int) -> Int {
    right > 0 && left > ceiling / right ? ceiling : left * right
  }
}

/// What a pattern can require of a place between two octets.
enum PatternAssertion: Sendable, Equatable {
  /// `^` and `\A`.
  case textStart
  /// `^` under (?m).
  case lineStart
  /// `\z`.
  case textEnd
  /// `$` and `\Z`: the end, or before a newline that is the last octet.
  case finalEnd
  /// `$` under (?m).
  case lineEnd
  case wordBoundary
  case notWordBoundary
}

/// What stands before a place: all that assertions want to know of it.
enum Before: UInt8, Hashable, Sendable {
  case start, word, newline, other

  init(_ octet: UInt8) {
    self = octet == 10 ? .newline : ByteSet.word.contains(octet) ? .word : .other
  }
}

/// What stands after a place.
enum After: UInt8, Sendable {
  case end, word, newline, other
  /// A newline that is the last octet.
  case finalNewline

  init(_ octet: UInt8) {
    self = octet == 10 ? .newline : ByteSet.word.contains(octet) ? .word : .other
  }
}

extension PatternAssertion {
  func holds(_ before: Before, _ after: After) -> Bool {
    switch self {
    case .textStart: before == .start
    // PCRE: a newline that ends the text begins no line.
    case .lineStart: before == .start || before == .newline && after != .end
    case .textEnd: after == .end
    case .finalEnd: after == .end || after == .finalNewline
    case .lineEnd: after == .end || after == .newline || after == .finalNewline
    case .wordBoundary: (before == .word) != (after == .word)
    case .notWordBoundary: (before == .word) == (after == .word)
    }
  }
}
