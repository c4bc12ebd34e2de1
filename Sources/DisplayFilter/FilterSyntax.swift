/// A filter as it was written: the tree that the parser makes, before names and types are known.
struct FilterSyntax: Sendable {
  indirect enum Kind: Sendable {
    /// All of them hold; chains are flat, so that a long one is not a deep one.
    case and([FilterSyntax])
    case or([FilterSyntax])
    /// An odd number of them holds.
    case xor([FilterSyntax])
    case not(FilterSyntax)
    case compare(Comparison, Quantifier?, FilterSyntax, FilterSyntax, sign: Range<Int>)
    case member(Quantifier?, FilterSyntax, [Element], sign: Range<Int>)
    case arithmetic(Arithmetic, FilterSyntax, FilterSyntax, sign: Range<Int>)
    case negate(FilterSyntax)
    case slice(FilterSyntax, [SliceRange])
    case layers(FilterSyntax, [SliceRange])
    case call(name: String, at: Range<Int>, [FilterSyntax])
    /// A name, or a literal without quotes.
    case word(String)
    case string([UInt8])
    case character(UInt8)
  }

  /// One member of a set: a value, or all values from one to another.
  struct Element: Sendable {
    var first: FilterSyntax
    var last: FilterSyntax?
  }

  var kind: Kind
  /// Octets of the text.
  var range: Range<Int>
}

/// Which values of a field with several have to fulfil a comparison.
enum Quantifier: Equatable, Sendable { case any, all }

/// Part of a sequence, as `[a:b]` and its kin say it. Positions count from 0, negative ones from
/// the end.
struct SliceRange: Equatable, Sendable {
  enum End: Equatable, Sendable {
    case length(Int)
    /// The last position, itself included.
    case through(Int)
    case rest
  }

  var start: Int
  var end: End

  /// The positions that this means in a sequence of `count`; nil when they are not all there.
  func resolve(in count: Int) -> Range<Int>? {
    let first = start < 0 ? count &+ start : start
    guard first >= 0, first < count else { return nil }
    switch end {
    case .rest: return first..<count
    case .length(let length):
      guard length > 0, length <= count &- first else { return nil }
      return first..<first &+ length
    case .through(let last):
      let last = last < 0 ? count &+ last : last
      guard last >= first, last < count else { return nil }
      return first..<last &+ 1
    }
  }

  /// Whether the `number`th of `count` layers, counted from 1, is meant.
  func includes(layer number: Int, of count: Int) -> Bool {
    // `#[1-2]` may name layers that not every packet has, unlike a slice.
    let first = start < 0 ? count &+ start &+ 1 : start
    guard number >= first else { return false }
    switch end {
    case .rest: return true
    case .length(let length): return number &- first < length
    case .through(let last): return number <= (last < 0 ? count &+ last &+ 1 : last)
    }
  }
}
