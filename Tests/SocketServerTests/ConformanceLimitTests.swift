import NIOCore
import Protocols
import Testing

@testable import SocketServer

/// What a client cannot do to the server, or to the other clients.
@Suite struct LimitConformance {
  // MARK: HTTP

  @Test func `a head longer than the limit is 431`() async throws {
    try await withServer {
      $0.headerOctets = 2000
    } _: { server in
      let long = String(repeating: "x", count: 1500)
      let one = try await server.get("/", headers: [("A", long)])
      #expect(one.status == 200)
      let two = try await server.get("/", headers: [("A", long), ("B", long)])
      #expect(two.status == 431)
    }
  }

  @Test func `a head that never ends is cut at the limit`() async throws {
    try await withServer { server in
      let connection = try await server.connect()
      connection.send("GET / HTTP/1.1\r\n")
      for number in 0..<2000 {
        connection.send("X-\(number): \(String(repeating: "y", count: 40))\r\n")
      }
      let status = try? await connection.response().status
      #expect(status == 431 || status == nil)
      try await connection.closed()
    }
  }

  @Test func `a body longer than the limit is 413, announced or chunked`() async throws {
    try await withServer {
      $0.bodyOctets = 1000
    } _: { server in
      let most = String(repeating: "x", count: 1000)
      #expect(try await server.post("/", most).text == "POST / " + most)
      #expect(try await server.post("/", most + "x").status == 413)
      let connection = try await server.connect()
      connection.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
      for _ in 0..<5 { connection.send("100\r\n" + String(repeating: "x", count: 256) + "\r\n") }
      #expect(try await connection.response().status == 413)
      try await connection.closed()
    }
  }

  @Test(arguments: [
    "NONSENSE\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", "\u{0}\u{1}\u{2}\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "GET / HTTP/9.9\r\nHost: a\r\n\r\n",
  ])
  func `what is no request is refused, and the connection ends`(octets: String) async throws {
    try await withServer { server in
      let connection = try await server.connect()
      connection.send(octets)
      let status = try? await connection.response().status
      #expect(status.map { [400, 413, 505].contains($0) } ?? true, "\(status ?? 0)")
      try await connection.closed()
      #expect(try await server.get("/").status == 200)
    }
  }

  @Test(arguments: ["", "GET / HT", "GET / HTTP/1.1\r\nHost: x\r\nA: "])
  func `a client that is slow with its head is closed`(start: String) async throws {
    try await withServer {
      $0.headerTimeout = .milliseconds(100)
      $0.closeTimeout = .milliseconds(100)
    } _: { server in
      let connection = try await server.connect()
      connection.send(start)
      try await connection.closed()
    }
  }

  @Test func `a client that is slow with its body is told 408 and closed`() async throws {
    try await withServer {
      $0.bodyTimeout = .milliseconds(100)
      $0.closeTimeout = .milliseconds(100)
    } _: { server in
      let connection = try await server.connect()
      connection.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
      #expect(try await connection.response().status == 408)
      try await connection.closed()
    }
  }

  @Test func `a header that drips in counts from its beginning`() async throws {
    try await withServer {
      $0.headerTimeout = .milliseconds(300)
      $0.closeTimeout = .milliseconds(100)
    } _: { server in
      let connection = try await server.connect()
      connection.send("GET / HTTP/1.1\r\n")
      // Each octet comes in time; the head does not. `patience` ends the test when it never closes.
      let limit = NIODeadline.now() + TestConnection.patience
      while !connection.isClosed, NIODeadline.now() < limit {
        connection.send("A")
        _ = try? await connection.closed(within: .milliseconds(20))
      }
      #expect(connection.isClosed)
    }
  }

  @Test func `pipelined requests are answered in order`() async throws {
    try await withServer { server in
      let connection = try await server.connect()
      let requests = (0..<50).map { "GET /\($0) HTTP/1.1\r\nHost: x\r\n\r\n" }.joined()
      connection.send(requests)
      for number in 0..<50 { #expect(try await connection.response().text == "GET /\(number) ") }
    }
  }

  @Test func `connections of one address are counted`() async throws {
    try await withServer {
      $0.connectionsPerAddress = 3
    } _: { server in
      var held: [TestWebSocket] = []
      for _ in 0..<3 { held.append(try await server.webSocket("/echo")) }
      // Closed as soon as it is accepted, which may be before `connect` is done.
      if let fourth = try? await server.connect() { try await fourth.closed() }
      held[0].close()
      _ = try await held[0].closed()
      // The server sees the end a moment later.
      var isServed = false
      for _ in 0..<500 where !isServed { isServed = (try? await server.get("/"))?.status == 200 }
      #expect(isServed)
    }
  }

  // MARK: Slow readers

  @Test(.timeLimit(.minutes(1)))
  func `a client that reads nothing is closed, and the others are served`() async throws {
    let application = Departures()
    try await withServer(application: application) {
      $0.sendQueueOctets = 256 << 10
      $0.maxPayload = 4 << 20
    } _: { server in
      let slow = try await server.connected()
      let quick = try await server.connected()
      try await slow.connection.stopReading()
      let text = "42[\"message\",\"\(String(repeating: "x", count: 200_000))\"]"
      // What it asks for it does not read: system buffers fill, then the queue.
      let limit = NIODeadline.now() + .seconds(8)
      for _ in 0..<200 { slow.send(text: text) }
      var rounds = 0
      while rounds < 50, NIODeadline.now() < limit {
        let answer = try await quick.answer(to: "42[\"message\",\(rounds)]")
        #expect(answer == "42[\"message-back\",\(rounds)]")
        rounds += 1
      }
      #expect(rounds == 50)
      var departures = application.reasons.makeAsyncIterator()
      #expect(await departures.next() == .tooSlow)
      #expect(try await quick.answer(to: "42[\"message\"]") == "42[\"message-back\"]")
    }
  }

  @Test func `a client that fetches nothing by polling is closed`() async throws {
    try await withServer {
      $0.sendQueueOctets = 100_000
    } _: { server in
      let sid = try await server.openEngine()
      let text = "4" + String(repeating: "x", count: 60_000)
      #expect(try await server.post(Path.polling(sid), text).text == "ok")
      _ = try await server.post(Path.polling(sid), text)
      #expect(try await server.get(Path.polling(sid)).status == 400)
    }
  }

  // MARK: The end

  @Test func `stop tells websockets and waiting GETs, and refuses whoever comes`() async throws {
    let server = try await TestServer.start()
    let socket = try await server.connected()
    let engine = try await server.openSocket(Path.engineSocket)
    let echo = try await server.webSocket("/echo")
    let sid = try await server.openEngine()
    let get = try await server.startGet(Path.polling(sid))
    #expect(try await server.post(Path.polling(sid), "4x").text == "ok")
    #expect(try await get.response().text == "4x")
    try get.send(request: "GET", Path.polling(sid))
    let idle = try await server.connect()
    async let stopped: Void = server.stop()
    #expect(try await socket.text() == "1")
    #expect(try await socket.closed() == 1001)
    #expect(try await engine.text() == "1")
    #expect(try await engine.closed() == 1001)
    #expect(try await echo.closed() == 1001)
    if let answer = try? await get.response() { #expect(answer.text == "1") }
    try await get.closed()
    try await idle.closed()
    await stopped
    await #expect(throws: (any Error).self) { _ = try await server.connect() }
  }
}

/// The echo, which says why each client is gone.
private final class Departures: SocketApplication {
  private let echo = TestEcho()
  let reasons: AsyncStream<SocketEnd>
  private let said: AsyncStream<SocketEnd>.Continuation

  init() { (reasons, said) = AsyncStream.makeStream() }

  func respond(to request: HTTPRequest) async -> HTTPResponse { HTTPResponse(.notFound) }
  func admit(_ socket: Socket, with payload: JSONValue?) async -> SocketAdmission {
    await echo.admit(socket, with: payload)
  }
  func connected(_ socket: Socket) { echo.connected(socket) }
  func receive(_ event: SocketEvent, from socket: Socket) { echo.receive(event, from: socket) }
  func disconnected(_ socket: Socket, _ reason: SocketEnd) { said.yield(reason) }
}
