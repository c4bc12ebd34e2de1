/// Values over time, or over something else, ready to be drawn.
public struct Chart {
  /// One line of a chart.
  public struct Series {
    var name: String
    /// In the order of time; each reaches to the next.
    var points: [Point]

    /// - Parameter points: From left to right: places on the horizontal axis, and values.
    public init(name: String, points: [(place: Double, value: Double)]) {
      self.init(name: name, points: points.map { Point(time: $0.place, value: $0.value) })
    }

    init(name: String, points: [Point]) {
      self.name = name
      self.points = points
    }
  }

  /// A value at a time, and between which values those lie that it stands for.
  struct Point {
    var time: Double
    var value: Double
    var least: Double
    var most: Double

    init(time: Double, value: Double, least: Double? = nil, most: Double? = nil) {
      self.time = time
      self.value = value
      self.least = least ?? value
      self.most = most ?? value
    }
  }

  /// The heading.
  var title: String
  /// What is to be seen, for those who cannot.
  var summary: String
  /// What the vertical axis counts, with its unit.
  var unit: String
  /// Whether the vertical axis is logarithmic.
  var isLogarithmic = false
  /// Put behind the numbers of the vertical axis.
  var suffix = ""
  /// Seconds that each point stands for, when they are drawn as the steps of a line; otherwise each
  /// point stands alone with its span.
  var step: Double?
  /// What the horizontal axis counts.
  var axis = "seconds since the first packet"
  /// Points are joined by straight lines.
  var isLine = false
  var series: [Series]
}

extension Chart {
  /// Lines over something that is not time.
  ///
  /// - Parameters:
  ///   - title: The heading.
  ///   - summary: What is to be seen, for those who cannot.
  ///   - unit: What the vertical axis counts.
  ///   - axis: What the horizontal axis counts, from 0.
  public init(title: String, summary: String, unit: String, axis: String, lines: [Series]) {
    self.init(
      title: title, summary: summary, unit: unit, axis: axis, isLine: true, series: lines)
  }
}

/// A statistic that can be drawn.
public protocol Charted: Statistic {
  /// What was counted, over time.
  /// - Throws: `StatisticError` when there is too much of it.
  func charts() throws -> [Chart]
}

extension Throughput: Charted {
  /// Points that a chart is wide enough for.
  private static let points = 600

  public func charts() throws -> [Chart] {
    try check()
    // Rows are joined until there is a point for each of them.
    let joined = max((rows + Self.points - 1) / Self.points, 1)
    let length = Double(interval.nanoseconds) / 1e9 * Double(joined)
    let names = ["all packets"] + filters.map(\.text)
    func series(_ value: (Traffic) -> UInt64) -> [Chart.Series] {
      names.enumerated().map { column, name in
        let points = stride(from: 0, to: rows, by: joined).map { first in
          var sum: UInt64 = 0
          for row in first..<min(first + joined, rows) {
            sum &+= value(cells[row * width + column])
          }
          let time = Double(first / joined) * length
          return Chart.Point(time: time, value: length > 0 ? Double(sum) / length : Double(sum))
        }
        return Chart.Series(name: name, points: points)
      }
    }
    let step = interval.nanoseconds == 0 ? "the whole capture" : "\(interval)"
    let per = interval.nanoseconds == 0 ? "" : " a second"
    let note = joined > 1 ? ", the mean of \(joined) intervals a point" : ""
    return [
      Chart(
        title: "Throughput, octets\(per)",
        summary: "Octets\(per) in intervals of \(step)\(note).", unit: "octets\(per)", step: length,
        series: series(\.octets)),
      Chart(
        title: "Throughput, packets\(per)",
        summary: "Packets\(per) in intervals of \(step)\(note).", unit: "packets\(per)",
        step: length,
        series: series(\.packets)),
    ]
  }
}

extension RoundTrips: Charted {
  public func charts() -> [Chart] {
    let length = Double(series.length) / 1e9
    let points = series.slots.enumerated().compactMap { place, slot -> Chart.Point? in
      guard slot.count > 0 else { return nil }
      // A logarithmic axis has no zero; a round trip below a microsecond is drawn as one.
      func drawn(_ nanoseconds: Double) -> Double { max(nanoseconds / 1e9, 1e-6) }
      return Chart.Point(
        time: (Double(place) + 0.5) * length, value: drawn(slot.mean),
        least: drawn(Double(slot.least)), most: drawn(Double(slot.most)))
    }
    return [
      Chart(
        title: "TCP round-trip times",
        summary: "Time from a segment to its acknowledgment, over all connections: a point is the "
          + "mean of \(Interval(nanoseconds: series.length).milliseconds), its bar reaches from the "
          + "least to the most.",
        unit: "time to the acknowledgment", isLogarithmic: true, suffix: "s",
        series: [Chart.Series(name: "mean, with least and most", points: points)])
    ]
  }
}

extension Interval {
  /// In milliseconds, in words.
  fileprivate var milliseconds: String {
    let hundredths = nanoseconds / 10_000
    let fraction = hundredths % 100
    return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction) ms"
  }
}
