import NIOCore
import Protocols
import Synchronization
import Testing

@testable import SocketServer

@Suite struct ServerLimitTests {
  @Test func headThatIsTooLarge() async throws {
    let server = try await TestServer.start { $0.headerOctets = 2000 }
    let long = String(repeating: "x", count: 1500)
    #expect(try await server.get("/", headers: [("A", long)]).status == 200)
    #expect(try await server.get("/", headers: [("A", long), ("B", long)]).status == 431)
    #expect(try await server.get("/" + long + long).status == 431)
    await server.stop()
  }

  @Test func bodyThatIsTooLarge() async throws {
    let server = try await TestServer.start {
      $0.bodyOctets = 100
      $0.maxPayload = 1000
    }
    let (small, large) = (String(repeating: "x", count: 100), String(repeating: "4", count: 1001))
    #expect(try await server.post("/", small).text == "POST / " + small)
    #expect(try await server.post("/", small + "x").status == 413)
    let sid = try await server.openPolling("/engine.io/")
    let url = "/engine.io/?EIO=4&transport=polling&sid=\(sid)"
    #expect(try await server.post(url, large).status == 413)
    #expect(try await server.post(url, String(large.dropLast())).text == "ok")
    // Without a length in front the octets are counted.
    let connection = try await server.connect()
    connection.send(
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n" + large)
    #expect(try await connection.response().status == 413)
    try await connection.closed()
    // A message of a WebSocket: RFC 6455 section 7.4.1, code 1009.
    let socket = try await server.webSocket("/engine.io/?EIO=4&transport=websocket")
    _ = try await socket.text()
    socket.send(text: large)
    #expect(try await socket.closed() == 1009)
    await server.stop()
  }

  @Test func headThatDoesNotCome() async throws {
    let server = try await TestServer.start { $0.headerTimeout = .milliseconds(200) }
    let silent = try await server.connect()
    let slow = try await server.connect()
    slow.send("GET / HTTP/1.1\r\nHost:")
    try await silent.closed()
    try await slow.closed()
    await server.stop()
  }

  @Test func bodyThatDoesNotCome() async throws {
    let server = try await TestServer.start { $0.bodyTimeout = .milliseconds(200) }
    let slow = try await server.connect()
    slow.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
    #expect(try await slow.response().status == 408)
    try await slow.closed()
    await server.stop()
  }

  @Test func clientThatReadsNothing() async throws {
    let server = try await TestServer.start { $0.sendQueueOctets = 1 << 20 }
    let stuck = try await server.webSocket("/engine.io/?EIO=4&transport=websocket")
    let other = try await server.webSocket("/engine.io/?EIO=4&transport=websocket")
    _ = try await stuck.text()
    _ = try await other.text()
    try await stuck.connection.stopReading()
    let large = [UInt8](repeating: 7, count: 500_000)
    // What the two systems hold between them is more than is allowed to wait.
    for _ in 0..<60 { stuck.send(binary: large) }
    other.send(text: "4still here")
    #expect(try await other.text() == "4still here")
    try await expect(sessions: 1, of: server)
    await server.stop()
  }

  @Test func clientThatIsStuck() async throws {
    let server = try await TestServer.start {
      $0.sendQueueOctets = 1 << 30
      $0.writeTimeout = .milliseconds(300)
    }
    let stuck = try await server.webSocket("/engine.io/?EIO=4&transport=websocket")
    _ = try await stuck.text()
    try await stuck.connection.stopReading()
    let large = [UInt8](repeating: 7, count: 500_000)
    for _ in 0..<60 { stuck.send(binary: large) }
    try await expect(sessions: 0, of: server)
    await server.stop()
  }

  /// Asks the server, again and again, until it has so many sessions.
  private func expect(sessions: Int, of server: TestServer) async throws {
    let limit = NIODeadline.now() + .seconds(10)
    while try await server.server.sessionCount() != sessions {
      try #require(NIODeadline.now() < limit, "sessions never were \(sessions)")
      await Task.yield()
    }
  }

  @Test func connectionsOfOneAddress() async throws {
    let server = try await TestServer.start { $0.connectionsPerAddress = 2 }
    let first = try await server.connect()
    let second = try await server.connect()
    for connection in [first, second] { try connection.send(request: "GET", "/a") }
    #expect(try await first.response().status == 200)
    #expect(try await second.response().status == 200)
    let third = try await server.connect()
    try await third.closed()
    // A place becomes free.
    first.close()
    try await first.closed()
    try await server.server.settle()
    #expect(try await server.get("/b").status == 200)
    await server.stop()
  }

  @Test func pagesOfOthers() async throws {
    let server = try await TestServer.start { $0.allowedOrigins = ["https://friend"] }
    let evil = [("Origin", "http://evil")]
    await #expect(throws: TestFailure.self) {
      try await server.webSocket("/socket.io/?EIO=4&transport=websocket", headers: evil)
    }
    await #expect(throws: TestFailure.self) { try await server.webSocket("/echo", headers: evil) }
    #expect(try await server.post("/", "x", headers: evil).status == 403)
    #expect(try await server.get("/", headers: evil).status == 200)
    let sid = try await server.openPolling()
    let url = "/socket.io/?EIO=4&transport=polling&sid=\(sid)"
    let refused = try await server.post(url, "40", headers: evil)
    #expect(refused.status == 403)
    #expect(refused.text == "{\"code\":4,\"message\":\"Forbidden\"}")
    #expect(try await server.post(url, "40", headers: [("Origin", "http://test")]).text == "ok")
    let friend = try await server.get(
      "/socket.io/?EIO=4&transport=polling", headers: [("Origin", "https://friend")])
    #expect(friend.header("access-control-allow-origin") == "https://friend")
    await server.stop()
  }
}

extension SocketServer {
  /// Sessions there are.
  func sessionCount() async throws -> Int {
    try await onLoop { $0.sessions.count } ?? -1
  }

  /// Waits until the event loop has done what is before this.
  func settle() async throws { _ = try await onLoop { _ in } }
}
