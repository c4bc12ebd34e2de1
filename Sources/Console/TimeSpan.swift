import ArgumentParser

/// A length of time on the command line: `300ms`, `25s`, `10m`, `24h`, `7d`.
package struct TimeSpan: ExpressibleByArgument, Equatable, CustomStringConvertible {
  /// At least 0, at most a hundred years.
  package let milliseconds: Int64

  package init(milliseconds: Int64) { self.milliseconds = milliseconds }

  private static let units: [(name: String, milliseconds: Int64)] = [
    ("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
  ]
  private static let longest: Int64 = 36_525 * 86_400_000

  /// - Returns: Nil for anything but a number, with decimals where wanted, and a unit.
  package init?(argument: String) {
    let digits = argument.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let name = argument.dropFirst(digits.count)
    guard let unit = Self.units.first(where: { $0.name == name }),
      let number = Double(digits), number.isFinite
    else { return nil }
    let milliseconds = number * Double(unit.milliseconds)
    guard milliseconds <= Double(Self.longest), milliseconds == milliseconds.rounded() else {
      return nil
    }
    self.milliseconds = Int64(milliseconds)
  }

  package var description: String {
    let unit =
      Self.units.last { milliseconds % $0.milliseconds == 0 && milliseconds >= $0.milliseconds }
      ?? ("ms", 1)
    return "\(milliseconds / unit.milliseconds)\(unit.name)"
  }

  package var defaultValueDescription: String { description }
}
