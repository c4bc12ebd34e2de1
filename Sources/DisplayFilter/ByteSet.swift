/// A set of octet values.
struct ByteSet: Hashable, Sendable {
  private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

  init() {}

  init(_ octets: some Sequence<UInt8>) {
    for octet in octets { insert(octet) }
  }

  static let all = ByteSet(UInt8.min...UInt8.max)
  static let digits = ByteSet(48...57)
  static let lower = ByteSet(97...122)
  static let upper = ByteSet(65...90)
  static let letters = lower.union(upper)
  /// `\w`.
  static let word = letters.union(digits).union(ByteSet([95]))
  /// `\s`.
  static let space = ByteSet([9, 10, 11, 12, 13, 32])
  static let newline = ByteSet([10])

  func contains(_ octet: UInt8) -> Bool {
    let bit = UInt64(1) &<< UInt64(octet & 63)
    switch octet >> 6 {
    case 0: return words.0 & bit != 0
    case 1: return words.1 & bit != 0
    case 2: return words.2 & bit != 0
    default: return words.3 & bit != 0
    }
  }

  mutating func insert(_ octet: UInt8) {
    let bit = UInt64(1) &<< UInt64(octet & 63)
    switch octet >> 6 {
    case 0: words.0 |= bit
    case 1: words.1 |= bit
    case 2: words.2 |= bit
    default: words.3 |= bit
    }
  }

  func union(_ other: ByteSet) -> ByteSet {
    var result = self
    result.words.0 |= other.words.0
    result.words.1 |= other.words.1
    result.words.2 |= other.words.2
    result.words.3 |= other.words.3
    return result
  }

  var inverted: ByteSet {
    var result = self
    result.words = (~words.0, ~words.1, ~words.2, ~words.3)
    return result
  }

  /// The set with both cases of each ASCII letter in it.
  var caseless: ByteSet {
    var result = self
    for letter in UInt8(97)...122 {
      if contains(letter) { result.insert(letter - 32) }
      if contains(letter - 32) { result.insert(letter) }
    }
    return result
  }

  static func == (left: ByteSet, right: ByteSet) -> Bool { left.words == right.words }

  func hash(into hasher: inout Hasher) {
    hasher.combine(words.0)
    hasher.combine(words.1)
    hasher.combine(words.2)
    hasher.combine(words.3)
  }
}
