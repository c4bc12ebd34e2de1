import Foundation
import Testing

/// A made-up chat of many connections, as the benchmarks have it: every reordering is undone, every
/// retransmission dropped, and what the end of the file cuts off is no message.
@Suite(.enabled(if: Project.find("python3") != nil, "python3 is not installed"))
struct ChatWorkloadTests {
  @Test(arguments: [1, 2, 3]) func everyMessageIsReadOnce(_ seed: Int) throws {
    let python = try #require(Project.find("python3"))
    let folder = try TemporaryFolder()
    let capture = folder.path("chat.pcap")
    let script = Project.root.appendingPathComponent("Tests/Benchmarks/make_workload.py").path
    let made = try run(
      [script, "chat", capture, "--packets", "6000", "--seed", "\(seed)", "--active", "40"],
      program: python)
    #expect(made.status == 0, "\(made.errors)")
    let truth = try #require(
      JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: capture + ".json")))
        as? [String: Any])
    #expect(truth["reordered"] as? Int ?? 0 > 5 && truth["retransmissions"] as? Int ?? 0 > 20)
    for (side, port) in [("client", "dst"), ("server", "src")] {
      let told = try run(
        [
          "messages", capture, "--no-verdicts", "-T", "fields", "-e", "sio.arg",
          "-Y", "sio.event == \"message\" and tcp.\(port)port == 5000",
        ])
      let rows = told.output.split(separator: "\n")
      #expect(rows.count == truth["\(side)_messages_whole"] as? Int, "\(side), seed \(seed)")
    }
    // The generator's count of all that was said differs by what the end cut off: one message a
    // connection at most, two where a segment holds two.
    let open = (truth["connections"] as? Int ?? 0) - (truth["closed"] as? Int ?? 0)
    for side in ["client", "server"] {
      let said = truth["\(side)_messages"] as? Int ?? 0
      let whole = truth["\(side)_messages_whole"] as? Int ?? 0
      #expect((0...2 * open).contains(said - whole))
    }
  }
}
