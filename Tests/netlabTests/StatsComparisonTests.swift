import Foundation
import Testing

/// Holds `netlab stats` against tshark's own statistics, over every capture in `Captures`.
///
/// tshark counts a packet that it finds broken in some of its statistics and not in others; such
/// packets, and those of protocols that netlab does not have, are left out on both sides.
@Suite(.enabled(if: Project.find("tshark") != nil, "tshark is not installed"))
struct StatsComparisonTests {
  static let whole = "not _ws.malformed and not _ws.short"

  private func tshark(_ capture: String, _ questions: [String]) throws -> [Substring] {
    let program = try #require(Project.find("tshark"))
    let arguments =
      ["-r", capture, "-q"] + TsharkComparisonTests.rowPreferences
      + questions.flatMap { ["-z", $0] }
    return try run(arguments, program: program).output.split(separator: "\n")
  }

  private func netlab(_ capture: String, _ arguments: [String]) throws -> [String: Any] {
    let output = try run(["stats", capture, "-T", "json"] + arguments).output
    let value = try JSONSerialization.jsonObject(with: Data(output.utf8))
    return value as? [String: Any] ?? [:]
  }

  /// One conversation, in tshark's words.
  private struct Row: Hashable, Comparable, CustomStringConvertible {
    var ends: [String]
    var packets: [Int]
    var octets: Int

    static func < (one: Row, other: Row) -> Bool { one.description < other.description }
    var description: String { "\(ends) \(packets) \(octets)" }
  }

  @Test(
    arguments: TsharkComparisonTests.captures, ["eth", "ip", "ipv6", "tcp", "udp"])
  func countsTheSameConversations(_ capture: String, _ kind: String) throws {
    var theirs: [Row] = []
    for line in try tshark(capture, ["conv,\(kind),\(Self.whole)"]) where line.contains(" <-> ") {
      // Octets are rounded from 10 kB on; endpoints are held against the exact ones below.
      let words = line.split(separator: " ").map(String.init)
      let numbers = words.dropFirst(3).compactMap { Int($0) }
      guard words.count > 9, numbers.count == 6 else { continue }
      let isExact = !words.contains { $0 == "kB" || $0 == "MB" }
      theirs.append(
        Row(
          ends: [words[0], words[2]], packets: [numbers[0], numbers[2], numbers[4]],
          octets: isExact ? numbers[5] : 0))
    }
    let rows = try netlab(capture, ["--conversations=" + kind, "-Y", Self.whole])
    let table = (rows["conversations"] as? [String: Any])?[kind] as? [[String: Any]] ?? []
    let ours = table.map { row in
      func end(_ name: String) -> String {
        guard let port = row["\(name)_port"] as? Int else { return row[name] as? String ?? "" }
        return "\(row["\(name)_address"] as? String ?? ""):\(port)"
      }
      func number(_ name: String) -> Int { row[name] as? Int ?? -1 }
      let packets = [number("packets_b_to_a"), number("packets_a_to_b"), number("packets")]
      let out = number("octets_a_to_b")
      let back = number("octets_b_to_a")
      let isExact = out < 10240 && back < 10240 && number("octets") < 10240
      return Row(
        ends: [end("a"), end("b")], packets: packets, octets: isExact ? number("octets") : 0)
    }
    #expect(ours.sorted() == theirs.sorted())
  }

  @Test(arguments: TsharkComparisonTests.captures, ["eth", "ip", "ipv6", "tcp", "udp"])
  func countsTheSameEndpoints(_ capture: String, _ kind: String) throws {
    let hasPorts = kind == "tcp" || kind == "udp"
    var theirs: Set<[String]> = []
    for line in try tshark(capture, ["endpoints,\(kind),\(Self.whole)"]) {
      let words = line.split(separator: " ").map(String.init)
      guard words.count == (hasPorts ? 8 : 7), Int(words[words.count - 1]) != nil else { continue }
      theirs.insert(words)
    }
    let rows = try netlab(capture, ["--endpoints=" + kind, "-Y", Self.whole])
    let table = (rows["endpoints"] as? [String: Any])?[kind] as? [[String: Any]] ?? []
    let ours = table.map { row in
      let end =
        hasPorts
        ? [row["end_address"] as? String ?? "", "\(row["end_port"] as? Int ?? -1)"]
        : [row["end"] as? String ?? ""]
      return end
        + [
          "packets", "octets", "packets_sent", "octets_sent", "packets_received",
          "octets_received",
        ].map { "\(row[$0] as? Int ?? -1)" }
    }
    #expect(Set(ours) == theirs)
  }

  @Test(arguments: TsharkComparisonTests.captures, ["0.1", "1", "7"])
  func countsTheSameIntervals(_ capture: String, _ interval: String) throws {
    var theirs: [[Int]] = []
    for line in try tshark(capture, ["io,stat,\(interval)"]) where line.contains("<>") {
      theirs.append(
        line.split(separator: "|").dropFirst().prefix(2).compactMap { cell in
          Int(cell.trimmingCharacters(in: .whitespaces))
        })
    }
    let json = try netlab(capture, ["--io", interval])
    let rows = (json["io"] as? [String: Any])?["rows"] as? [[String: Any]] ?? []
    let ours = rows.map { [$0["packets"] as? Int ?? -1, $0["octets"] as? Int ?? -1] }
    #expect(ours == theirs)
  }

  /// Protocols that are layers of both, by path.
  @Test(arguments: TsharkComparisonTests.captures) func countsTheSameHierarchy(
    _ capture: String
  ) throws {
    var theirs: [String: [Int]] = [:]
    var path: [Substring] = []
    for line in try tshark(capture, ["io,phs,\(Self.whole)"]) where line.contains("frames:") {
      let depth = line.prefix { $0 == " " }.count / 2
      let words = line.split(separator: " ")
      let numbers = words.dropFirst().compactMap { word in
        word.split(separator: ":").last.flatMap { Int($0) }
      }
      path = path.prefix(depth) + [words[0]]
      theirs[path.joined(separator: ":")] = numbers
    }
    let json = try netlab(capture, ["--hierarchy", "-Y", Self.whole])
    let rows = (json["hierarchy"] as? [String: Any])?["protocols"] as? [[String: Any]] ?? []
    var ours: [String: [Int]] = [:]
    for row in rows {
      guard let path = row["path"] as? String else { continue }
      ours[path] = [row["packets"] as? Int ?? -1, row["octets"] as? Int ?? -1]
    }
    var compared = 0
    for (path, numbers) in ours {
      guard let other = theirs[path] else { continue }
      compared += 1
      #expect(numbers == other, "\(path)")
    }
    #expect(compared > 0 || theirs.isEmpty)
  }

  /// Findings that both name in the same words.
  @Test(arguments: TsharkComparisonTests.captures) func countsTheSameFindings(
    _ capture: String
  ) throws {
    var theirs: [String: Int] = [:]
    for line in try tshark(capture, ["expert"]) {
      let words = line.split(separator: " ", maxSplits: 3)
      guard words.count == 4, let count = Int(words[0]) else { continue }
      theirs[String(words[3]), default: 0] += count
    }
    let json = try netlab(capture, ["--expert"])
    let rows = (json["expert"] as? [String: Any])?["findings"] as? [[String: Any]] ?? []
    for row in rows {
      guard let summary = row["summary"] as? String, let other = theirs[summary],
        (row["protocol"] as? String) == "TCP"
      else { continue }
      #expect(row["count"] as? Int == other, "\(summary)")
    }
  }
}
