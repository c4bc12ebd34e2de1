import Foundation
import Testing

/// Clients that others wrote, against `netlab serve --app echo`.
@Suite(.serialized) struct PeerConformance {
  /// As the protocols' own suites ask, the server pings each 300 ms. They have it wait 200 ms for the
  /// answer; a busy machine may take longer to start a client's thread.
  private static let quickPings = ["--ping-interval", "300ms", "--ping-timeout", "3s"]

  private func run(_ script: String, _ arguments: String..., options: [String] = []) throws {
    let server = try ServeProcess(["--app", "echo"] + options)
    let path = Project.root.appendingPathComponent("Tests/Conformance/\(script).py").path
    let result = try netlabTests.run(
      ["-B", path, server.url] + arguments, program: PythonClient.interpreter())
    #expect(result.status == 0, "\(result.output)\(result.errors)")
    // Whatever the clients did, the server ends in order and has said nothing.
    #expect(server.end() == 0)
    #expect(server.errors == "")
  }

  @Test(arguments: ["polling", "websocket", "upgrade"])
  func `python-engineio's client`(way: String) throws {
    try run("engineio_peer", way, options: Self.quickPings)
  }

  @Test(arguments: ["polling", "websocket", "upgrade"])
  func `python-socketio's client`(way: String) throws {
    try run("socketio_peer", way, options: Self.quickPings)
  }

  @Test func `forty asyncio clients at once, and aiohttp with permessage-deflate`() throws {
    try run("asyncio_peer")
  }
}
