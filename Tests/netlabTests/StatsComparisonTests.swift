import Foundation
import Testing

/// Holds `netlab stats` against tshark's own statistics: all of both in one pass for a capture,
/// since starting tshark takes longer than anything it is asked.
///
/// tshark counts a packet that it finds broken in some of its statistics and not in others; such
/// packets are left out on both sides. So are captures of which the two rightly differ: IPv6
/// fragments, which tshark does not count, connections seen on two interfaces, which are two here,
/// and headers that contradict themselves.
@Suite(.enabled(if: Project.find("tshark") != nil, "tshark is not installed"))
struct StatsComparisonTests {
  static let captures = [
    "flask-socketio-session.pcap", "tcp-analysis.pcap", "ipv6.pcap", "icmp.pcap", "dns.pcap",
    "udp.pcap", "link-ethernet.pcap", "ipv4-fragments.pcap", "session.pcap.gz",
  ]
  static let kinds = [
    ("eth", "Ethernet"), ("ip", "IPv4"), ("ipv6", "IPv6"), ("tcp", "TCP"), ("udp", "UDP"),
  ]

  @Test(arguments: captures) func countsTheSame(_ capture: String) throws {
    let whole = try whole(capture)
    let theirs = try tshark(capture, whole)
    let text = try run([
      "stats", capture, "-T", "json", "-Y", whole, "--conversations=eth,ip,ipv6,tcp,udp",
      "--endpoints=eth,ip,ipv6,tcp,udp", "--io", "0.1", "--hierarchy",
    ]).output
    let value = try JSONSerialization.jsonObject(with: Data(text.utf8))
    let ours = value as? [String: [String: Any]] ?? Self.objects(value)
    for (key, name) in Self.kinds {
      let rows = ours["conversations"]?[key] as? [[String: Any]] ?? []
      #expect(
        rows.map(Self.conversation).sorted()
          == (theirs["\(name) Conversations"] ?? []).compactMap(Self.conversation).sorted(),
        "\(name) conversations")
      let ends = ours["endpoints"]?[key] as? [[String: Any]] ?? []
      #expect(
        ends.map(Self.endpoint).sorted()
          == (theirs["\(name) Endpoints"] ?? []).compactMap(Self.endpoint).sorted(),
        "\(name) endpoints")
    }
    compareIntervals(ours["io"] ?? [:], theirs["IO Statistics"] ?? [])
    compareHierarchy(ours["hierarchy"] ?? [:], theirs["Protocol Hierarchy Statistics"] ?? [])
  }

  /// Remarks of TCP that both make in the same words.
  @Test func countsTheSameFindings() throws {
    let theirs = try tshark("tcp-analysis.pcap", "tcp")
    var counts: [String: Int] = [:]
    for line in ["Errors", "Warns", "Notes", "Chats"].flatMap({ theirs[$0] ?? [] }) {
      let words = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: true)
      guard words.count == 4, let count = Int(words[0]) else { continue }
      counts[words[3].trimmingCharacters(in: .whitespaces), default: 0] += count
    }
    let text = try run(["stats", "tcp-analysis.pcap", "-T", "json", "--expert"]).output
    let ours = Self.objects(try JSONSerialization.jsonObject(with: Data(text.utf8)))
    let rows = ours["expert"]?["findings"] as? [[String: Any]] ?? []
    var compared = 0
    for row in rows {
      guard let summary = row["summary"] as? String, let count = counts[summary] else { continue }
      #expect(row["count"] as? Int == count, "\(summary)")
      compared += 1
    }
    #expect(compared > 12)
  }

  /// A display filter that leaves out the packets which one of the two cannot read to their end.
  private func whole(_ capture: String) throws -> String {
    let program = try #require(Project.find("tshark"))
    let broken = ["-Y", "_ws.malformed or _ws.short", "-T", "fields", "-e", "frame.number"]
    let theirs = try run(
      ["-r", capture] + TsharkComparisonTests.rowPreferences + broken, program: program)
    let ours = try run(["read", capture] + broken)
    let frames = Set((theirs.output + ours.output).split(separator: "\n").compactMap { Int($0) })
    return "frame" + frames.sorted().map { " and not frame.number == \($0)" }.joined()
  }

  /// The lines of tshark's statistics by their headings.
  private func tshark(_ capture: String, _ filter: String) throws -> [String: [Substring]] {
    let program = try #require(Project.find("tshark"))
    var questions = Self.kinds.flatMap {
      ["conv,\($0.0),\(filter)", "endpoints,\($0.0),\(filter)"]
    }
    questions += ["io,stat,0.1,\(filter)", "io,phs,\(filter)", "expert,\(filter)"]
    let output = try run(
      ["-r", capture, "-q"] + TsharkComparisonTests.rowPreferences
        + questions.flatMap { ["-z", $0] }, program: program
    ).output
    var sections: [String: [Substring]] = [:]
    var heading = ""
    for line in output.split(separator: "\n") {
      let words = line.trimmingCharacters(in: CharacterSet(charactersIn: "| "))
      let name = words.components(separatedBy: " (").first ?? ""
      let isHeading = ["Conversations", "Endpoints", "Statistics"].contains { words.hasSuffix($0) }
      if isHeading || ["Errors", "Warns", "Notes", "Chats"].contains(name) {
        heading = name
      } else {
        sections[heading, default: []].append(line)
      }
    }
    return sections
  }

  private static func objects(_ value: Any) -> [String: [String: Any]] {
    (value as? [String: Any] ?? [:]).compactMapValues { $0 as? [String: Any] }
  }

  // MARK: Rows in words that both can say

  /// tshark rounds octets from 10 kB on; those are held against each other as endpoints alone.
  private static func conversation(_ line: Substring) -> String? {
    let words = line.split(separator: " ").map(String.init)
    guard words.count > 9, words[1] == "<->" else { return nil }
    let numbers = words.dropFirst(3).compactMap { Int($0) }
    guard numbers.count == 6 else { return nil }
    let packets = "\(numbers[0]) \(numbers[2]) \(numbers[4])"
    let isExact = !words.contains("kB") && !words.contains("MB")
    return "\(words[0]) \(words[2]) \(packets)" + (isExact ? " \(numbers[5])" : "")
  }

  private static func conversation(_ row: [String: Any]) -> String {
    func number(_ key: String) -> Int { row[key] as? Int ?? -1 }
    func end(_ key: String) -> String {
      guard let address = row[key + "_address"] as? String else { return row[key] as? String ?? "" }
      return "\(address):\(number(key + "_port"))"
    }
    let packets =
      "\(number("packets_b_to_a")) \(number("packets_a_to_b")) \(number("packets"))"
    let isExact = number("octets") < 10240
    return "\(end("a")) \(end("b")) \(packets)" + (isExact ? " \(number("octets"))" : "")
  }

  private static func endpoint(_ line: Substring) -> String? {
    let words = line.split(separator: " ")
    guard words.count >= 7, words.suffix(6).allSatisfy({ Int($0) != nil }) else { return nil }
    return words.joined(separator: " ")
  }

  private static func endpoint(_ row: [String: Any]) -> String {
    func number(_ key: String) -> String { "\(row[key] as? Int ?? -1)" }
    let end =
      (row["end_address"] as? String).map { "\($0) " + number("end_port") }
      ?? row["end"] as? String ?? ""
    return
      ([end]
      + [
        "packets", "octets", "packets_sent", "octets_sent", "packets_received", "octets_received",
      ].map(number)).joined(separator: " ")
  }

  private func compareIntervals(_ ours: [String: Any], _ theirs: [Substring]) {
    var rows = (ours["rows"] as? [[String: Any]] ?? []).map {
      [$0["packets"] as? Int ?? -1, $0["octets"] as? Int ?? -1]
    }
    var others = theirs.filter { $0.contains("<>") }.map { line in
      line.split(separator: "|").dropFirst().prefix(2).compactMap {
        Int($0.trimmingCharacters(in: .whitespaces))
      }
    }
    // tshark's rows go on to the last packet of the file.
    while others.last == [0, 0] { others.removeLast() }
    while rows.last == [0, 0] { rows.removeLast() }
    #expect(!rows.isEmpty && rows == others, "intervals")
  }

  private func compareHierarchy(_ ours: [String: Any], _ theirs: [Substring]) {
    var others: [String: [Int]] = [:]
    var path: [Substring] = []
    for line in theirs where line.contains("frames:") {
      let depth = line.prefix { $0 == " " }.count / 2
      let words = line.split(separator: " ")
      path = path.prefix(depth) + [words[0]]
      others[path.dropFirst().joined(separator: ":")] = words.dropFirst().compactMap { word in
        word.split(separator: ":").last.flatMap { Int($0) }
      }
    }
    var rows: [String: [Int]] = [:]
    for row in ours["protocols"] as? [[String: Any]] ?? [] {
      // tshark's extension headers, AH too, are part of IP and no place of their own; what follows
      // two different chains of them is counted together.
      let isExtension = { (name: Substring) in name.hasPrefix("ipv6.") || name == "ah" }
      let layers = (row["path"] as? String ?? "").split(separator: ":")
      guard let last = layers.last, !isExtension(last) else { continue }
      let plain = layers.filter { !isExtension($0) }.joined(separator: ":")
      let numbers = [row["packets"] as? Int ?? -1, row["octets"] as? Int ?? -1]
      rows[plain] = zip(rows[plain] ?? [0, 0], numbers).map { $0 + $1 }
    }
    var compared = 0
    for (path, numbers) in rows {
      // What ICMP and the segments of streams carry stands elsewhere there.
      guard let other = others[path], !path.hasSuffix(":data") || path.contains(":udp:") else {
        continue
      }
      compared += 1
      #expect(numbers == other, "\(path)")
    }
    #expect(compared > 0)
  }
}
