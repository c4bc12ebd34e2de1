import PacketCore

/// Packets and octets in each interval of the capture's time: tshark's `-z io,stat`.
public final class Throughput: Statistic {
  /// One of the filters that have columns of their own.
  public struct Filter: Sendable {
    /// As it was written.
    public let text: String
    let predicate: any PacketPredicate

    /// - Parameters:
    ///   - text: The filter as it was written.
    ///   - predicate: The packets that its columns count.
    public init(_ text: String, _ predicate: any PacketPredicate) {
      self.text = text
      self.predicate = predicate
    }
  }

  /// Rows at most.
  public static let mostRows: Int64 = 100_000

  let interval: Interval
  let filters: [Filter]
  /// Row after row: all packets, then those of each filter.
  @exclusivity(unchecked) private(set) var cells: ContiguousArray<Traffic> = []
  /// The row counted in last, and when it begins and ends.
  @exclusivity(unchecked) private var row: Int64 = -1
  @exclusivity(unchecked) private var rowStart: Int64 = 0
  @exclusivity(unchecked) private var rowEnd: Int64 = 0
  @exclusivity(unchecked) private var last: Int64 = 0
  /// Packets whose time is before the first packet's; they count in the first row.
  @exclusivity(unchecked) private var early: UInt64 = 0
  @exclusivity(unchecked) private var isTooLong = false

  /// - Parameters:
  ///   - interval: The length of a row.
  ///   - filters: What else is counted beside all packets.
  public init(interval: Interval, filters: [Filter] = []) {
    self.interval = interval
    self.filters = filters
  }

  /// Columns of traffic: all packets and each filter.
  var width: Int { filters.count + 1 }
  /// Rows so far.
  var rows: Int { cells.count / width }

  public func take(_ dissection: borrowing Dissection, _ frame: RawSpan) {
    let time = dissection.frame.time.nanoseconds(since: dissection.firstTime)
    if time > last { last = time }
    if time < rowStart || time >= rowEnd || row < 0 { move(to: time) }
    if isTooLong { return }
    let octets = UInt64(truncatingIfNeeded: dissection.frame.originalLength)
    let place = Int(row) &* width
    cells[place].add(octets)
    var column = 1
    for filter in filters {
      if filter.predicate.matches(dissection, in: frame) { cells[place &+ column].add(octets) }
      column &+= 1
    }
  }

  /// Goes to the row that a time belongs to.
  @inline(never)
  private func move(to time: Int64) {
    if time < 0 { early &+= 1 }
    let length = interval.nanoseconds
    row = length == 0 ? 0 : max(time, 0) / length
    guard row < Self.mostRows else {
      isTooLong = true
      return
    }
    // Packets of the first row that come early are looked at again each time.
    rowStart = length == 0 ? 0 : row * length
    rowEnd = length == 0 ? .max : rowStart.addingReportingOverflow(length).partialValue
    if rowEnd < rowStart { rowEnd = .max }
    let count = (Int(row) + 1) * width
    while cells.count < count { cells.append(Traffic()) }
  }

  /// - Throws: `StatisticError` when the interval is too short for the capture.
  func check() throws {
    guard isTooLong else { return }
    let smallest = Interval.smallest(dividing: last, into: Self.mostRows)
    throw StatisticError(
      message:
        "--io \(interval) makes more than \(Self.mostRows) rows of this capture's "
        + "\(last / 1_000_000_000) s",
      remedy: "the shortest interval that works is --io \(smallest)")
  }

  public func write(to report: any Report) throws {
    try check()
    report.begin("io", "Packets and octets over time")
    report.value(
      "interval_s", "interval",
      interval.nanoseconds == 0 ? .nothing : .seconds(interval.nanoseconds)
    )
    for (index, filter) in filters.enumerated() {
      report.value("filter_\(index + 1)", "filter \(index + 1)", .text(filter.text))
    }
    if early > 0 { report.value("early_packets", "before the first", .number(early)) }
    var columns: [Table.Column] = [
      .number("start_s", "from s"), .number("packets", "packets"), .number("octets", "octets"),
    ]
    for index in filters.indices {
      columns.append(.number("packets_\(index + 1)", "packets \(index + 1)"))
      columns.append(.number("octets_\(index + 1)", "octets \(index + 1)"))
    }
    try report.table(Table("rows", "", lines: columns), count: rows) { row, add in
      add(.seconds(Int64(row) &* interval.nanoseconds))
      for column in 0..<width {
        add(.number(cells[row * width + column].packets))
        add(.number(cells[row * width + column].octets))
      }
    }
    report.end()
  }
}
