import PacketCore

/// What a capture is about, in a few lines: its length, rates, protocols, conversations and
/// findings. What is shown when nothing is asked for.
public final class Overview: Statistic {
  private let source: String
  private let hierarchy = Hierarchy()
  private let conversations: Conversations
  private let expert = Expert()
  @exclusivity(unchecked) private var traffic = Traffic()
  @exclusivity(unchecked) private var captured: UInt64 = 0
  @exclusivity(unchecked) private var first: Timestamp?
  @exclusivity(unchecked) private var last = Timestamp(seconds: 0, nanoseconds: 0)

  /// - Parameters:
  ///   - source: The capture.
  ///   - limits: Bounds what is kept.
  public init(source: String, limits: Limits = Limits()) {
    self.source = source
    conversations = Conversations(
      conversations: ConversationKind.allCases, endpoints: [], limits: limits)
  }

  public func take(_ dissection: borrowing Dissection, _ frame: RawSpan) {
    let header = dissection.frame
    traffic.add(UInt64(truncatingIfNeeded: header.originalLength))
    captured &+= UInt64(truncatingIfNeeded: header.capturedLength)
    if let first {
      if header.time < first { self.first = header.time }
      if header.time > last { last = header.time }
    } else {
      first = header.time
      last = header.time
    }
    hierarchy.take(dissection, frame)
    conversations.take(dissection, frame)
    expert.take(dissection, frame)
  }

  public func write(to report: any Report) throws {
    report.begin("overview", "Overview")
    report.value("file", "file", .text(source))
    report.value("packets", "packets", .number(traffic.packets))
    report.value("octets", "octets", .number(traffic.octets))
    if captured != traffic.octets {
      report.value("captured_octets", "octets captured", .number(captured))
    }
    if let first {
      let duration = last.nanoseconds(since: first)
      report.value("first", "first packet", .moment(first))
      report.value("duration_s", "duration", .seconds(duration))
      if duration > 0 {
        report.value(
          "packets_per_second", "packets a second", .number(rate(traffic.packets, duration)))
        report.value("bits_per_second", "bits a second", .number(rate(traffic.octets, duration, 8)))
      }
      report.value(
        "octets_per_packet", "octets a packet", .number(traffic.octets / traffic.packets))
    }
    var names: [String] = []
    for place in hierarchy.order where !names.contains(hierarchy.nodes[place].name) {
      names.append(hierarchy.nodes[place].name)
    }
    report.value("protocols", "protocols", .list(names))
    for kind in ConversationKind.allCases {
      let table = conversations.table(kind)
      let count = UInt64(table.table.count)
      guard count > 0 else { continue }
      report.value("\(kind.rawValue)_conversations", "\(kind.title) conversations", .number(count))
      conversations.writeLeftOut(table, to: report)
    }
    for (severity, key, title) in Expert.severities where severity != .comment {
      report.value(key, title.lowercased(), .number(expert.count(severity)))
    }
    report.end()
  }

  /// So many things in so many nanoseconds, a second.
  private func rate(_ count: UInt64, _ nanoseconds: Int64, _ factor: Double = 1) -> UInt64 {
    let rate = (Double(count) * factor / Double(nanoseconds) * 1e9).rounded()
    return UInt64(min(max(rate, 0), 1e18))
  }
}
