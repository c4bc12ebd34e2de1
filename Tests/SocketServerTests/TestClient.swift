import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Protocols
import Synchronization

@testable import SocketServer

/// What a test waited for did not come.
struct TestFailure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// A server in this process, on a port that the system chose.
///
/// At `/socket.io/` it is what the conformance suites ask for (namespaces `/` and `/custom`), at
/// `/engine.io/` and `/echo` it echoes; any other path answers with what was asked.
struct TestServer {
  let server: SocketServer
  let port: Int

  /// - Parameter change: Changes the configuration before the start.
  static func start(
    application: (any SocketApplication)? = nil, endpoints: [Endpoint]? = nil,
    _ change: (inout ServerConfiguration) -> Void = { _ in }
  ) async throws -> TestServer {
    var configuration = ServerConfiguration()
    configuration.binds = [ServerAddress("127.0.0.1", port: 0)]
    configuration.namespaces = ["/", "/custom"]
    change(&configuration)
    let server = SocketServer(
      configuration, application: application ?? TestEcho(),
      endpoints: endpoints ?? [
        .engineIO("/engine.io/", TestEcho()),
        .webSocket("/echo", TestEcho(), compresses: true, messageOctets: 16 << 20),
      ],
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let bound = try await server.start()
    return TestServer(server: server, port: bound[0].port)
  }

  func stop() async { await server.stop() }

  func connect() async throws -> TestConnection { try await TestConnection(port: port) }

  /// A request on a connection of its own.
  func request(
    _ method: String, _ target: String, headers: [(String, String)] = [], body: [UInt8] = []
  ) async throws -> TestResponse {
    let connection = try await connect()
    defer { connection.close() }
    try connection.send(
      request: method, target, headers: headers + [("Connection", "close")], body: body)
    return try await connection.response(to: method)
  }

  func get(_ target: String, headers: [(String, String)] = []) async throws -> TestResponse {
    try await request("GET", target, headers: headers)
  }

  func post(
    _ target: String, _ body: String, headers: [(String, String)] = []
  ) async throws -> TestResponse {
    try await request("POST", target, headers: headers, body: Array(body.utf8))
  }

  /// A WebSocket.
  ///
  /// - Throws: `TestFailure` when the server refuses it.
  func webSocket(
    _ target: String, headers: [(String, String)] = [], deflate: PerMessageDeflate? = nil
  ) async throws -> TestWebSocket {
    try await TestWebSocket(connect(), target, headers, deflate)
  }

  /// A polling session: its name.
  func openPolling(_ path: String = "/socket.io/") async throws -> String {
    let response = try await get("\(path)?EIO=4&transport=polling")
    guard response.status == 200, response.text.hasPrefix("0"),
      case .string(let sid)? = try JSONValue(Array(response.text.utf8.dropFirst()))["sid"]
    else { throw TestFailure("no session: \(response.status) \(response.text)") }
    return sid
  }
}

/// An answer to a request.
struct TestResponse: Sendable {
  var status = 0
  /// Names in lower case.
  var headers: [(name: String, value: String)] = []
  var body: [UInt8] = []

  var text: String { String(decoding: body, as: UTF8.self) }

  /// The first value; nil without.
  func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}

/// A TCP connection that keeps what came.
final class TestConnection: Sendable {
  private struct State {
    var octets: [UInt8] = []
    var isClosed = false
    var waiter: EventLoopPromise<Void>?
  }

  private final class Gatherer: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    let connection: TestConnection
    init(_ connection: TestConnection) { self.connection = connection }
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      let buffer = unwrapInboundIn(data)
      connection.change { $0.octets += buffer.readableBytesView }
    }
    func channelInactive(context: ChannelHandlerContext) {
      connection.change { $0.isClosed = true }
    }
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      context.close(promise: nil)
    }
  }

  static let group = MultiThreadedEventLoopGroup.singleton
  /// How long anything may take.
  static let patience = TimeAmount.seconds(10)
  private let state = Mutex(State())
  private let channel: any Channel

  init(port: Int) async throws {
    channel = try await ClientBootstrap(group: Self.group)
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .connect(host: "127.0.0.1", port: port).get()
    // It may be closed by now.
    try? await channel.eventLoop.submit { [channel] in
      try channel.pipeline.syncOperations.addHandler(Gatherer(self))
    }.get()
    if !channel.isActive { change { $0.isClosed = true } }
  }

  private func change(_ body: (inout State) -> Void) {
    let waiter = state.withLock { state in
      body(&state)
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.succeed()
  }

  func send(_ octets: [UInt8]) { channel.writeAndFlush(ByteBuffer(bytes: octets), promise: nil) }
  func send(_ text: String) { send(Array(text.utf8)) }
  /// Ends the connection.
  func close() { channel.close(promise: nil) }
  /// Says no more, and goes on reading.
  func closeOutput() { channel.close(mode: .output, promise: nil) }
  /// Stops reading, as a client does that is stuck.
  func stopReading() async throws { try await channel.setOption(.autoRead, value: false).get() }

  var isClosed: Bool { state.withLock { $0.isClosed } }

  /// Waits until `body` finds what it looks for in what came; it may take octets out.
  ///
  /// - Throws: `TestFailure` after `within`, and when the connection ends before.
  func wait<R>(
    for what: String, within: TimeAmount = TestConnection.patience,
    _ body: (inout [UInt8]) throws -> R?
  ) async throws -> R {
    let limit = NIODeadline.now() + within
    while true {
      var (octets, isClosed) = state.withLock { state in
        defer { state.octets = [] }
        return (state.octets, state.isClosed)
      }
      defer { giveBack(octets) }
      if let result = try body(&octets) { return result }
      guard !isClosed else { throw TestFailure("closed before \(what)") }
      giveBack(octets)
      let kept = octets.count
      octets = []
      let promise = channel.eventLoop.makePromise(of: Void.self)
      let isNew = state.withLock { state in
        if state.octets.count > kept || state.isClosed { return true }
        state.waiter = promise
        return false
      }
      if isNew { promise.succeed() }
      let timer = channel.eventLoop.scheduleTask(deadline: limit) {
        promise.fail(TestFailure("no \(what) within \(within)"))
      }
      defer { timer.cancel() }
      try await promise.futureResult.get()
    }
  }

  /// What was not read stands before what has come meanwhile.
  private func giveBack(_ octets: [UInt8]) {
    guard !octets.isEmpty else { return }
    state.withLock { $0.octets = octets + $0.octets }
  }

  /// Waits for the end of the connection.
  func closed(within: TimeAmount = TestConnection.patience) async throws {
    do {
      try await wait(for: "the end", within: within) { _ in Void?.none }
    } catch let failure as TestFailure where failure.description.hasPrefix("closed") {}
  }

  // MARK: HTTP

  func send(
    request method: String, _ target: String, headers: [(String, String)] = [],
    body: [UInt8] = []
  ) throws {
    var text = "\(method) \(target) HTTP/1.1\r\n"
    if !headers.contains(where: { $0.0.lowercased() == "host" }) { text += "Host: test\r\n" }
    for (name, value) in headers { text += "\(name): \(value)\r\n" }
    if method == "POST" || method == "PUT" || !body.isEmpty {
      text += "Content-Length: \(body.count)\r\n"
    }
    send(Array((text + "\r\n").utf8) + body)
  }

  /// The next answer.
  func response(
    to method: String = "GET", within: TimeAmount = TestConnection.patience
  ) async throws -> TestResponse {
    try await wait(for: "an answer", within: within) { octets in
      guard let (response, end) = Self.head(octets) else { return nil }
      let hasNoBody = method == "HEAD" || response.status < 200 || response.status == 204
      let length = hasNoBody ? 0 : Int(response.header("content-length") ?? "0") ?? 0
      guard octets.count >= end + length else { return nil }
      var whole = response
      whole.body = Array(octets[end..<end + length])
      octets.removeFirst(end + length)
      return whole
    }
  }

  private static func head(_ octets: [UInt8]) -> (TestResponse, Int)? {
    guard let end = octets.indices.first(where: { octets[$0...].starts(with: [13, 10, 13, 10]) })
    else { return nil }
    let lines = String(decoding: octets[..<end], as: UTF8.self).split(separator: "\r\n")
    var response = TestResponse()
    response.status = lines.first.flatMap { Int($0.split(separator: " ")[1]) } ?? 0
    for line in lines.dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1)
      var value = parts.count > 1 ? parts[1] : ""
      while value.first == " " { value.removeFirst() }
      response.headers.append((parts[0].lowercased(), String(value)))
    }
    return (response, end + 4)
  }
}

/// A WebSocket client: what comes is held against the rules too.
final class TestWebSocket: @unchecked Sendable {
  let connection: TestConnection
  let response: TestResponse
  private let receiver: WebSocketReceiver
  private let sender: WebSocketSender

  init(
    _ connection: TestConnection, _ target: String, _ headers: [(String, String)],
    _ deflate: PerMessageDeflate?
  ) async throws {
    self.connection = connection
    var headers =
      headers + [
        ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
      ]
    if let deflate { headers.append(("Sec-WebSocket-Extensions", deflate.offer.text)) }
    try connection.send(request: "GET", target, headers: headers)
    response = try await connection.response()
    guard response.status == 101 else {
      connection.close()
      throw TestFailure("\(response.status) \(response.text)")
    }
    let agreed = response.header("sec-websocket-extensions").map {
      WebSocketExtensionAudit(offer: deflate?.offer.text, answer: $0)
    }
    receiver = WebSocketReceiver(from: .server, deflate: agreed?.deflate)
    sender = WebSocketSender(side: .client, deflate: agreed?.deflate) { 0x1234_5678 }
  }

  func send(text: String) { connection.send(sender.text(text)) }
  func send(binary octets: [UInt8]) { connection.send(sender.binary(octets)) }
  /// Octets as they are: frames of any kind.
  func send(raw octets: [UInt8]) { connection.send(octets) }
  func ping(_ octets: [UInt8] = []) { connection.send(sender.ping(octets)) }
  func close(_ code: UInt16? = 1000) { connection.send(sender.close(code)) }

  /// The next message or control frame.
  func receive(
    within: TimeAmount = TestConnection.patience
  ) async throws -> WebSocketReceiver.Event {
    try await connection.wait(for: "a frame", within: within) { octets in
      self.receiver.take(octets)
      octets = []
      return try self.receiver.next()
    }
  }

  /// The next message, a text.
  func text(within: TimeAmount = TestConnection.patience) async throws -> String {
    let event = try await receive(within: within)
    guard case .text(let text) = event else { throw TestFailure("no text but \(event)") }
    return text
  }

  /// Reads to the end of the connection.
  ///
  /// - Returns: The code of the Close frame, 1005 for one without; nil when there was none.
  func closed(within: TimeAmount = TestConnection.patience) async throws -> UInt16? {
    var code: UInt16?
    while true {
      do {
        let event = try await receive(within: within)
        if case .close(let said, _) = event {
          code = said ?? 1005
          connection.close()
        }
      } catch let failure as TestFailure where failure.description.hasPrefix("closed") {
        return code
      }
    }
  }
}
