import NIOCore
import Protocols
import Testing

@testable import SocketServer

/// The WebSocket handshake, and who may open one.
@Suite struct HandshakeConformance {
  static let right: [(String, String)] = [
    ("Upgrade", "websocket"), ("Connection", "keep-alive, Upgrade"),
    ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
  ]

  private func status(
    _ server: TestServer, _ target: String = "/echo", changing: [(String, String?)] = []
  ) async throws -> TestResponse {
    var headers = Self.right
    for (name, value) in changing {
      headers.removeAll { $0.0 == name }
      if let value { headers.append((name, value)) }
    }
    let connection = try await server.connect()
    defer { connection.close() }
    try connection.send(request: "GET", target, headers: headers)
    return try await connection.response()
  }

  @Test func `the answer holds the key's digest`() async throws {
    try await withServer { server in
      let response = try await status(server)
      #expect(response.status == 101)
      // The example of RFC 6455 section 1.3.
      #expect(response.header("sec-websocket-accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
      #expect(response.header("upgrade")?.lowercased() == "websocket")
      #expect(response.header("connection")?.lowercased() == "upgrade")
      #expect(response.header("sec-websocket-extensions") == nil)
      #expect(response.header("sec-websocket-protocol") == nil)
    }
  }

  static let wrong: [(String, String?, Int)] = [
    ("Upgrade", nil, 426), ("Upgrade", "h2c", 426), ("Connection", nil, 426),
    ("Connection", "keep-alive", 426), ("Sec-WebSocket-Version", nil, 426),
    ("Sec-WebSocket-Version", "8", 426), ("Sec-WebSocket-Key", nil, 400),
    ("Sec-WebSocket-Key", "short", 400), ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ", 400),
  ]

  @Test(arguments: wrong)
  func `a handshake that lacks something is refused`(name: String, value: String?, code: Int)
    async throws
  {
    try await withServer { server in
      let response = try await status(server, changing: [(name, value)])
      #expect(response.status == code)
      if name == "Sec-WebSocket-Version" {
        #expect(response.header("sec-websocket-version") == "13")
      }
    }
  }

  /// Origin, with PORT for the server's, and whether it may.
  static let origins: [(String?, Bool)] = [
    (nil, true), ("http://127.0.0.1:PORT", true), ("http://127.0.0.1:1", false),
    ("http://evil.example", false), ("http://127.0.0.1:PORT.evil.example", false),
    ("http://evil.example:PORT", false), ("null", false), ("", false), ("file://", false),
    ("https://chat.example:8443", true), ("https://chat.example", false),
    ("http://chat.example:8443", false),
  ]

  @Test(arguments: origins)
  func `Origin is absent, the Host, or one that is allowed, on upgrade and POST`(
    origin: String?, isAllowed: Bool
  ) async throws {
    try await withServer {
      $0.allowedOrigins = ["https://chat.example:8443"]
    } _: { server in
      let host = "127.0.0.1:\(server.port)"
      let origin = origin?.replacing("PORT", with: String(server.port))
      let headers: [(String, String?)] = [("Host", host), ("Origin", origin)]
      for target in ["/echo", Path.engineSocket] {
        let response = try await status(server, target, changing: headers)
        #expect(response.status == (isAllowed ? 101 : 403), "\(target)")
      }
      let sid = try await server.openEngine()
      let kept = headers.compactMap { name, value in value.map { (name, $0) } }
      let post = try await server.post(Path.polling(sid), "4x", headers: kept)
      #expect(post.status == (isAllowed ? 200 : 403))
      let page = try await server.post("/join", "code=ABCDEF", headers: kept)
      #expect(page.status == (isAllowed ? 200 : 403))
    }
  }

  @Test func `a page may be fetched from anywhere`() async throws {
    try await withServer { server in
      let page = try await server.get("/", headers: [("Origin", "http://evil.example")])
      #expect(page.status == 200)
      #expect(page.header("access-control-allow-origin") == nil)
    }
  }

  @Test func `what a client sends behind its handshake is read`() async throws {
    try await withServer { server in
      let connection = try await server.connect()
      let head = "GET /echo HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      let rest =
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
      let sender = WebSocketSender(side: .client) { 0x0102_0304 }
      connection.send(Array((head + rest).utf8) + sender.text("early"))
      #expect(try await connection.response().status == 101)
      let came = try await connection.wait(for: "the echo") { octets -> [UInt8]? in
        octets.count >= 7 ? octets : nil
      }
      #expect(came == [0x81, 5] + Array("early".utf8))
    }
  }
}
