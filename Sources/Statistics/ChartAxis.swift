import Glibc

/// One axis of a chart: where values stand, and which of them are marked.
struct ChartAxis {
  let least: Double
  let most: Double
  let isLogarithmic: Bool
  /// Values that are marked.
  let ticks: [Double]

  /// From 0 to a round number at or above the largest value.
  init(upTo largest: Double) {
    let step = Self.roundStep(largest > 0 ? largest : 1)
    least = 0
    most = (max(largest, step) / step).rounded(.up) * step
    isLogarithmic = false
    ticks = Array(stride(from: 0, through: most + step / 2, by: step))
  }

  /// From 0 to the largest value exactly: an axis of time.
  init(time largest: Double) {
    least = 0
    most = largest > 0 ? largest : 1
    isLogarithmic = false
    let step = Self.roundStep(most)
    ticks = Array(stride(from: 0, through: most, by: step))
  }

  /// Whole decades around the values, which are above 0.
  init(decadesFrom smallest: Double, to largest: Double) {
    let low = log10(max(smallest, 1e-9)).rounded(.down)
    let high = max(log10(max(largest, 1e-9)).rounded(.up), low + 1)
    least = low
    most = high
    isLogarithmic = true
    ticks = stride(from: low, through: high, by: 1).map { pow(10, $0) }
  }

  /// Where a value stands, from 0 to 1.
  func position(_ value: Double) -> Double {
    let place = isLogarithmic ? log10(max(value, 1e-9)) : value
    return min(max((place - least) / (most - least), 0), 1)
  }

  /// 1, 2 or 5 times a power of ten, such that five to ten of them reach the value.
  private static func roundStep(_ value: Double) -> Double {
    let power = pow(10, log10(value / 5).rounded(.down))
    for factor in [1, 2, 5] as [Double] where value / (power * factor) <= 10 {
      return power * factor
    }
    return power * 10
  }

  /// A number in few characters: `1.5 k`, `20 M`, `300 µ`.
  static func label(_ value: Double) -> String {
    if value == 0 { return "0" }
    let prefixes: [(Double, String)] = [
      (1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k"), (1, ""), (1e-3, " m"), (1e-6, " µ"),
      (1e-9, " n"),
    ]
    let (scale, prefix) = prefixes.first { value >= $0.0 * 0.9999999 } ?? (1e-9, " n")
    return decimal(value / scale) + prefix
  }

  /// A number with up to three decimals.
  static func decimal(_ value: Double) -> String {
    let thousandths = Int64(min(max((value * 1000).rounded(), -1e15), 1e15))
    let (whole, rest) = thousandths.magnitude.quotientAndRemainder(dividingBy: 1000)
    var text = (thousandths < 0 ? "-" : "") + String(whole)
    if rest > 0 {
      var decimals = String(rest + 1000).dropFirst()
      while decimals.hasSuffix("0") { decimals = decimals.dropLast() }
      text += "." + decimals
    }
    return text
  }
}
