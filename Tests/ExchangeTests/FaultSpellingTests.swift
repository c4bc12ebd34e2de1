import Exchange
import PacketCore
import Testing

/// The grammar of `--fault`: what is read, and what is said of what cannot be.
@Suite struct FaultSpellingTests {
  private static func parse(_ text: String) throws -> PacketFault {
    try FaultPlan([text]).faults[0]
  }

  private static let actions: [(String, PacketFault.Action)] = [
    ("loss:30%", .loss), ("loss", .loss), ("LOSS@2,3", .loss), ("duplicate:5%", .duplicate),
    ("reorder:10%", .reorder(behind: 1)), ("reorder:2@3", .reorder(behind: 2)),
    ("delay:20ms", .delay(nanoseconds: 20_000_000, jitter: 0)),
    ("delay:20ms±5ms", .delay(nanoseconds: 20_000_000, jitter: 5_000_000)),
    ("delay:1.5s+-250us,10%", .delay(nanoseconds: 1_500_000_000, jitter: 250_000)),
    ("rate:1Mbit", .rate(bitsPerSecond: 1_000_000, backlog: 100)),
    ("rate:1.5Mbit,backlog=20", .rate(bitsPerSecond: 1_500_000, backlog: 20)),
    ("rate:64kbit", .rate(bitsPerSecond: 64_000, backlog: 100)),
    ("cut:40", .cut(octets: 40, fits: false)), ("cut:40+fit", .cut(octets: 40, fits: true)),
    ("corrupt:10%", .corrupt(.init(.packet, .bit(nil)))),
    ("corrupt", .corrupt(.init(.packet, .bit(nil)))),
    ("corrupt:bit=7", .corrupt(.init(.packet, .bit(7)))),
    ("corrupt:payload", .corrupt(.init(.payload, .bit(nil)))),
    ("corrupt:payload.bit=12", .corrupt(.init(.payload, .bit(12)))),
    ("corrupt:payload.bit=12+fit", .corrupt(.init(.payload, .bit(12), fits: true))),
    ("corrupt:payload.swap16@1", .corrupt(.init(.payload, .swap16))),
    ("corrupt:tcp.checksum@1,2", .corrupt(.init(.field("tcp.checksum"), .any))),
    ("corrupt:ip.id,5%", .corrupt(.init(.field("ip.id"), .any))),
    ("corrupt:ip.ttl=1@1", .corrupt(.init(.field("ip.ttl"), .number(1)))),
    ("corrupt:ip.id=0xbeef+fit", .corrupt(.init(.field("ip.id"), .number(0xbeef), fits: true))),
    ("corrupt:tcp.flags.syn=true", .corrupt(.init(.field("tcp.flags.syn"), .number(1)))),
    ("corrupt:ip.addr=10.0.0.9", .corrupt(.init(.field("ip.addr"), .octets([10, 0, 0, 9])))),
    ("corrupt:ip.dst=10.0.0.9", .corrupt(.init(.field("ip.dst"), .octets([10, 0, 0, 9])))),
    (
      "corrupt:eth.src=0a:00:00:00:00:01",
      .corrupt(.init(.field("eth.src"), .octets([10, 0, 0, 0, 0, 1])))
    ),
    ("corrupt:tcp.seq.bit=3", .corrupt(.init(.field("tcp.seq"), .bit(3)))),
  ]

  @Test(arguments: actions.indices) func whatIsWrittenIsMeant(_ index: Int) throws {
    let (text, action) = Self.actions[index]
    let fault = try Self.parse(text)
    #expect(fault.action == action)
    #expect(fault.text == text)
    #expect(fault.direction == .outgoing)
    #expect(fault.filter.isEmpty)
  }

  @Test func positionsChanceDirectionAndFilter() throws {
    let fault = try Self.parse(" loss:12.5%@2,3-5,10-/in if tcp.len > 0 && ip.ttl if")
    #expect(fault.millionths == 125_000)
    #expect(fault.positions == [2...2, 3...5, 10...Int.max])
    #expect(fault.direction == .incoming)
    #expect(fault.filter == "tcp.len > 0 && ip.ttl if")
    let text = Array(fault.text.utf8)
    #expect(String(decoding: text[fault.filterOffset...], as: UTF8.self) == fault.filter)
    #expect(try Self.parse("loss").millionths == nil)
    #expect(try FaultPlan(["loss"], direction: .incoming).faults[0].direction == .incoming)
    #expect(try FaultPlan(["loss/out"], direction: .incoming).faults[0].direction == .outgoing)
    #expect(try FaultPlan(["loss", "cut:1"]).faults.map(\.id) == [1, 2])
    #expect(try FaultPlan().isEmpty)
  }

  /// The text, what the caret stands under, a part of the message, the first suggestion.
  private static let wrong: [(text: String, caret: String, message: String, near: String?)] = [
    ("", "", "begins with its kind", "loss"),
    (":30%", "", "begins with its kind", "loss"),
    ("los:30%", "los", "\"los\" is no kind of fault.", "loss"),
    ("frobnicate", "frobnicate", "no kind of fault", "loss"),
    ("loss:", "", "Behind \":\" a value is missing.", nil),
    ("loss:30", "30", "loss takes a probability", "loss:30%"),
    ("loss:130%", "130%", "from 0% to 100%", nil),
    ("loss:0.00001%", "0.00001%", "at most four decimals", nil),
    ("loss:-3%", "-3%", "from 0% to 100%", nil),
    ("loss:3%,4%", "4%", "One probability is enough.", nil),
    ("loss@", "", "a position is missing", nil),
    ("loss@0", "0", "the first packet is 1", nil),
    ("loss@2,x", "x", "A position is 2, 3-5 or 10-", nil),
    ("loss@5-3", "5-3", "goes upwards", nil),
    ("loss@1/sideways", "/sideways", "/in or /out", nil),
    ("loss when tcp", "when", "only \"if\"", "if"),
    ("loss if ", "", "a filter is missing", nil),
    ("delay", "delay", "delay needs a time.", "delay:20ms"),
    ("delay:20", "20", "A time is a number with", "20ms"),
    ("delay:20ms±5", "5", "A time is a number with", "20ms"),
    ("delay:20ms,30ms", "30ms", "one value too many", nil),
    ("rate:1", "1", "A speed is a number with", "rate:1Mbit"),
    ("rate:0bit", "0bit", "A speed is a number with", "rate:1Mbit"),
    ("rate:1Mbit,20", "20", "packets that may wait", "backlog=20"),
    ("reorder:0", "0", "from 1 to 1000", "reorder:2"),
    ("cut:0", "0", "octets that stay", "cut:40"),
    ("cut", "cut", "cut needs the octets", "cut:40"),
    ("corrupt:tcp.chksum", "tcp.chksum", "There is no field named tcp.chksum.", "tcp.checksum"),
    ("corrupt:frame.number", "frame.number", "stands in no octets", nil),
    ("corrupt:tcp.stream", "tcp.stream", "stands in no octets", nil),
    ("corrupt:ip.ttl=256", "256", "The field has 8 bits.", nil),
    ("corrupt:tcp.flags.syn=2", "2", "The field has 1 bit.", nil),
    ("corrupt:ip.ttl=many", "many", "A value is a number", nil),
    ("corrupt:ip.dst=10.0.0", "10.0.0", "written as 10.0.0.1", nil),
    ("corrupt:payload.bit=x", "x", "the first is 0", nil),
    ("corrupt:payload=3", "3", "Only a field takes a value.", "payload.bit=12"),
    ("corrupt:payload.swap16=3", "payload.swap16=3", "swap16 takes no value.", nil),
  ]

  @Test(arguments: wrong.indices) func whatIsWrongIsShown(_ index: Int) throws {
    let (text, caret, message, near) = Self.wrong[index]
    let found = #expect(throws: FaultError.self) { try Self.parse(text) }
    let error = try #require(found)
    #expect(error.text == text)
    #expect(error.message.contains(message), "\(error.message)")
    #expect(error.message.hasSuffix("."))
    let octets = Array(text.utf8)
    #expect(error.range.upperBound <= octets.count)
    #expect(String(decoding: octets[error.range], as: UTF8.self) == caret)
    if let near { #expect(error.suggestions.first == near, "\(error.suggestions)") }
  }

  @Test func anyTextIsReadOrRefused() {
    // Whatever is typed is read or refused; seeds are printed by the failing expectation.
    let seed = testSeed("FaultSpellingTests.anyText")
    var numbers = SeededNumbers(seed: seed)
    let scraps = [
      "loss", "corrupt", "delay", "rate", "cut", "reorder", ":", "@", "/", ",", "%", "±", "+-",
      "+fit", "=", "-", ".", "1", "99999999999999999999", "payload", "bit", "swap16", "tcp.seq",
      "ip.dst", "10.0.0.1", " ", "if", "in", "ms", "Mbit", "0x", "é", "\0",
    ]
    for _ in 0..<20_000 {
      let text = (0..<numbers.pick(0...9)).map { _ in scraps[numbers.below(scraps.count)] }.joined()
      do {
        let fault = try Self.parse(text)
        #expect(fault.text == text, "seed \(seed)")
      } catch let error as FaultError {
        #expect(error.range.upperBound <= text.utf8.count, "seed \(seed): \(text)")
      } catch {
        Issue.record("seed \(seed): \(error)")
      }
    }
  }
}
