import PacketCore
import Protocols

/// How long TCP waited for acknowledgments, connection by connection and way by way: the time from
/// a segment to the acknowledgment of its last octet, Wireshark's `tcp.analysis.ack_rtt`, and the
/// handshake's, `tcp.analysis.initial_rtt`.
///
/// A round trip belongs to the end that waited. Seen from where the capture was made it is the way
/// from there to the other end and back, not the whole one.
public final class RoundTrips: Statistic {
  private struct Stream: TableKey {
    var number: UInt32
    var hash: UInt64 { UInt64(number) &* 0x9E37_79B9_7F4A_7C15 }
  }

  /// What was seen of one connection; A is the end that sent the first packet.
  private struct Connection {
    let ends: Ends
    var initial: Int64 = 0
    var waitsOfA = RoundTripSample()
    var waitsOfB = RoundTripSample()
    var resentByA: UInt32 = 0
    var resentByB: UInt32 = 0
  }

  @exclusivity(unchecked) private var connections: BoundedTable<Stream, Connection>
  @exclusivity(unchecked) private var histograms = RoundTripHistograms()
  @exclusivity(unchecked) private var all = RoundTripSample()
  @exclusivity(unchecked) private(set) var series = TimeSeries()
  @exclusivity(unchecked) private(set) var lastTime: Int64 = 0
  /// Segments of connections that found no room.
  @exclusivity(unchecked) private var leftOut: UInt64 = 0

  /// - Parameter limits: `connections` bounds what is kept.
  public init(limits: Limits = Limits()) {
    connections = BoundedTable(limit: limits.connections)
  }

  public func take(_ dissection: borrowing Dissection, _ frame: RawSpan) {
    for record in dissection.layers {
      if record.isQuoted { return }
      guard record.is(TCP.self) else { continue }
      guard let note = dissection.note(of: TCP.self, record) else { return }
      var ends = Ends(
        source: dissection.endpoints.source, destination: dissection.endpoints.destination)
      ends.readPorts(record, dissection, frame)
      let time = dissection.frame.time.nanoseconds(since: dissection.firstTime)
      take(note, ends, at: time)
      return
    }
  }

  private func take(_ note: TCPNote, _ ends: Ends, at time: Int64) {
    guard
      let place = connections.position(
        of: Stream(number: note.stream), orAppend: Connection(ends: ends))
    else {
      leftOut &+= 1
      return
    }
    if time > lastTime { lastTime = time }
    let isFromA = connections[place].ends == ends
    if note.initialRoundTrip != 0 { connections[place].initial = note.initialRoundTrip }
    if !note.flags.isDisjoint(with: [
      .retransmission, .fastRetransmission, .spuriousRetransmission,
    ]) {
      if isFromA {
        connections[place].resentByA &+= 1
      } else {
        connections[place].resentByB &+= 1
      }
    }
    guard note.ackedFrame != 0 else { return }
    all.add(note.ackRoundTrip, &histograms)
    series.add(note.ackRoundTrip, at: time)
    // Whoever acknowledges ends the other's wait.
    if isFromA {
      connections[place].waitsOfB.add(note.ackRoundTrip, &histograms)
    } else {
      connections[place].waitsOfA.add(note.ackRoundTrip, &histograms)
    }
  }

  public func write(to report: any Report) throws {
    report.begin("rtt", "TCP round-trip times")
    report.value("connections", "connections", .number(UInt64(connections.count)))
    report.value("round_trips", "round trips", .number(all.count))
    let numbers: [(String, String, Value)] = [
      ("min_s", "least", .milliseconds(all.count > 0 ? all.least : 0)),
      ("median_s", "median", percentile(50, all)),
      ("p95_s", "95 % within", percentile(95, all)),
      ("max_s", "most", .milliseconds(all.count > 0 ? all.most : 0)),
    ]
    for (key, title, value) in numbers where all.count > 0 { report.value(key, title, value) }
    report.value("percentile_error_percent", "percentiles, ± %", .number(6))
    let first: [Table.Column] = [
      .number("stream", "stream"), .words("a", "end A waits for B", hasPort: true),
    ]
    let second: [Table.Column] = [
      .number("initial_s", "first ms"), .words("b", "end B waits for A", hasPort: true),
    ]
    let table = Table(
      "connections_by_stream", "", lines: first + columns("a"), second + columns("b"))
    let entries = connections.entries
    try report.table(table, count: entries.count) { index, add in
      let (stream, connection) = entries[index]
      add(.number(UInt64(stream.number)))
      add(.end(connection.ends.source, port: connection.ends.sourcePort))
      write(connection.waitsOfA, connection.resentByA, add)
      add(connection.initial == 0 ? .nothing : .milliseconds(connection.initial))
      add(.end(connection.ends.destination, port: connection.ends.destinationPort))
      write(connection.waitsOfB, connection.resentByB, add)
    }
    if leftOut > 0 { report.value("packets_left_out", "packets left out", .number(leftOut)) }
    report.end()
  }

  private func columns(_ end: String) -> [Table.Column] {
    [
      .number("\(end)_count", "count"), .number("\(end)_min_s", "least"),
      .number("\(end)_median_s", "median"), .number("\(end)_p95_s", "95 %"),
      .number("\(end)_max_s", "most ms"), .number("\(end)_retransmissions", "resent"),
    ]
  }

  private func write(_ sample: RoundTripSample, _ resent: UInt32, _ add: (Value) -> Void) {
    add(.number(sample.count))
    add(sample.count == 0 ? .nothing : .milliseconds(sample.least))
    add(percentile(50, sample))
    add(percentile(95, sample))
    add(sample.count == 0 ? .nothing : .milliseconds(sample.most))
    add(.number(UInt64(resent)))
  }

  private func percentile(_ percent: UInt64, _ sample: RoundTripSample) -> Value {
    sample.percentile(percent, histograms).map { .milliseconds($0) } ?? .nothing
  }
}
