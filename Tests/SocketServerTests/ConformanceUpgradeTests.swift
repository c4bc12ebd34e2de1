import NIOCore
import Protocols
import Testing

@testable import SocketServer

/// From polling to WebSocket. Engine.IO protocol revision 4, section "Upgrade".
@Suite struct UpgradeConformance {
  @Test func `a probe is answered, releases polling with 6, and 5 moves the session`() async throws
  {
    try await withServer { server in
      let sid = try await server.openEngine()
      let socket = try await server.webSocket(Path.socket(sid))
      #expect(try await socket.answer(to: "2probe") == "3probe")
      let released = try await server.get(Path.polling(sid))
      #expect(released.status == 200)
      #expect(released.text == "6")
      socket.send(text: "5")
      #expect(try await socket.answer(to: "4hello") == "4hello")
    }
  }

  @Test func `the probe releases a GET that waits`() async throws {
    try await withServer { server in
      let sid = try await server.openEngine()
      let get = try await server.startGet(Path.polling(sid))
      let socket = try await server.webSocket(Path.socket(sid))
      #expect(try await socket.answer(to: "2probe") == "3probe")
      #expect(try await get.response().text == "6")
      socket.send(text: "5")
      #expect(try await socket.answer(to: "4hello") == "4hello")
    }
  }

  @Test func `2probe and 5 may come together`() async throws {
    try await withServer { server in
      let sid = try await server.openEngine()
      let socket = try await server.webSocket(Path.socket(sid))
      let sender = WebSocketSender(side: .client) { 0x0102_0304 }
      socket.send(raw: sender.text("2probe") + sender.text("5") + sender.text("4hello"))
      #expect(try await socket.text() == "3probe")
      #expect(try await socket.text() == "4hello")
      #expect(try await server.get(Path.polling(sid)).status == 400)
    }
  }

  @Test func `after the upgrade a GET or POST on the session is 400, and harms nothing`()
    async throws
  {
    try await withServer { server in
      let sid = try await server.openEngine()
      let socket = try await server.upgraded(sid)
      let get = try await server.get(Path.polling(sid))
      #expect(get.status == 400)
      #expect(get.text == "{\"code\":3,\"message\":\"Bad request\"}")
      #expect(try await server.post(Path.polling(sid), "4no").status == 400)
      #expect(try await socket.answer(to: "4hello") == "4hello")
    }
  }

  @Test func `after the upgrade a second websocket on the session is closed, and harms nothing`()
    async throws
  {
    try await withServer { server in
      let sid = try await server.openEngine()
      let socket = try await server.upgraded(sid)
      let second = try await server.webSocket(Path.socket(sid))
      _ = try await second.closed()
      #expect(try await socket.answer(to: "4hello") == "4hello")
    }
  }

  @Test func `while one websocket probes a second is closed`() async throws {
    try await withServer { server in
      let sid = try await server.openEngine()
      let socket = try await server.webSocket(Path.socket(sid))
      #expect(try await socket.answer(to: "2probe") == "3probe")
      let second = try await server.webSocket(Path.socket(sid))
      _ = try await second.closed()
      socket.send(text: "5")
      #expect(try await socket.answer(to: "4hello") == "4hello")
    }
  }

  @Test func `what waited for polling comes by the websocket, octets as octets`() async throws {
    try await withServer { server in
      let sid = try await server.openEngine()
      let socket = try await server.webSocket(Path.socket(sid))
      #expect(try await socket.answer(to: "2probe") == "3probe")
      _ = try await server.post(Path.polling(sid), "4one\u{1e}bAQIDBA==\u{1e}4two")
      socket.send(text: "5")
      #expect(try await socket.text() == "4one")
      #expect(try await socket.binary() == [1, 2, 3, 4])
      #expect(try await socket.text() == "4two")
    }
  }

  @Test(arguments: ["4hello", "5", "3", "2other", "nonsense"])
  func `a websocket that does not probe first is closed, and polling goes on`(packet: String)
    async throws
  {
    try await withServer { server in
      let sid = try await server.openEngine()
      let socket = try await server.webSocket(Path.socket(sid))
      socket.send(text: packet)
      _ = try await socket.closed()
      #expect(try await server.post(Path.polling(sid), "4still").text == "ok")
      #expect(try await server.get(Path.polling(sid)).text == "4still")
    }
  }

  @Test func `a websocket lost before the upgrade leaves the session to polling`() async throws {
    try await withServer { server in
      let sid = try await server.openEngine()
      let socket = try await server.webSocket(Path.socket(sid))
      #expect(try await socket.answer(to: "2probe") == "3probe")
      socket.connection.close()
      #expect(try await server.post(Path.polling(sid), "4still").text == "ok")
      var text = "6"
      while text == "6" { text = try await server.get(Path.polling(sid)).text }
      #expect(text == "4still")
    }
  }

  @Test func `an upgrade not completed in time is given up`() async throws {
    try await withServer {
      $0.upgradeTimeout = .seconds(4)
    } _: { server in
      let sid = try await server.openEngine()
      let socket = try await server.webSocket(Path.socket(sid))
      #expect(try await socket.answer(to: "2probe") == "3probe")
      _ = try await socket.closed()
      #expect(try await server.post(Path.polling(sid), "4still").text == "ok")
      #expect(try await server.get(Path.polling(sid)).text == "4still")
    }
  }

  @Test func `the upgraded session is pinged, and ends without a pong`() async throws {
    try await withServer {
      $0.pingInterval = .milliseconds(100)
      $0.pingTimeout = .seconds(6)
    } _: { server in
      let sid = try await server.openEngine()
      let socket = try await server.upgraded(sid)
      // The first ping may have gone out by polling, with the answer that the probe released.
      socket.send(text: "3")
      while try await socket.text() != "2" {}
      socket.send(text: "3")
      #expect(try await socket.text() == "2")
      _ = try await socket.closed()
      #expect(try await server.get(Path.polling(sid)).text.contains("Session ID unknown"))
    }
  }
}

extension TestServer {
  /// Moves a session to a WebSocket.
  func upgraded(_ sid: String) async throws -> TestWebSocket {
    let socket = try await webSocket(Path.socket(sid))
    guard try await socket.answer(to: "2probe") == "3probe" else {
      throw TestFailure("the probe was not answered")
    }
    // The server has read the upgrade when it answers what stands behind it.
    let sender = WebSocketSender(side: .client) { 0x0102_0304 }
    socket.send(raw: sender.text("5") + sender.text("4moved"))
    while try await socket.text() != "4moved" {}
    return socket
  }
}
