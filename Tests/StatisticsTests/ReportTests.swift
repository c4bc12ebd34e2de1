import PacketCore
import Testing

@testable import Statistics

@Suite struct ReportTests {
  private static func everything() -> [any Statistic] {
    [
      Conversations(
        conversations: ConversationKind.allCases, endpoints: ConversationKind.allCases),
      Hierarchy(), Expert(), RoundTrips(), WebSocketTraffic(), Overview(source: "a name.pcap"),
      Throughput(interval: Interval(nanoseconds: 1_000_000_000)),
    ]
  }

  /// All tables keep to 80 columns, and nothing stands behind the last word of a line.
  @Test(arguments: CountedCapture.names) func linesAreNarrow(_ name: String) throws {
    for statistic in Self.everything() {
      try CountedCapture.count(name, statistic)
      for line in try CountedCapture.text(statistic).split(separator: "\n") {
        #expect(line.count <= 80 && line.last != " ", "\(line)")
      }
    }
  }

  /// An address too long for its column takes a line of its own; the numbers stay in theirs.
  @Test func longAddressesBreakTheLine() throws {
    let long = IPv6Address(high: 0x2001_0db8_1111_2222, low: 0x3333_4444_5555_6666)
    let end = Value.end(Address(long), port: 50000)
    let text = try table(
      Table(
        "t", "Ends",
        lines: [
          .words("end", "end", hasPort: true), .number("one", "a long heading"),
          .number("two", "another heading"), .number("three", "third"),
        ]),
      [
        [end, .number(1), .number(22), .number(3)],
        [
          .end(Address(IPv4Address(0x0a00_0001)), port: 1), .number(123), .number(4),
          .number(123_456_789_012),
        ],
      ])
    #expect(
      text == """
        Ends: 2
        end                                a long heading  another heading         third
        [2001:db8:1111:2222:3333:4444:5555:6666]:50000
                                                        1               22             3
        10.0.0.1:1                                    123                4  123456789012

        """)
  }

  @Test func longWordsAreContinued() throws {
    let words = String(repeating: "several words ", count: 10) + "end"
    let text = try table(
      Table("t", "", lines: [.number("n", "n"), .words("words", "words")]),
      [[.number(7), .text(words)], [.number(8), .text(String(repeating: "x", count: 100))]])
    let lines = text.split(separator: "\n")
    #expect(lines.allSatisfy { $0.count <= 80 })
    let joined = lines.joined(separator: " ").split(separator: " ").joined(separator: " ")
    #expect(joined.contains(words))
    #expect(text.count { $0 == "x" } == 100)
  }

  /// More numbers than a line holds go on below, the first column again in front.
  @Test func manyColumnsMakeBlocks() throws {
    let columns = (0..<12).map { Table.Column.number("c\($0)", "column \($0)") }
    let row = (0..<12).map { Value.number(UInt64($0 * 1000)) }
    let text = try table(Table("t", "", lines: columns), [row])
    let lines = text.split(separator: "\n")
    #expect(lines.count == 4)
    #expect(lines.allSatisfy { $0.count <= 80 })
    #expect(lines[2].hasPrefix("column 0"))
    for number in 0..<12 { #expect(text.contains("column \(number)")) }
  }

  @Test func jsonEscapes() throws {
    let overview = Overview(source: "a \"quoted\"\n\u{1}name")
    CountedCapture.count([(datagram(), Timestamp(seconds: 0, nanoseconds: 0))], overview)
    let json = try CountedCapture.json(overview).object("overview")
    #expect(json["file"] as? String == "a \"quoted\"\n\u{1}name")
    #expect(json["protocols"] as? [String] == ["eth", "ip", "udp", "data"])
    #expect(json["first"] as? String == "1970-01-01T00:00:00.000000000Z")
  }

  @Test func csvQuotes() {
    var text = TextBuffer()
    text.append(csv: .text("plain"))
    text.append(csv: .text("a, \"b\""))
    text.append(csv: .nothing)
    #expect(text.string == "plain\"a, \"\"b\"\"\"")
  }

  @Test(
    arguments: zip(
      [
        Value.share(1, of: 3), .share(0, of: 0), .milliseconds(-1_234_567), .milliseconds(999),
      ],
      ["33.33", "0.00", "-1.234", "0.000"]))
  func writesValues(_ value: Value, _ words: String) {
    var text = TextBuffer()
    text.append(value)
    #expect(text.string == words)
  }

  /// The picture holds what it must, and its text cannot break it.
  @Test func picturesAreWellFormed() throws {
    let io = Throughput(interval: Interval(nanoseconds: 500_000_000))
    let trips = RoundTrips()
    try CountedCapture.count("flask-socketio-session.pcap", io, trips)
    let text = SVG.text(title: "<a> & \"b\"", try io.charts() + trips.charts()).string
    #expect(text.contains("<title id=\"title\">&lt;a&gt; &amp; &quot;b&quot;</title>"))
    for part in ["<desc", "seconds since the first packet", "octets a second", "10 ms", "packets"] {
      #expect(text.contains(part))
    }
    #expect(!text.contains("href") && !text.contains("nan") && !text.contains("inf"))
  }

  private func table(_ table: Table, _ rows: [[Value]]) throws -> String {
    final class Gathered { var text = "" }
    let gathered = Gathered()
    let report = TextReport { gathered.text += $0.string }
    try report.table(table, count: rows.count) { index, add in
      for value in rows[index] { add(value) }
    }
    try report.finish()
    return gathered.text
  }
}
