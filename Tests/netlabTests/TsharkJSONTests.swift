import Foundation
import Testing

/// Holds `-T json` against tshark's, layer by layer: the same keys with the same values, arrays for
/// repeats. The differences that are meant stand in `Captures/tshark-json-differences.txt`.
@Suite(.enabled(if: Project.find("tshark") != nil, "tshark is not installed"))
struct TsharkJSONTests {
  static let captures = [
    "flask-socketio-session.pcap", "websocket-frames.pcap", "http-bodies.pcap",
  ]

  /// One line of the list: capture, layer, key, which of the two has it, and why.
  struct Difference: Hashable {
    var capture: String
    var layer: String
    var key: String
    /// `tshark` or `netlab` for a key that only one has, `value` for one whose values differ.
    var kind: String
  }

  /// `capture layer key kind reason`; the first three may be `*`, a key may end in `*`.
  static let list: [Difference] = {
    let url = Project.captures.appendingPathComponent("tshark-json-differences.txt")
    let text = (try? String(contentsOf: url, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ", maxSplits: 4).map(String.init)
      guard words.count == 5, !line.hasPrefix("#") else { return nil }
      return Difference(capture: words[0], layer: words[1], key: words[2], kind: words[3])
    }
  }()

  static func entry(for difference: Difference) -> Difference? {
    list.first { known in
      (known.capture == "*" || known.capture == difference.capture)
        && (known.layer == "*" || known.layer == difference.layer)
        && (known.key == difference.key
          || known.key.hasSuffix("*") && difference.key.hasPrefix(known.key.dropLast()))
        && (known.kind == "*" || known.kind == difference.kind)
    }
  }

  /// All values of every key, whatever the level they stand on.
  private func flatten(_ value: Any, _ key: String, into found: inout [String: [String]]) {
    if let object = value as? [String: Any] {
      for (key, value) in object { flatten(value, key, into: &found) }
    } else if let array = value as? [Any] {
      for value in array { flatten(value, key, into: &found) }
    } else {
      found[key, default: []].append("\(value)")
    }
  }

  private func packets(_ output: String) throws -> [[String: Any]] {
    let packets = try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [[String: Any]]
    return try #require(packets).compactMap {
      ($0["_source"] as? [String: Any])?["layers"] as? [String: Any]
    }
  }

  private func differences(_ capture: String) throws -> [Difference: String] {
    let tshark = try #require(Project.find("tshark"))
    // Of segments whose checksum it calls bad tshark puts no messages together, and on a loopback
    // it calls all of them bad.
    let verified = capture.hasPrefix("flask") ? [] : ["ip", "tcp", "udp"]
    let preferences =
      ["-n", "-o", "tcp.reassemble_out_of_order:TRUE", "--disable-protocol", "gsm_ipa"]
      + verified.flatMap { ["-o", "\($0).check_checksum:TRUE"] }
    let theirs = try packets(
      run(["-r", capture, "-T", "json", "--no-duplicate-keys"] + preferences, program: tshark)
        .output)
    let ours = try packets(run(["read", capture, "-T", "json"]).output)
    #expect(theirs.count == ours.count)
    var result: [Difference: String] = [:]
    func note(_ layer: String, _ key: String, _ kind: String, _ example: String) {
      let difference = Difference(capture: capture, layer: layer, key: key, kind: kind)
      if result[difference] == nil { result[difference] = example }
    }
    for (index, (their, our)) in zip(theirs, ours).enumerated() {
      for layer in ["eth", "ip", "tcp", "http", "websocket"] {
        switch (their[layer], our[layer]) {
        case (nil, nil): break
        case (nil, _?): note(layer, "(layer)", "netlab", "frame \(index + 1)")
        case (_?, nil): note(layer, "(layer)", "tshark", "frame \(index + 1)")
        case (let their?, let our?):
          var (left, right): ([String: [String]], [String: [String]]) = ([:], [:])
          flatten(their, layer, into: &left)
          flatten(our, layer, into: &right)
          for key in Set(left.keys).union(right.keys) {
            let (one, other) = (left[key], right[key])
            if one?.sorted() == other?.sorted() { continue }
            note(
              layer, key.split(separator: " ").joined(separator: "_"),
              one == nil ? "netlab" : other == nil ? "tshark" : "value",
              "frame \(index + 1): tshark \(one ?? []), netlab \(other ?? [])")
          }
        }
      }
    }
    return result
  }

  @Test func differsOnlyWhereItIsMeant() throws {
    #expect(!Self.list.isEmpty)
    var used: Set<Difference> = []
    var unknown: [String] = []
    for capture in Self.captures {
      for (difference, example) in try differences(capture) {
        if let entry = Self.entry(for: difference) {
          used.insert(entry)
        } else {
          unknown.append(
            "\(capture) \(difference.layer) \(difference.key) \(difference.kind): "
              + example.prefix(300))
        }
      }
    }
    #expect(unknown.isEmpty, "\(unknown.sorted().joined(separator: "\n"))")
    let unused = Self.list.filter { !used.contains($0) }
    #expect(unused.isEmpty, "no longer so: \(unused)")
  }

  /// Several messages in a packet are an array of layers, in their order.
  @Test func messagesOfAPacketAreAnArray() throws {
    let ours = try packets(run(["read", "websocket-frames.pcap", "-T", "json"]).output)
    let several = ours.compactMap { $0["websocket"] as? [[String: Any]] }
    #expect(several.contains { $0.count > 3 })
  }
}
