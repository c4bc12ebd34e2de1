/// How long round trips took, in fixed memory: logarithmic classes, eight to each doubling, so that
/// a percentile is right to 6 %; least and most are exact.
///
/// Up to sixteen classes are kept as they come; only what has more, as few connections do, is given
/// a histogram.
struct RoundTripSample {
  private(set) var count: UInt64 = 0
  private(set) var least: Int64 = .max
  private(set) var most: Int64 = .min
  /// The classes of the first round trips, an octet each.
  private var early: (UInt64, UInt64) = (0, 0)
  /// Place among the histograms, + 1; 0 for none.
  private var histogram: UInt32 = 0

  private static let mostEarly: UInt64 = 16

  /// Takes a round trip of so many nanoseconds; one that a clock set back made negative is taken as
  /// the shortest.
  mutating func add(_ nanoseconds: Int64, _ histograms: inout RoundTripHistograms) {
    if nanoseconds < least { least = nanoseconds }
    if nanoseconds > most { most = nanoseconds }
    let number = RoundTripHistograms.classNumber(of: nanoseconds)
    if count < Self.mostEarly {
      put(UInt8(truncatingIfNeeded: number), at: count)
    } else {
      if count == Self.mostEarly {
        histogram = histograms.make()
        if histogram != 0 {
          for index in 0..<Self.mostEarly { histograms.add(Int(at(index)), to: histogram) }
        }
      }
      if histogram != 0 { histograms.add(number, to: histogram) }
    }
    count &+= 1
  }

  /// The time that this many percent of the round trips did not exceed, right to 6 %; nil when
  /// there are none, or when no histogram was left for them.
  func percentile(_ percent: UInt64, _ histograms: borrowing RoundTripHistograms) -> Int64? {
    guard count > 0 else { return nil }
    // The nearest rank: the smallest value with so many percent at or below it.
    let rank = max((count * percent + 99) / 100, 1)
    let number: Int
    if histogram != 0 {
      number = histograms.classNumber(ofRank: rank, in: histogram)
    } else if count <= Self.mostEarly {
      let classes = (0..<count).map { at($0) }.sorted()
      number = Int(classes[Int(rank) - 1])
    } else {
      return nil
    }
    return min(max(RoundTripHistograms.middle(of: number), least), most)
  }

  private mutating func put(_ value: UInt8, at index: UInt64) {
    if index < 8 {
      early.0 |= UInt64(value) &<< (index &* 8)
    } else {
      early.1 |= UInt64(value) &<< (index &* 8 &- 64)
    }
  }

  private func at(_ index: UInt64) -> UInt8 {
    index < 8
      ? UInt8(truncatingIfNeeded: early.0 &>> (index &* 8))
      : UInt8(truncatingIfNeeded: early.1 &>> (index &* 8 &- 64))
  }
}

/// Histograms of round trips, a bounded number of them in one array.
struct RoundTripHistograms {
  /// From 128 ns to 137 s, eight classes to a doubling, and what is outside at both ends.
  static let classes = 242
  private static let lowestBit = 7
  private static let highestBit = 37
  /// 31 MiB.
  private static let most = 1 << 15

  private var counts: ContiguousArray<UInt32> = []

  /// A new histogram's number, 0 when there are enough.
  mutating func make() -> UInt32 {
    let made = counts.count / Self.classes
    guard made < Self.most else { return 0 }
    counts.append(contentsOf: repeatElement(0, count: Self.classes))
    return UInt32(made + 1)
  }

  mutating func add(_ number: Int, to histogram: UInt32) {
    let place = (Int(histogram) &- 1) &* Self.classes &+ number
    if counts[place] < .max { counts[place] &+= 1 }
  }

  /// The class that a round trip falls into.
  static func classNumber(of nanoseconds: Int64) -> Int {
    guard nanoseconds >= 1 << lowestBit else { return 0 }
    guard nanoseconds < 1 << highestBit else { return classes - 1 }
    let bit = 63 - nanoseconds.leadingZeroBitCount
    let eighth = Int(nanoseconds >> Int64(bit - 3)) & 7
    return 1 + (bit - lowestBit) * 8 + eighth
  }

  /// The time in the middle of a class.
  static func middle(of number: Int) -> Int64 {
    if number <= 0 { return 0 }
    if number >= classes - 1 { return .max }
    let bit = lowestBit + (number - 1) / 8
    let eighth = Int64((number - 1) % 8)
    let width = Int64(1) << Int64(bit - 3)
    return (8 + eighth) * width + width / 2
  }

  func classNumber(ofRank rank: UInt64, in histogram: UInt32) -> Int {
    let start = (Int(histogram) - 1) * Self.classes
    var below: UInt64 = 0
    for number in 0..<Self.classes {
      below += UInt64(counts[start + number])
      if below >= rank { return number }
    }
    return Self.classes - 1
  }
}
