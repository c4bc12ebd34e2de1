import PacketCore
import Protocols

/// Who talked to whom, and how much: tshark's `-z conv,…` and `-z endpoints,…`. Packets are counted
/// in each layer that names two ends, those inside a tunnel in the outer and the inner one; packets
/// that another packet quotes are not counted.
public final class Conversations: Statistic {
  private let conversationKinds: [ConversationKind]
  private let endpointKinds: [ConversationKind]
  // Used by one thread only, for every packet.
  @exclusivity(unchecked) private var ethernet: ConversationTable
  @exclusivity(unchecked) private var ipv4: ConversationTable
  @exclusivity(unchecked) private var ipv6: ConversationTable
  @exclusivity(unchecked) private var tcp: ConversationTable
  @exclusivity(unchecked) private var udp: ConversationTable
  private let countsEthernet: Bool
  private let countsIPv4: Bool
  private let countsIPv6: Bool
  private let countsTCP: Bool
  private let countsUDP: Bool

  /// - Parameters:
  ///   - conversations: The kinds to write conversations of; those that do not occur are left out
  ///     when all were asked for.
  ///   - endpoints: The kinds to write endpoints of, likewise.
  ///   - limits: `connections` bounds TCP, `exchanges` the other kinds; what comes after that many
  ///     is counted together.
  public init(
    conversations: [ConversationKind], endpoints: [ConversationKind], limits: Limits = Limits()
  ) {
    conversationKinds = conversations
    endpointKinds = endpoints
    ethernet = ConversationTable(.ethernet, limits: limits)
    ipv4 = ConversationTable(.ipv4, limits: limits)
    ipv6 = ConversationTable(.ipv6, limits: limits)
    tcp = ConversationTable(.tcp, limits: limits)
    udp = ConversationTable(.udp, limits: limits)
    let counted = Set(conversations + endpoints)
    countsEthernet = counted.contains(.ethernet)
    countsIPv4 = counted.contains(.ipv4)
    countsIPv6 = counted.contains(.ipv6)
    countsTCP = counted.contains(.tcp)
    countsUDP = counted.contains(.udp)
  }

  public func take(_ dissection: borrowing Dissection, _ frame: RawSpan) {
    let layers = dissection.layers
    let octets = UInt64(truncatingIfNeeded: dissection.frame.originalLength)
    let time = dissection.frame.time.nanoseconds(since: dissection.firstTime)
    // Of the innermost IP header, with what a routing header or a home address option says.
    var inner = Ends(
      source: dissection.endpoints.source, destination: dissection.endpoints.destination)
    for record in layers {
      // A packet that is quoted did not go this way.
      if record.isQuoted { return }
      if record.isPart { continue }
      let type = ObjectIdentifier(record.type)
      if type == ObjectIdentifier(TCP.self) {
        guard countsTCP, let note = dissection.note(of: TCP.self, record) else { continue }
        inner.readPorts(record, dissection, frame)
        tcp.count(inner, stream: note.stream, octets: octets, at: time)
      } else if type == ObjectIdentifier(IPv4.self) {
        guard countsIPv4 else { continue }
        var ends = Ends(ipv4: record, dissection, frame)
        // RFC 791 section 3.1: a source route holds the true destination, which is named.
        if record.headerLength > 20, ends.source == inner.source {
          ends.destination = inner.destination
        }
        ipv4.count(ends, octets: octets, at: time)
      } else if type == ObjectIdentifier(Ethernet.self) {
        guard countsEthernet else { continue }
        ethernet.count(Ends(ethernet: record, dissection, frame), octets: octets, at: time)
      } else if type == ObjectIdentifier(UDP.self) {
        guard countsUDP else { continue }
        inner.readPorts(record, dissection, frame)
        udp.count(inner, octets: octets, at: time)
      } else if type == ObjectIdentifier(IPv6.self) {
        guard countsIPv6 else { continue }
        ipv6.count(Ends(ipv6: record, dissection, frame), octets: octets, at: time)
      }
    }
  }

  /// The tables of the kinds that were counted.
  func table(_ kind: ConversationKind) -> ConversationTable {
    switch kind {
    case .ethernet: ethernet
    case .ipv4: ipv4
    case .ipv6: ipv6
    case .tcp: tcp
    case .udp: udp
    }
  }

  // MARK: The report

  public func write(to report: any Report) throws {
    if !conversationKinds.isEmpty {
      report.begin("conversations", "Conversations")
      for kind in conversationKinds where isShown(kind, of: conversationKinds) {
        try writeConversations(kind, to: report)
      }
      report.end()
    }
    if !endpointKinds.isEmpty {
      report.begin("endpoints", "Endpoints")
      for kind in endpointKinds where isShown(kind, of: endpointKinds) {
        try writeEndpoints(kind, to: report)
      }
      report.end()
    }
  }

  /// A kind that does not occur is shown, empty, only to who asked for it.
  private func isShown(_ kind: ConversationKind, of kinds: [ConversationKind]) -> Bool {
    kinds.count < ConversationKind.allCases.count || table(kind).table.count > 0
  }

  private func writeConversations(_ kind: ConversationKind, to report: any Report) throws {
    let table = table(kind)
    let entries = table.table.entries
    let order = entries.indices.sorted {
      let (one, other) = (entries[$0].value.total.octets, entries[$1].value.total.octets)
      return one != other ? one > other : $0 < $1
    }
    let isTCP = kind == .tcp
    // An end's own line says what it sent; the first also the whole, the second the times.
    let first: [Table.Column] = [
      .words("a", "end A", hasPort: kind.hasPorts), .number("packets_a_to_b", "packets A→B"),
      .number("octets_a_to_b", "octets A→B"), .number("packets", "packets"),
      .number("octets", "octets"),
    ]
    let second: [Table.Column] = [
      .words("b", "end B", hasPort: kind.hasPorts), .number("packets_b_to_a", "packets B→A"),
      .number("octets_b_to_a", "octets B→A"), .number("start_s", "start s"),
      .number("duration_s", "duration s"),
    ]
    let columns = Table(
      kind.rawValue, "\(kind.title) conversations",
      lines: (isTCP ? [.number("stream", "stream")] : []) + first,
      (isTCP ? [nil] : []) + second)
    try report.table(columns, count: order.count) { index, add in
      let (key, conversation) = entries[order[index]]
      let ends = conversation.beganHigh ? key.ends.reversed : key.ends
      let out = conversation.beganHigh ? conversation.fromHigh : conversation.fromLow
      let back = conversation.beganHigh ? conversation.fromLow : conversation.fromHigh
      if isTCP { add(.number(UInt64(key.stream))) }
      add(.end(ends.source, port: kind.hasPorts ? ends.sourcePort : nil))
      add(.number(out.packets))
      add(.number(out.octets))
      add(.number(conversation.total.packets))
      add(.number(conversation.total.octets))
      add(.end(ends.destination, port: kind.hasPorts ? ends.destinationPort : nil))
      add(.number(back.packets))
      add(.number(back.octets))
      add(.seconds(conversation.first))
      add(.seconds(conversation.last &- conversation.first))
    }
    writeLeftOut(table, to: report)
  }

  /// Says that the table was full, when it was.
  func writeLeftOut(_ table: ConversationTable, to report: any Report) {
    guard table.leftOut.packets > 0 else { return }
    let name = table.kind.rawValue
    report.value("\(name)_limit", "conversations kept", .number(UInt64(table.table.count)))
    report.value("\(name)_packets_left_out", "packets left out", .number(table.leftOut.packets))
    report.value("\(name)_octets_left_out", "octets left out", .number(table.leftOut.octets))
  }
}
