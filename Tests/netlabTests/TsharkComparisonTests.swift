import Foundation
import Testing

/// Holds `--compat tshark` against tshark itself, over every capture in `Captures`. Rows whose
/// innermost protocol netlab does not have yet are left out; justified differences stand in
/// `Captures/tshark-differences.txt`, one reviewed list.
@Suite(.enabled(if: Project.find("tshark") != nil, "tshark is not installed"))
struct TsharkComparisonTests {
  static let captures: [String] = {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: Project.captures.path)) ?? []
    return files.filter { [".pcap", ".pcapng", ".gz"].contains(where: $0.hasSuffix) }.sorted()
  }()

  /// What tshark is told: in-order reassembly (without it WebSocket framing is lost), every
  /// checksum verified as netlab does, and nothing above the transport that netlab has not.
  static let preferences = [
    "-n", "-o", "tcp.reassemble_out_of_order:TRUE", "-o", "ip.check_checksum:TRUE",
    "-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE",
    "--disable-protocol", "http", "--disable-protocol", "websocket",
  ]

  /// Lines of the list: `capture frame|* aspect reason`.
  static let justified: [(capture: String, frame: String, aspect: String)] = {
    let url = Project.captures.appendingPathComponent("tshark-differences.txt")
    let text = (try? String(contentsOf: url, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap { line in
      let words = line.split(separator: " ", maxSplits: 3).map(String.init)
      return words.count == 4 ? (words[0], words[1], words[2]) : nil
    }
  }()

  static func isJustified(_ capture: String, _ frame: String, _ aspect: String) -> Bool {
    justified.contains {
      ($0.capture == capture || $0.capture == "*") && ($0.frame == frame || $0.frame == "*")
        && $0.aspect == aspect
    }
  }

  private func lines(_ text: String) -> [String] {
    text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
  }

  @Test(arguments: captures) func printsTheSameRows(_ capture: String) throws {
    let tshark = try #require(Project.find("tshark"))
    let theirs = lines(try run(["-r", capture] + Self.preferences, program: tshark).output)
    let ours = lines(try run(["read", capture, "--compat", "tshark"]).output)
    #expect(ours.count == theirs.count, "rows of \(capture)")
    var differences: [String] = []
    for (mine, other) in zip(ours, theirs) where mine != other {
      let frame = String(mine.drop { $0 == " " }.prefix { $0 != " " })
      if Self.isJustified(capture, frame, "row") { continue }
      differences.append("  tshark \(other)\n  netlab \(mine)")
    }
    #expect(
      differences.isEmpty,
      "\(capture): \(differences.count) rows\n\(differences.prefix(5).joined(separator: "\n"))")
  }

  /// Every field that both have, in tshark's own text.
  @Test(arguments: captures) func printsTheSameFields(_ capture: String) throws {
    let tshark = try #require(Project.find("tshark"))
    let known = try commonFields(tshark)
    #expect(known.count > 100)
    let arguments = ["-T", "fields", "-E", "separator=|"] + known.flatMap { ["-e", $0] }
    let theirs = lines(
      try run(["-r", capture] + Self.preferences + arguments, program: tshark).output)
    let ours = lines(try run(["read", capture, "--compat", "tshark"] + arguments).output)
    #expect(ours.count == theirs.count)
    var differences: [String: (count: Int, example: String)] = [:]
    for (index, (mine, other)) in zip(ours, theirs).enumerated() where mine != other {
      let left = mine.split(separator: "|", omittingEmptySubsequences: false)
      let right = other.split(separator: "|", omittingEmptySubsequences: false)
      guard left.count == right.count else {
        differences["(columns)", default: (0, "frame \(index + 1)")].count += 1
        continue
      }
      for (field, (one, two)) in zip(known, zip(left, right)) where one != two {
        if Self.isJustified(capture, "\(index + 1)", field) { continue }
        differences[
          field, default: (0, "frame \(index + 1): tshark '\(two)' netlab '\(one)'")
        ].count += 1
      }
    }
    let report = differences.sorted { $0.key < $1.key }
      .map { "  \($0.key) ×\($0.value.count), \($0.value.example)" }
    #expect(differences.isEmpty, "\(capture):\n\(report.joined(separator: "\n"))")
  }

  /// The field names that tshark and netlab share.
  private func commonFields(_ tshark: URL) throws -> [String] {
    let listing = try run(["-G", "fields"], program: tshark).output
    var theirs: Set<Substring> = []
    for line in listing.split(separator: "\n") where line.hasPrefix("F\t") {
      let columns = line.split(separator: "\t", maxSplits: 3, omittingEmptySubsequences: false)
      if columns.count > 2 { theirs.insert(columns[2]) }
    }
    let ours = try run(["fields", "--names"]).output.split(separator: "\n")
    return ours.filter { theirs.contains($0) && !$0.hasPrefix("_ws.") }.map(String.init)
  }
}
