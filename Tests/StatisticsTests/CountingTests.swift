import PacketCore
import Protocols
import Testing

@testable import Statistics

@Suite struct CountingTests {
  /// What different statistics say of one capture agrees.
  @Test(arguments: CountedCapture.names) func theSumsAgree(_ name: String) throws {
    let conversations = Conversations(
      conversations: ConversationKind.allCases, endpoints: ConversationKind.allCases)
    let hierarchy = Hierarchy()
    let throughput = Throughput(interval: Interval(nanoseconds: 500_000_000))
    let overview = Overview(source: name)
    try CountedCapture.count(name, conversations, hierarchy, throughput, overview)
    let all = try CountedCapture.json(overview).object("overview")

    let nodes = hierarchy.nodes
    for place in nodes.indices {
      let below = nodes.indices.filter { nodes[$0].parent == Int32(place) }
      let sum = below.reduce(Traffic()) { $0 + nodes[$1].traffic }
      // A packet of several messages stands below more than one.
      for child in below { #expect(nodes[child].traffic.packets <= nodes[place].traffic.packets) }
      if place == 0 { #expect(sum.packets == UInt64(all.number("packets"))) }
    }
    let io = try CountedCapture.json(throughput).object("io").rows("rows")
    #expect(io.reduce(0) { $0 + $1.number("packets") } == all.number("packets"))
    #expect(io.reduce(0) { $0 + $1.number("octets") } == all.number("octets"))

    let report = try CountedCapture.json(conversations)
    for kind in ConversationKind.allCases {
      let rows = report.object("conversations").rows(kind.rawValue)
      let ends = report.object("endpoints").rows(kind.rawValue)
      for measure in ["packets", "octets"] {
        let sum = rows.reduce(0) { $0 + $1.number(measure) }
        #expect(ends.reduce(0) { $0 + $1.number(measure) } == 2 * sum)
        #expect(ends.reduce(0) { $0 + $1.number(measure + "_sent") } == sum)
        for row in rows {
          let ways = row.number(measure + "_a_to_b") + row.number(measure + "_b_to_a")
          #expect(ways == row.number(measure))
        }
      }
      #expect(rows.map { $0.number("octets") } == rows.map { $0.number("octets") }.sorted(by: >))
    }
  }

  @Test func aFullTableLeavesTheRestOut() throws {
    var limits = Limits()
    limits.exchanges = 3
    let conversations = Conversations(conversations: [.udp], endpoints: [], limits: limits)
    let packets = (0..<5).map { number in
      (datagram(ports: (UInt16(1000 + number), 53)), Timestamp(seconds: 1, nanoseconds: 0))
    }
    CountedCapture.count(packets + packets, conversations)
    let json = try CountedCapture.json(conversations).object("conversations")
    #expect(json.rows("udp").map { $0.number("packets") } == [2, 2, 2])
    #expect(json.number("udp_limit") == 3)
    #expect(json.number("udp_packets_left_out") == 4)
    #expect(json.number("udp_octets_left_out") == 4 * 62)
  }

  /// A stands for who sent first, whichever address is the lower.
  @Test func theFirstSenderStandsFirst() throws {
    let conversations = Conversations(conversations: [.udp, .ipv4, .ethernet], endpoints: [])
    let times = (0..<3).map { Timestamp(seconds: 10 + $0, nanoseconds: 500) }
    CountedCapture.count(
      [
        (datagram(from: 0xc0a8_0001, to: 0x0a00_0001, ports: (1, 2), length: 20), times[0]),
        (datagram(from: 0x0a00_0001, to: 0xc0a8_0001, ports: (2, 1), length: 30), times[1]),
        (datagram(from: 0xc0a8_0001, to: 0x0a00_0001, ports: (1, 2), length: 40), times[2]),
      ], conversations)
    let rows = try CountedCapture.csv(conversations)
    #expect(rows.contains("192.168.0.1,1,2,144,3,216,10.0.0.1,2,1,72,0.000000000,2.000000000"))
    #expect(rows.contains("192.168.0.1,2,144,3,216,10.0.0.1,1,72,0.000000000,2.000000000"))
    #expect(
      rows.contains(
        "02:00:00:00:00:01,3,216,3,216,02:00:00:00:00:02,0,0,0.000000000,2.000000000"))
  }

  @Test func anIntervalTooShortNamesTheShortestThatWorks() throws {
    let packets = [0, 40].map {
      (datagram(), Timestamp(seconds: Int64($0), nanoseconds: 0))
    }
    let short = Throughput(interval: Interval(nanoseconds: 10_000))
    CountedCapture.count(packets, short)
    let error = #expect(throws: StatisticError.self) { try CountedCapture.text(short) }
    #expect(error?.remedy.hasSuffix("--io 500us") == true)
    let named = Throughput(interval: Interval(nanoseconds: 500_000))
    CountedCapture.count(packets, named)
    #expect(try CountedCapture.csv(named).count == 80_001 + 2)
  }

  @Test func zeroIsTheWholeCapture() throws {
    let whole = Throughput(interval: Interval(nanoseconds: 0))
    try CountedCapture.count("flask-socketio-session.pcap", whole)
    #expect(
      try CountedCapture.csv(whole) == ["start_s,packets,octets", "0.000000000,253,26378", ""])
  }

  /// Clocks that jump to the ends of what can be said, backwards too.
  @Test func anyTimeIsTaken() throws {
    let times = [0, .max, .min, -1, 5, 1 << 40].map { Timestamp(seconds: $0, nanoseconds: 7) }
    let packets = times.map { (datagram(), $0) }
    let statistics: [any Statistic] = [
      Conversations(conversations: [.udp], endpoints: [.udp]), Hierarchy(), Expert(), RoundTrips(),
      Throughput(interval: Interval(nanoseconds: 0)), Overview(source: "test"),
      Throughput(interval: Interval(nanoseconds: .max)),
    ]
    for statistic in statistics {
      CountedCapture.count(packets, statistic)
      #expect(try !CountedCapture.text(statistic).isEmpty)
      let charts = try (statistic as? any Charted)?.charts() ?? []
      #expect(SVG.text(title: "test", charts).string.hasSuffix("</svg>\n"))
    }
    let io = Throughput(interval: Interval(nanoseconds: 1))
    CountedCapture.count(packets, io)
    #expect(throws: StatisticError.self) { try CountedCapture.text(io) }
  }

  /// Remarks with many different values become one line, few stay apart.
  @Test func manyValuesAreOneRemark() throws {
    let expert = Expert()
    let good = Timestamp(seconds: 0, nanoseconds: 0)
    CountedCapture.count(
      (0..<20).map { number in
        var octets = datagram(length: number)
        octets[25] = UInt8(number + 1)
        return (octets, good)
      }, expert)
    let rows = try CountedCapture.json(expert).object("expert").rows("findings")
    #expect(rows.count == 1)
    #expect(rows.first?.number("count") == 20)
    #expect(rows.first?["severity"] as? String == "error")
    #expect((rows.first?["summary"] as? String)?.hasSuffix("(20 different)") == true)
  }
}
