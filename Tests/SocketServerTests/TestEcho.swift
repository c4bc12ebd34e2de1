import Protocols
import Synchronization

@testable import SocketServer

/// What the conformance suites of Engine.IO and Socket.IO ask of a server.
final class TestEcho: SocketApplication, EngineApplication, WebSocketApplication {
  private let payloads = Mutex<[String: JSONValue]>([:])

  func respond(to request: HTTPRequest) async -> HTTPResponse {
    HTTPResponse(
      .ok, headers: ["content-type": "text/plain"],
      body: Array("\(request.method) \(request.path) ".utf8) + request.body)
  }

  func admit(_ socket: Socket, with payload: JSONValue?) async -> SocketAdmission {
    if case .string(let words)? = payload?["refuse"] { return .refused(words) }
    payloads.withLock { $0[socket.id] = payload }
    return .accepted
  }

  func connected(_ socket: Socket) {
    let payload = payloads.withLock { $0.removeValue(forKey: socket.id) }
    socket.emit("auth", payload ?? .object([]))
  }

  func receive(_ event: SocketEvent, from socket: Socket) {
    switch event.name {
    case "message": socket.emit("message-back", arguments: event.arguments)
    case "message-with-ack": event.acknowledge?(event.arguments)
    case "leave": socket.disconnect()
    case "end": socket.disconnect(closing: true)
    default: break
    }
  }

  func disconnected(_ socket: Socket, _ reason: SocketEnd) {}

  func receive(_ message: SocketMessage, from connection: EngineConnection) {
    connection.send(message)
  }

  func receive(_ message: SocketMessage, from connection: WebSocketConnection) {
    connection.send(message)
  }
}
