import Glibc
import NIOCore
import Protocols
import Synchronization
import Testing

@testable import SocketServer

@Suite struct ServerHTTPTests {
  @Test func requestsInARowAreAnsweredInOrder() async throws {
    let server = try await TestServer.start()
    let connection = try await server.connect()
    var text = ""
    for number in 0..<20 {
      text += "POST /\(number) HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab"
    }
    connection.send(text)
    for number in 0..<20 {
      #expect(try await connection.response().text == "POST /\(number) ab")
    }
    // The connection lasts.
    connection.send("HEAD /h HTTP/1.1\r\nHost: x\r\n\r\n")
    let head = try await connection.response(to: "HEAD")
    #expect(head.header("content-length") == "8")
    connection.send(
      "POST /e HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nz")
    #expect(try await connection.response().text == "POST /e z")
    connection.send("GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    #expect(try await connection.response().header("connection") == "close")
    try await connection.closed()
    await server.stop()
  }

  @Test func clientThatSaysNoMoreIsAnswered() async throws {
    let server = try await TestServer.start()
    let connection = try await server.connect()
    connection.send("GET /x HTTP/1.1\r\nHost: x\r\n\r\n")
    connection.closeOutput()
    #expect(try await connection.response().text == "GET /x ")
    try await connection.closed()
    await server.stop()
  }

  @Test(arguments: [
    ("\u{0}\u{1}\u{2}\r\n\r\n", 400), ("GET / HTTP/1.1\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: a\r\n b c: d\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775807\r\n\r\n", 413),
  ])
  func requestsThatAreNone(text: String, status: Int) async throws {
    let server = try await TestServer.start()
    let connection = try await server.connect()
    connection.send(text)
    #expect(try await connection.response().status == status)
    try await connection.closed()
    #expect(try await server.get("/").status == 200)
    await server.stop()
  }

  @Test func upgradesThatAreRefused() async throws {
    let server = try await TestServer.start()
    let good = [
      ("Upgrade", "websocket"), ("Connection", "keep-alive, Upgrade"),
      ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ]
    func ask(_ change: (inout [(String, String)]) -> Void) async throws -> TestResponse {
      var headers = good
      change(&headers)
      let connection = try await server.connect()
      try connection.send(request: "GET", "/echo", headers: headers)
      defer { connection.close() }
      return try await connection.response()
    }
    let accepted = try await ask { _ in }
    #expect(accepted.status == 101)
    #expect(accepted.header("sec-websocket-accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    #expect(try await ask { $0[3].1 = "short" }.status == 400)
    #expect(try await ask { $0.append($0[3]) }.status == 400)
    let version = try await ask { $0[2].1 = "8" }
    #expect(version.status == 426)
    #expect(version.header("sec-websocket-version") == "13")
    #expect(try await ask { $0[1].1 = "close" }.status == 426)
    #expect(try await server.get("/echo").status == 426)
    await server.stop()
  }

  @Test func framesSentWithTheHandshake() async throws {
    let server = try await TestServer.start()
    let connection = try await server.connect()
    let sender = WebSocketSender(side: .client) { 1 }
    connection.send(
      Array(
        """
        GET /echo HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n
        """.utf8) + sender.text("early") + sender.close(1000))
    #expect(try await connection.response().status == 101)
    let frames = try await connection.wait(for: "frames") { octets -> [UInt8]? in
      octets.count >= 11 ? octets : nil
    }
    #expect(frames == [0x81, 5] + Array("early".utf8) + [0x88, 2, 3, 0xe8])
    try await connection.closed()
    await server.stop()
  }

  @Test func stopTellsEveryone() async throws {
    let server = try await TestServer.start()
    let socket = try await server.webSocket("/socket.io/?EIO=4&transport=websocket")
    _ = try await socket.text()
    let echo = try await server.webSocket("/echo")
    let idle = try await server.connect()
    let sid = try await server.openPolling()
    let poll = try await server.connect()
    try poll.send(request: "GET", "/socket.io/?EIO=4&transport=polling&sid=\(sid)")
    while try await server.server.onLoop({
      $0.sessions.values.contains { $0.transport.isPollWaiting }
    }) != true {
      await Task.yield()
    }
    async let stopped: Void = server.stop()
    #expect(try await socket.text() == "1")
    #expect(try await socket.closed() == 1001)
    #expect(try await echo.closed() == 1001)
    #expect(try await poll.response().text == "1")
    try await idle.closed()
    await stopped
    await #expect(throws: (any Error).self) { try await server.connect() }
  }

  @Test func hooksSeeTheSockets() async throws {
    let seen = Seen()
    let server = try await TestServer.start {
      $0.onListening = { seen.add("listening", $0) }
      $0.onAccepted = { seen.add("accepted", $0) }
    }
    #expect(try await server.get("/").status == 200)
    await server.stop()
    #expect(seen.all.withLock { $0 } == ["listening", "accepted"])
  }

  private final class Seen: Sendable {
    let all = Mutex<[String]>([])
    func add(_ what: String, _ descriptor: CInt) {
      var type: CInt = 0
      var size = socklen_t(MemoryLayout<CInt>.size)
      let isSocket = getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0
      all.withLock { $0.append(isSocket ? what : "no socket") }
    }
  }
}
