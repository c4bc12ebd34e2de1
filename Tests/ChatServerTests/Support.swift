import Cryptography
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Protocols
import SocketServer
import Testing

@testable import ChatServer

/// A client of a test: keeps what it hears.
final class FakeClient: Listener {
  struct Heard: Equatable {
    var event: String
    var argument: JSONValue
  }

  let id: String
  private let state = Protected<[Heard]>([])

  init(_ id: String = UUID().uuidString) { self.id = id }

  func send(_ event: String, _ argument: JSONValue) {
    state.change { $0.append(Heard(event: event, argument: argument)) }
  }

  var heard: [Heard] { state.value }

  /// What is heard from now on.
  func forget() { state.change { $0 = [] } }

  func arguments(of event: String) -> [JSONValue] {
    heard.filter { $0.event == event }.map(\.argument)
  }

  /// `sender: text` of each message, notices with an empty sender, errors behind an exclamation mark.
  var messages: [String] {
    arguments(of: "message").map {
      if let error = $0["error"]?.text { return "!" + error }
      return ($0["sender"]?.text ?? "?") + ": " + ($0["message"]?.text ?? "?")
    }
  }

  /// The names in the last event `members`.
  var members: [String] {
    guard case .array(let names)? = arguments(of: "members").last?["members"] else { return [] }
    return names.compactMap(\.text)
  }
}

/// A value behind a lock.
final class Protected<Value: Sendable>: @unchecked Sendable {
  private let lock = NSLock()
  private var stored: Value

  init(_ value: Value) { stored = value }

  var value: Value { lock.withLock { stored } }

  func change(_ body: (inout Value) -> Void) { lock.withLock { body(&stored) } }
}

extension JSONValue {
  var text: String? {
    if case .string(let text) = self { return text }
    return nil
  }

  var number: Int64? {
    if case .number(let text) = self { return Int64(text) }
    return nil
  }

  var elements: [JSONValue] {
    if case .array(let elements) = self { return elements }
    return []
  }
}

/// A clock that stands still until it is moved.
final class TestClock: Sendable {
  private let milliseconds = Protected<Int64>(1_795_382_813_000)

  var clock: ChatClock {
    ChatClock(
      wallTime: { self.milliseconds.value }, uptime: { self.milliseconds.value * 1_000_000 })
  }

  func advance(milliseconds: Int64) { self.milliseconds.change { $0 += milliseconds } }
}

/// A folder of a test's own, gone with it.
final class TestFolder: Sendable {
  let path = NSTemporaryDirectory() + "netlab-chat-" + UUID().uuidString

  deinit { try? FileManager.default.removeItem(atPath: path) }

  var data: DataFolder { DataFolder(path) }
}

/// A chat without a server.
struct Chat {
  let application: ChatApplication
  let time = TestClock()

  init(_ change: (inout ChatConfiguration) -> Void = { _ in }) throws {
    var configuration = ChatConfiguration()
    configuration.clock = time.clock
    change(&configuration)
    application = try ChatApplication(
      configuration, on: MultiThreadedEventLoopGroup.singleton.next(),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  /// One with its history in a file.
  static func saving(in folder: TestFolder, key: FernetKey) throws -> Chat {
    let file = try HistoryFile(in: folder.data, key: key, now: 1_795_382_813_000)
    return try Chat { $0.keeping = .file(file, key: key) }
  }

  func request(
    _ method: HTTPMethod, _ path: String, query: String = "", body: String = "",
    cookie: String? = nil, from address: String = "10.0.0.21"
  ) async -> HTTPResponse {
    var headers: HTTPHeaders = [:]
    if method == .POST {
      headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
    }
    if let cookie { headers.add(name: "Cookie", value: cookie) }
    return await application.respond(
      to: HTTPRequest(
        method: method, path: path, query: query, headers: headers, body: Array(body.utf8),
        remoteAddress: address))
  }

  /// Sends the form of the home page; the cookie of the session.
  func enter(_ body: String) async throws -> String {
    let response = await request(.POST, "/", body: body)
    #expect(response.status == .seeOther)
    let header = try #require(response.headers.first(name: "Set-Cookie"))
    return String(header.prefix { $0 != ";" })
  }

  /// Connects a program.
  func connect(_ payload: JSONValue, from address: String = "10.0.0.21") async -> FakeClient {
    let client = FakeClient()
    #expect(await admission(client, payload, from: address) == nil)
    await application.enter(client)
    return client
  }

  /// Connects a page.
  func open(_ cookie: String, after id: Int64? = nil) async -> FakeClient {
    let client = FakeClient()
    let request = HTTPRequest(method: .GET, path: "/socket.io/", headers: ["Cookie": cookie])
    let payload: JSONValue? = id.map { ["after": .number(String($0))] }
    let admission = await application.admit(client, request, payload)
    if case .refused(let reason) = admission { Issue.record("refused: \(reason)") }
    await application.enter(client)
    return client
  }

  /// Why somebody is not let in.
  func admission(
    _ client: FakeClient, _ payload: JSONValue?, from address: String = "10.0.0.21"
  ) async -> String? {
    let request = HTTPRequest(method: .GET, path: "/socket.io/", remoteAddress: address)
    switch await application.admit(client, request, payload) {
    case .accepted: return nil
    case .refused(let reason): return reason
    }
  }

  /// Sends a message and waits for its acknowledgment.
  @discardableResult
  func say(_ text: String, from client: FakeClient, key: String? = nil) async -> JSONValue {
    var members: [JSONValue.Member] = [.init("message", .string(text))]
    if let key { members.append(.init("key", .string(key))) }
    return await emit("message", .object(members), from: client)
  }

  func emit(_ event: String, _ argument: JSONValue, from client: FakeClient) async -> JSONValue {
    await withCheckedContinuation { continuation in
      let event = SocketEvent(name: event, arguments: [argument]) {
        continuation.resume(returning: $0.first ?? .null)
      }
      Task { await application.take(event, from: client) }
    }
  }

  func close(_ client: FakeClient, _ reason: SocketEnd = .transportClosed) async {
    await application.exit(client.id, reason)
  }

  /// Lets those go who did not come back.
  func settle(_ code: String) async throws {
    let code = try #require(RoomCode(code))
    if let room = await application.openRoom(code) { await application.settle(room) }
  }
}

/// The code of the room that a client came into.
func roomCode(_ client: FakeClient) throws -> String {
  try #require(client.arguments(of: "history").first?["room"]?.text)
}
