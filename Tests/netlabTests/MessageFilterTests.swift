import Foundation
import Testing

/// A filter on messages sees the layers of every packet that a message names.
@Suite struct MessageFilterTests {
  private let folder: TemporaryFolder
  private let trace = "http-bodies.pcap"

  init() throws { folder = try TemporaryFolder() }

  private func rows(_ filter: String?, _ capture: String? = nil) throws -> [[String: Any]] {
    let result = try run(
      ["messages", capture ?? trace, "-T", "jsonl"] + (filter.map { ["-Y", $0] } ?? []))
    #expect(result.status == 0, "\(result.errors)")
    return result.output.split(separator: "\n").compactMap {
      try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
    }.filter { $0["type"] as? String == "message" }
  }

  private func frames(_ filter: String, _ capture: String? = nil) throws -> Set<Int> {
    let result = try run([
      "read", capture ?? trace, "-Y", filter, "-T", "fields", "-e", "frame.number",
    ])
    return Set(result.output.split(separator: "\n").compactMap { Int($0) })
  }

  private func packets(_ row: [String: Any]) -> Set<Int> { Set(row["packets"] as? [Int] ?? []) }

  /// A copy of a capture in which a frame comes again behind the one after it.
  private func copy(_ name: String, repeating number: Int) throws -> String {
    let file = [UInt8](
      try Data(contentsOf: Project.captures.appendingPathComponent(name)))
    var frames: [ArraySlice<UInt8>] = []
    var at = 24
    while at + 16 <= file.count {
      let count = (0..<4).reduce(0) { $0 | Int(file[at + 8 + $1]) << (8 * $1) }
      frames.append(file[at..<at + 16 + count])
      at += 16 + count
    }
    frames.insert(frames[number - 1], at: number + 2)
    let path = folder.path("again.pcap")
    try Data(file[..<24] + frames.joined()).write(to: URL(fileURLWithPath: path))
    return path
  }

  /// A request that came in fourteen segments, the third of them twice before the last was there.
  @Test func seesEveryPacketOfAMessage() throws {
    let capture = try copy("http-bodies.pcap", repeating: 173)
    let found = try rows("tcp.analysis.retransmission", capture)
    #expect(found.count == 1)
    let request = try #require(found.first)
    #expect(request["info"] as? String == "GET /plain?cut=anywhere HTTP/1.1 ")
    // It names the segment and its retransmission.
    #expect(packets(request).isSuperset(of: [173, 176]), "\(request)")
    #expect(packets(request).count == 15)
    #expect(try frames("tcp.analysis.retransmission", capture).contains(176))
    // The same message as without it, and no other.
    #expect(try rows("tcp.stream == 3", capture).count == rows("tcp.stream == 3").count)
  }

  /// A filter that no packet of a message fits leaves it out.
  @Test func leavesOutWhatNoPacketFits() throws {
    #expect(try rows("tcp.flags.syn == 1").isEmpty)
    #expect(try rows("tcp.stream == 3 and tcp.flags.fin == 1").isEmpty)
  }

  @Test func namesNoPacketOfAnother() throws {
    for row in try rows(nil) {
      let stream = try #require(row["stream"] as? Int)
      let ports = try frames("tcp.stream == \(stream)")
      #expect(packets(row).isSubset(of: ports))
    }
  }
}
