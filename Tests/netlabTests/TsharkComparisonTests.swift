import Foundation
import PacketCore
import Protocols
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

  /// What tshark is told: in-order reassembly (without it WebSocket framing is lost), and not to take
  /// port 5000 for a GSM protocol. The rows are those of its other defaults.
  static let rowPreferences =
    ["-n", "-o", "tcp.reassemble_out_of_order:TRUE"]
    + ["gsm_ipa"].flatMap { ["--disable-protocol", $0] }

  /// For fields every checksum is verified, as netlab does; tshark's rows would say so, too.
  /// Not TCP's where they are offloaded: tshark puts nothing together that it calls damaged.
  static func fieldPreferences(_ capture: String) -> [String] {
    let isOffloaded = capture.hasPrefix("flask") || capture.hasPrefix("session")
    return rowPreferences
      + ["ip", isOffloaded ? "ip" : "tcp", "udp"].flatMap { ["-o", "\($0).check_checksum:TRUE"] }
  }

  /// What netlab writes into the Protocol column. Rows in which tshark names another protocol are
  /// of one that netlab does not have.
  static let protocols: Set<String> = Set(
    Registry.standard.layers.map { $0.column.description }.filter { !$0.isEmpty }
      + ["MDNS", "LLMNR", "MPTCP", "IGMPv0", "IGMPv1", "IGMPv2", "IGMPv3"])

  /// A difference that is right or meant, one line of the list.
  struct Justified {
    var capture: String
    var frame: String
    /// `row`, a field's name, or `*` for both and all of them.
    var aspect: String
    /// The line holds only where this is netlab's text of the field.
    var ours: String?

    /// `capture frame aspect[=netlab's text] reason`; each of the first three may hold a `*`.
    init?(_ line: Substring) {
      let words = line.split(separator: " ", maxSplits: 3).map(String.init)
      guard words.count == 4, !line.hasPrefix("#") else { return nil }
      (capture, frame) = (words[0], words[1])
      let parts = words[2].split(separator: "=", maxSplits: 1).map(String.init)
      (aspect, ours) = (parts[0], parts.count > 1 ? parts[1] : nil)
    }

    func holds(_ capture: String, _ frame: String, _ aspect: String, _ text: Substring) -> Bool {
      matches(self.capture, capture)
        && self.frame.split(separator: ",").contains { $0 == "*" || $0 == frame }
        && matches(self.aspect, aspect) && (ours.map { $0 == text } ?? true)
    }

    /// A star stands for any text.
    private func matches(_ pattern: String, _ text: String) -> Bool {
      let parts = pattern.split(separator: "*", omittingEmptySubsequences: false)
      guard parts.count > 1 else { return pattern == text }
      guard let head = parts.first, let tail = parts.last, text.hasPrefix(head) else {
        return false
      }
      var rest = text.dropFirst(head.count)
      for part in parts.dropFirst().dropLast() where !part.isEmpty {
        guard let found = rest.firstRange(of: part) else { return false }
        rest = rest[found.upperBound...]
      }
      return rest.hasSuffix(tail)
    }
  }

  static let justified: [Justified] = {
    let url = Project.captures.appendingPathComponent("tshark-differences.txt")
    let text = (try? String(contentsOf: url, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").compactMap { Justified($0) }
  }()

  /// Whether the list has the difference.
  static func isJustified(
    _ capture: String, _ frame: String, _ aspect: String, _ text: Substring = ""
  ) -> Bool {
    justified.contains { $0.holds(capture, frame, aspect, text) }
  }

  private func lines(_ text: String) -> [String] {
    text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
  }

  /// tshark's Protocol column, frame by frame.
  private func protocolColumn(_ tshark: URL, _ capture: String) throws -> [String] {
    lines(
      try run(
        ["-r", capture] + Self.rowPreferences + ["-T", "fields", "-e", "_ws.col.Protocol"],
        program: tshark
      ).output)
  }

  @Test func theListIsReadable() throws {
    let url = Project.captures.appendingPathComponent("tshark-differences.txt")
    let text = try String(contentsOf: url, encoding: .utf8)
    #expect(
      Self.justified.count == text.split(separator: "\n").count { !$0.hasPrefix("#") })
    for line in Self.justified {
      let isKnown = line.capture.contains("*") || Self.captures.contains(line.capture)
      #expect(isKnown, "\(line.capture) is no capture")
    }
  }

  @Test(arguments: captures) func printsTheSameRows(_ capture: String) throws {
    let tshark = try #require(Project.find("tshark"))
    let theirs = lines(try run(["-r", capture] + Self.rowPreferences, program: tshark).output)
    let ours = lines(try run(["read", capture, "--compat", "tshark"]).output)
    let names = try protocolColumn(tshark, capture)
    #expect(ours.count == theirs.count && names.count == theirs.count, "rows of \(capture)")
    var differences: [String] = []
    for (index, (mine, other)) in zip(ours, theirs).enumerated() where mine != other {
      guard Self.protocols.contains(names[index]) else { continue }
      if Self.isJustified(capture, "\(index + 1)", "row") { continue }
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
    #expect(known.count > 300)
    let names = try protocolColumn(tshark, capture)
    let arguments = ["-T", "fields", "-E", "separator=|"] + known.flatMap { ["-e", $0] }
    let theirs = lines(
      try run(["-r", capture] + Self.fieldPreferences(capture) + arguments, program: tshark).output)
    let ours = lines(try run(["read", capture, "--compat", "tshark"] + arguments).output)
    #expect(ours.count == theirs.count && names.count == theirs.count)
    var differences: [String: (count: Int, example: String)] = [:]
    for (index, (mine, other)) in zip(ours, theirs).enumerated() where mine != other {
      guard Self.protocols.contains(names[index]) else { continue }
      let left = mine.split(separator: "|", omittingEmptySubsequences: false)
      let right = other.split(separator: "|", omittingEmptySubsequences: false)
      guard left.count == right.count else {
        differences["(columns)", default: (0, "frame \(index + 1)")].count += 1
        continue
      }
      for (field, (one, two)) in zip(known, zip(left, right)) where one != two {
        if Self.isJustified(capture, "\(index + 1)", field, one) { continue }
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
