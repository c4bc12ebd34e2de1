/// One word, literal or operator of a filter.
struct FilterToken: Equatable {
  enum Kind: Equatable {
    /// A name, or a literal without quotes: `tcp.port`, `10.0.0.0/8`, `00:11:22`, `443`.
    case word
    /// The octets between double quotes, escapes resolved unless it was written r"…".
    case string([UInt8])
    /// A character constant.
    case character(UInt8)
    case comparison(Comparison)
    case arithmetic(Arithmetic)
    case and, or, xor, not, any, all, `in`
    case leftParenthesis, rightParenthesis, leftBrace, rightBrace, leftBracket
    case comma, ellipsis, hash
    case end
  }

  var kind: Kind
  /// Octets of the text.
  var range: Range<Int>
}

/// The operators that compare. What `!=` and its kin mean for a field with several values is
/// decided by `negated` and `quantifier`, as Wireshark 4.0 does.
enum Comparison: Equatable, Sendable {
  case anyEqual, allNotEqual, allEqual, anyNotEqual
  case less, greater, lessOrEqual, greaterOrEqual
  case contains, matches

  static let words: [String: Comparison] = [
    "eq": .anyEqual, "any_eq": .anyEqual, "ne": .allNotEqual, "all_ne": .allNotEqual,
    "all_eq": .allEqual, "any_ne": .anyNotEqual, "lt": .less, "gt": .greater, "le": .lessOrEqual,
    "ge": .greaterOrEqual, "contains": .contains, "matches": .matches,
  ]
}

/// The operators that compute.
enum Arithmetic: Equatable, Sendable {
  case bitwiseAnd, add, subtract, multiply, divide, remainder

  /// Higher binds tighter.
  var precedence: Int {
    switch self {
    case .bitwiseAnd: 6
    case .add, .subtract: 7
    case .multiply, .divide, .remainder: 8
    }
  }

  var sign: String {
    switch self {
    case .bitwiseAnd: "&"
    case .add: "+"
    case .subtract: "-"
    case .multiply: "*"
    case .divide: "/"
    case .remainder: "%"
    }
  }
}
