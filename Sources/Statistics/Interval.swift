/// How long a row of the I/O statistics is: `1s`, `100ms`, `500us`, `1m`, and `0` for the whole
/// capture. A number alone is seconds, as in tshark's `-z io,stat,0.5`.
public struct Interval: Sendable, Equatable {
  /// Nanoseconds; 0 for the whole capture.
  public let nanoseconds: Int64

  /// - Parameter nanoseconds: 0 for the whole capture.
  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  private static let units: [(name: String, nanoseconds: Int64)] = [
    ("ns", 1), ("us", 1000), ("µs", 1000), ("ms", 1_000_000), ("s", 1_000_000_000),
    ("m", 60_000_000_000), ("min", 60_000_000_000), ("h", 3_600_000_000_000),
    ("", 1_000_000_000),
  ]

  /// Nil when it cannot be understood, or is longer than 292 years.
  public init?(_ text: String) {
    let number = text.prefix { $0.isNumber || $0 == "." }
    let parts = number.split(separator: ".", omittingEmptySubsequences: false)
    guard let unit = Self.units.first(where: { $0.name == text.dropFirst(number.count) }),
      (1...2).contains(parts.count), let whole = Int64(parts[0]),
      case let (product, overflow) = whole.multipliedReportingOverflow(by: unit.nanoseconds),
      !overflow
    else { return nil }
    var sum = product
    if parts.count == 2 {
      guard !parts[1].isEmpty, parts[1].count <= 9, let decimals = Int64(parts[1]) else {
        return nil
      }
      var scale: Int64 = 1
      for _ in parts[1] { scale *= 10 }
      // Decimals beyond a nanosecond are nothing.
      let (part, overflow) = decimals.multipliedReportingOverflow(by: unit.nanoseconds)
      guard !overflow else { return nil }
      sum = sum.addingReportingOverflow(part / scale).partialValue
      guard sum >= 0, sum > 0 || decimals == 0 else { return nil }
    }
    nanoseconds = sum
  }

  /// The shortest interval with a round number that divides a time into so many rows at most.
  static func smallest(dividing nanoseconds: Int64, into rows: Int64) -> Interval {
    var step: Int64 = 1
    while true {
      for factor in [1, 2, 5] as [Int64] {
        let (length, overflow) = step.multipliedReportingOverflow(by: factor)
        if overflow || nanoseconds / length < rows { return Interval(nanoseconds: length) }
      }
      let (next, overflow) = step.multipliedReportingOverflow(by: 10)
      if overflow { return Interval(nanoseconds: .max) }
      step = next
    }
  }
}

extension Interval: CustomStringConvertible {
  /// In the largest unit that divides it, in the form that `init(_:)` takes.
  public var description: String {
    for (name, length) in Self.units.dropLast().reversed()
    where name != "µs" && name != "min" && nanoseconds % length == 0 {
      return nanoseconds == 0 ? "0" : "\(nanoseconds / length)\(name)"
    }
    return "0"
  }
}
