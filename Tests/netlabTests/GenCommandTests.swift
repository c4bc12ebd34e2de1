import Foundation
import Testing

/// `netlab gen`, and `netlab messages` held against the truth that it writes.
@Suite struct GenCommandTests {
  private struct Truth: Decodable {
    struct Message: Decodable {
      var frames: [Int]
      var completed_by: Int?
    }
    struct Connection: Decodable { var messages: [Message] }
    var connections: [Connection]
    var packets: Int
  }
  private struct Row: Decodable {
    var type: String
    var id: String?
    var packets: [Int]?
  }

  private func truth(_ path: String) throws -> Truth {
    try JSONDecoder().decode(Truth.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
  }

  /// Frame numbers and packets of messages, in one order.
  private func sorted(_ messages: [(Int, [Int])]) -> [String] {
    messages.map { "\($0.0) \($0.1)" }.sorted()
  }

  static let faults = [
    "retransmit", "fast-retransmit", "spurious", "out-of-order", "duplicate", "zero-window",
    "window-full", "keep-alive", "bad-checksum", "overlap",
  ].flatMap { ["--\($0)", "2"] }

  @Test(
    arguments: ["http", "websocket", "chat"],
    [
      "", "--segment-size 40", "--coalesce --messages 90", "--half-close", "--reuse-ports 2",
      "--ipv6 --vlan 9",
    ])
  func messagesAreThoseOfTheTruth(_ content: String, _ more: String) throws {
    let folder = try TemporaryFolder()
    let capture = folder.path("t.pcapng")
    let seed = UInt64.random(in: 0..<1_000_000)
    let arguments =
      ["gen", "--protocol", content, "--connections", "3", "--seed", "\(seed)", "--out", capture]
      + Self.faults + more.split(separator: " ").map(String.init)
    let made = try run(arguments)
    #expect(made.status == 0 && made.errors == "", "\(made.errors)")
    let truth = try truth(capture + ".truth.json")
    let expected = truth.connections.flatMap(\.messages).map { ($0.completed_by ?? 0, $0.frames) }
    let rows = try run(["messages", capture, "-T", "jsonl"]).output.split(separator: "\n")
      .map { try JSONDecoder().decode(Row.self, from: Data($0.utf8)) }
    let found = rows.filter { $0.type == "message" }.map {
      (Int($0.id?.prefix { $0 != "." } ?? "") ?? 0, $0.packets ?? [])
    }
    #expect(sorted(found) == sorted(expected), "\(content) \(more), seed \(seed)")
  }

  @Test func reportsSeedAndFiles() throws {
    let folder = try TemporaryFolder()
    let capture = folder.path("t.pcap")
    let first = try run(["gen", "--out", capture, "-F", "pcap", "--messages", "3"])
    #expect(first.status == 0)
    #expect(first.output.contains("\(capture).truth.json: the truth about them"))
    let seed = try #require(first.output.split(separator: "\n").first?.split(separator: " ").last)
    let octets = try Data(contentsOf: URL(fileURLWithPath: capture))
    // The seed that was drawn makes the same octets again.
    let second = try run(
      ["gen", "--out", "-", "-F", "pcap", "--messages", "3", "--seed", String(seed)])
    #expect(second.errors.contains("seed \(seed)"))
    #expect(octets.count > 1000)
    let copy = folder.path("copy.pcap")
    _ = try run(
      ["gen", "--out", copy, "-F", "pcap", "--messages", "3", "--seed", String(seed)])
    #expect(try Data(contentsOf: URL(fileURLWithPath: copy)) == octets)
    let packets = try run(["read", capture]).output.split(separator: "\n").count
    #expect(try truth(capture + ".truth.json").packets == packets)
  }

  @Test func enoughMessagesForTheFaultsWhereNobodySaysHowMany() throws {
    let folder = try TemporaryFolder()
    let result = try run(["gen", "--retransmit", "50", "--out", folder.path("t.pcapng")])
    #expect(result.status == 0)
  }

  @Test func filesThatCannotBeWritten() throws {
    let folder = try TemporaryFolder()
    let result = try run([
      "gen", "--out", folder.path("t.pcapng"), "--truth", folder.path("no/such/folder"),
    ])
    #expect(result.status == 15)
    #expect(result.errors.contains("--truth FILE"))
    let same = try run(["gen", "--out", folder.path("t"), "--truth", folder.path("t")])
    #expect(same.status == 64)
  }

  @Test func startTimes() throws {
    let folder = try TemporaryFolder()
    let capture = folder.path("t.pcapng")
    for (text, epoch) in [
      ("1000.5", "1000.500000000"), ("1970-01-02T00:00:00Z", "86400.000000000"),
    ] {
      _ = try run(["gen", "--start", text, "--out", capture])
      let time = try run(
        ["read", capture, "-c", "1", "-T", "fields", "-e", "frame.time_epoch"]
      ).output
      #expect(time == epoch + "\n")
    }
    #expect(try run(["gen", "--start", "soon", "--out", capture]).status == 64)
  }
}
