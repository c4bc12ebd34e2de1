import NIOCore
import Protocols
import Testing

@testable import SocketServer

/// Engine.IO revision 4 by long polling and by WebSocket, a rule a test; the upgrade has a suite of
/// its own.
@Suite struct EngineConformance {
  // MARK: Handshake

  static let keys = ["sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"]

  @Test func `the open packet has its five keys, and polling may be upgraded to websocket`()
    async throws
  {
    try await withServer {
      $0.pingInterval = .milliseconds(300)
      $0.pingTimeout = .milliseconds(200)
    } _: { server in
      let response = try await server.get(Path.enginePolling)
      #expect(response.status == 200)
      #expect(response.header("content-type") == "text/plain; charset=UTF-8")
      #expect(response.header("cache-control") == "no-store")
      let open = try OpenPacket(response.text)
      #expect(open.names == Self.keys)
      #expect(open.value["upgrades"] == ["websocket"])
      #expect(open.value["pingInterval"] == 300)
      #expect(open.value["pingTimeout"] == 200)
      #expect(open.value["maxPayload"] == 1_000_000)
    }
  }

  @Test func `a websocket's open packet offers no upgrade`() async throws {
    try await withServer { server in
      let socket = try await server.webSocket(Path.engineSocket)
      let open = try OpenPacket(try await socket.text())
      #expect(open.names == Self.keys)
      #expect(open.value["upgrades"] == [])
      #expect(open.value["pingInterval"] == 25000)
      #expect(open.value["pingTimeout"] == 20000)
    }
  }

  @Test func `session ids differ and cannot be guessed`() async throws {
    try await withServer { server in
      var ids: Set<String> = []
      for _ in 0..<20 { ids.insert(try await server.openEngine()) }
      #expect(ids.count == 20)
      #expect(ids.allSatisfy { $0.utf8.count == 20 })
    }
  }

  /// Method, query, code and words of the refusal.
  static let refused: [(String, String, Int, String)] = [
    ("GET", "transport=polling", 5, "Unsupported protocol version"),
    ("GET", "EIO=abc&transport=polling", 5, "Unsupported protocol version"),
    ("GET", "EIO=3&transport=polling", 5, "Unsupported protocol version"),
    ("GET", "EIO=4", 0, "Transport unknown"),
    ("GET", "EIO=4&transport=abc", 0, "Transport unknown"),
    ("GET", "", 0, "Transport unknown"),
    ("GET", "EIO=4&transport=websocket", 3, "Bad request"),
    ("POST", "EIO=4&transport=polling", 2, "Bad handshake method"),
    ("PUT", "EIO=4&transport=polling", 2, "Bad handshake method"),
    ("GET", "EIO=4&transport=polling&sid=unknown", 1, "Session ID unknown"),
    ("POST", "EIO=4&transport=polling&sid=unknown", 1, "Session ID unknown"),
    ("POST", "EIO=4&transport=polling&sid=__proto__", 1, "Session ID unknown"),
  ]

  @Test(arguments: ["/engine.io/", "/socket.io/"], refused)
  func `a wrong request is refused with its code and words`(
    path: String, refused: (String, String, Int, String)
  ) async throws {
    let (method, query, code, words) = refused
    try await withServer { server in
      let response = try await server.request(method, "\(path)?\(query)")
      #expect(response.status == 400)
      #expect(response.header("content-type") == "application/json")
      #expect(response.text == "{\"code\":\(code),\"message\":\"\(words)\"}")
    }
  }

  @Test(arguments: [
    "transport=websocket", "EIO=abc&transport=websocket", "EIO=4", "EIO=4&transport=abc",
    "EIO=4&transport=websocket&sid=unknown", "EIO=4&transport=polling",
  ])
  func `a wrong websocket request is refused and closed`(query: String) async throws {
    try await withServer { server in
      let connection = try await server.connect()
      try connection.send(
        request: "GET", "/engine.io/?\(query)",
        headers: [
          ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13"),
          ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ])
      #expect(try await connection.response().status == 400)
      try await connection.closed()
    }
  }

  // MARK: Messages by polling

  @Test(arguments: [
    "4hello", "4", "4test1\u{1e}4test2\u{1e}4test3", "4hello\u{1e}bAQIDBA==", "b\u{1e}4",
    "4Grüße 👋 \u{2028}",
  ])
  func `a POST's packets come back in one GET, and the POST is answered ok`(body: String)
    async throws
  {
    try await withServer { server in
      let sid = try await server.openEngine()
      let post = try await server.post(Path.polling(sid), body)
      #expect(post.status == 200)
      #expect(post.text == "ok")
      #expect(post.header("content-type") == "text/html")
      let get = try await server.get(Path.polling(sid))
      #expect(get.status == 200)
      #expect(get.text == body)
    }
  }

  @Test func `a GET waits for what comes later`() async throws {
    try await withServer { server in
      let sid = try await server.openEngine()
      let get = try await server.startGet(Path.polling(sid))
      #expect(try await server.post(Path.polling(sid), "4late").text == "ok")
      #expect(try await get.response().text == "4late")
      // The connection goes on: the next GET comes on it.
      try get.send(request: "GET", Path.polling(sid))
      #expect(try await server.post(Path.polling(sid), "4later").text == "ok")
      #expect(try await get.response().text == "4later")
    }
  }

  @Test func `a hundred packets of one POST keep their order`() async throws {
    try await withServer { server in
      let sid = try await server.openEngine()
      let body = (0..<100).map { "4number \($0)" }.joined(separator: "\u{1e}")
      _ = try await server.post(Path.polling(sid), body)
      #expect(try await server.get(Path.polling(sid)).text == body)
    }
  }

  @Test(arguments: ["abc", "9", "", "4a\u{1e}", "b!", "4a\u{1e}xyz"])
  func `a malformed payload is refused and the session closed`(body: String) async throws {
    try await withServer { server in
      let sid = try await server.openEngine()
      #expect(try await server.post(Path.polling(sid), body).status == 400)
      #expect(try await server.get(Path.polling(sid)).status == 400)
    }
  }

  @Test func `a second GET ends the session: the first gets 1, the second 400`() async throws {
    try await withServer { server in
      let sid = try await server.openEngine()
      let first = try await server.startGet(Path.polling(sid))
      // Two connections: which of them the server reads first is not ours to say.
      var second = try await server.get(Path.polling(sid) + "&t=2")
      if second.status == 200 {
        #expect(second.text == "1")
        second = try await first.response()
        #expect(second.status == 400)
      } else {
        #expect(second.status == 400)
        let answer = try await first.response()
        #expect(answer.status == 200)
        #expect(answer.text == "1")
      }
      #expect(try await server.get(Path.polling(sid)).status == 400)
    }
  }

  @Test func `a GET whose client leaves ends the session`() async throws {
    try await withServer { server in
      let sid = try await server.openEngine()
      let get = try await server.startGet(Path.polling(sid))
      #expect(try await server.post(Path.polling(sid), "4x").text == "ok")
      #expect(try await get.response().text == "4x")
      try get.send(request: "GET", Path.polling(sid))
      get.close()
      var status = 200
      while status == 200 { status = try await server.post(Path.polling(sid), "4y").status }
      #expect(status == 400)
    }
  }

  @Test func `a client's close packet releases a waiting GET with 6 and ends the session`()
    async throws
  {
    try await withServer { server in
      let sid = try await server.openEngine()
      let get = try await server.startGet(Path.polling(sid))
      #expect(try await server.post(Path.polling(sid), "1").text == "ok")
      // Two connections: the GET may have come behind the close packet, and then the session was gone.
      let answer = try await get.response()
      #expect(answer.status == 200 ? answer.text == "6" : answer.status == 400)
      #expect(try await server.get(Path.polling(sid)).status == 400)
    }
  }

  // MARK: Messages by WebSocket

  @Test func `text and octets come back as they were sent`() async throws {
    try await withServer { server in
      let socket = try await server.openSocket(Path.engineSocket)
      #expect(try await socket.answer(to: "4hello") == "4hello")
      #expect(try await socket.answer(to: "4") == "4")
      socket.send(binary: [1, 2, 3, 4])
      #expect(try await socket.binary() == [1, 2, 3, 4])
      socket.send(binary: [])
      #expect(try await socket.binary() == [])
    }
  }

  @Test(arguments: ["abc", "7", "9x", "", "\u{1e}"])
  func `a packet of unknown type closes the session`(packet: String) async throws {
    try await withServer { server in
      let socket = try await server.openSocket(Path.engineSocket)
      socket.send(text: packet)
      _ = try await socket.closed()
    }
  }

  @Test func `a client's close packet closes the websocket`() async throws {
    try await withServer { server in
      let socket = try await server.openSocket(Path.engineSocket)
      socket.send(text: "1")
      #expect(try await socket.closed() != nil)
    }
  }

  // MARK: Heartbeat

  @Test func `the server pings by polling, and each pong keeps the session`() async throws {
    try await withServer {
      $0.pingInterval = .milliseconds(50)
      $0.pingTimeout = .seconds(8)
    } _: { server in
      let sid = try await server.openEngine()
      for _ in 0..<3 {
        #expect(try await server.get(Path.polling(sid)).text == "2")
        #expect(try await server.post(Path.polling(sid), "3").text == "ok")
      }
    }
  }

  @Test func `the server pings by websocket, and each pong keeps the session`() async throws {
    try await withServer {
      $0.pingInterval = .milliseconds(50)
      $0.pingTimeout = .seconds(8)
    } _: { server in
      let socket = try await server.openSocket(Path.engineSocket)
      for _ in 0..<3 {
        #expect(try await socket.text() == "2")
        socket.send(text: "3")
      }
      #expect(try await socket.text() == "2")
    }
  }

  @Test func `without a pong the websocket is closed`() async throws {
    try await withServer {
      $0.pingInterval = .milliseconds(60)
      $0.pingTimeout = .milliseconds(60)
    } _: { server in
      let socket = try await server.openSocket(Path.engineSocket)
      #expect(try await socket.text() == "2")
      _ = try await socket.closed()
    }
  }

  @Test func `without a pong the polling session is gone`() async throws {
    try await withServer {
      $0.pingInterval = .milliseconds(100)
      $0.pingTimeout = .seconds(5)
    } _: { server in
      let sid = try await server.openEngine()
      #expect(try await server.get(Path.polling(sid)).text == "2")
      // A waiting GET is told of the end.
      let last = try await server.get(Path.polling(sid))
      #expect(last.status == 200 ? last.text == "1" : last.status == 400)
      #expect(try await server.get(Path.polling(sid)).status == 400)
    }
  }

  @Test func `a ping from the client is against the protocol and closes`() async throws {
    try await withServer { server in
      let socket = try await server.openSocket(Path.engineSocket)
      socket.send(text: "2")
      _ = try await socket.closed()
      let sid = try await server.openEngine()
      _ = try await server.post(Path.polling(sid), "2")
      #expect(try await server.get(Path.polling(sid)).status == 400)
    }
  }

  // MARK: Limits

  @Test func `a message of maxPayload passes, a longer one closes the websocket with 1009`()
    async throws
  {
    try await withServer {
      $0.maxPayload = 1000
    } _: { server in
      let socket = try await server.openSocket(Path.engineSocket)
      let most = "4" + String(repeating: "x", count: 999)
      #expect(try await socket.answer(to: most) == most)
      socket.send(text: most + "x")
      #expect(try await socket.closed() == 1009)
    }
  }

  @Test func `a POST longer than maxPayload is 413`() async throws {
    try await withServer {
      $0.maxPayload = 1000
    } _: { server in
      let sid = try await server.openEngine()
      let most = "4" + String(repeating: "x", count: 999)
      #expect(try await server.post(Path.polling(sid), most).text == "ok")
      #expect(try await server.post(Path.polling(sid), most + "x").status == 413)
    }
  }

  @Test func `the path may be another one`() async throws {
    try await withServer {
      $0.path = "/chat/socket.io"
    } _: { server in
      let open = try await server.get("/chat/socket.io/?EIO=4&transport=polling")
      #expect(try OpenPacket(open.text).names == Self.keys)
      #expect(try await server.get(Path.polling).text.hasPrefix("GET /socket.io/"))
    }
  }
}
