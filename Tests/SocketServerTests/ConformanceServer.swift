import NIOCore
import Protocols
import Testing

@testable import SocketServer

/// The paths of a server under test, and of a session on it.
enum Path {
  static let enginePolling = "/engine.io/?EIO=4&transport=polling"
  static let engineSocket = "/engine.io/?EIO=4&transport=websocket"
  static let polling = "/socket.io/?EIO=4&transport=polling"
  static let socket = "/socket.io/?EIO=4&transport=websocket"

  static func polling(_ sid: String) -> String { "\(enginePolling)&sid=\(sid)" }
  static func socket(_ sid: String) -> String { "\(engineSocket)&sid=\(sid)" }
}

/// Runs `body` against a server of its own, which is stopped whatever happens.
func withServer(
  application: (any SocketApplication)? = nil,
  _ change: (inout ServerConfiguration) -> Void = { _ in },
  _ body: (TestServer) async throws -> Void
) async throws {
  let server = try await TestServer.start(application: application, change)
  do {
    try await body(server)
  } catch {
    await server.stop()
    throw error
  }
  await server.stop()
}

/// What an Engine.IO handshake says, read from its packet.
struct OpenPacket {
  let names: [String]
  let sid: String
  let value: JSONValue

  init(_ packet: String) throws {
    guard packet.hasPrefix("0"),
      case .object(let members) = try JSONValue(Array(packet.utf8.dropFirst())),
      case .string(let sid)? = JSONValue.object(members)["sid"]
    else { throw TestFailure("no open packet: \(packet)") }
    names = members.map(\.name)
    value = .object(members)
    self.sid = sid
  }
}

extension TestServer {
  /// An Engine.IO session by polling.
  func openEngine() async throws -> String { try await openPolling("/engine.io/") }

  /// A WebSocket whose Engine.IO session is open.
  func openSocket(_ target: String, deflate: PerMessageDeflate? = nil) async throws -> TestWebSocket
  {
    let socket = try await webSocket(target, deflate: deflate)
    _ = try OpenPacket(try await socket.text())
    return socket
  }

  /// A WebSocket that is connected to a namespace, its `auth` event read.
  func connected(to namespace: String = "/") async throws -> TestWebSocket {
    let socket = try await openSocket(Path.socket)
    try await socket.join(namespace)
    return socket
  }

  /// A GET that waits, with the connection it waits on.
  func startGet(_ target: String) async throws -> TestConnection {
    let connection = try await connect()
    try connection.send(request: "GET", target)
    return connection
  }
}

extension TestWebSocket {
  func join(_ namespace: String, with payload: String = "") async throws {
    let prefix = namespace == "/" ? "" : "\(namespace),"
    send(text: "40\(prefix)\(payload)")
    var answer = try await text()
    while answer == "2" {
      // On a busy machine a ping may come first.
      send(text: "3")
      answer = try await text()
    }
    guard answer.hasPrefix("40\(prefix){\"sid\":\"") else {
      throw TestFailure("refused: \(answer)")
    }
    let auth = try await text()
    guard auth == "42\(prefix)[\"auth\",\(payload.isEmpty ? "{}" : payload)]" else {
      throw TestFailure("no auth: \(auth)")
    }
  }

  /// The next message, octets.
  func binary() async throws -> [UInt8] {
    let event = try await receive()
    guard case .binary(let octets) = event else { throw TestFailure("no octets but \(event)") }
    return octets
  }

  /// What comes in answer to `text`, texts alone.
  func answer(to text: String) async throws -> String {
    send(text: text)
    return try await self.text()
  }
}
