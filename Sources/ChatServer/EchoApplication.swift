import NIOCore
import NIOHTTP1
import Protocols
import SocketServer

/// What conformance suites talk to: everything comes back.
///
/// Socket.IO, namespaces `/` and `/custom`: the event `auth` with the CONNECT payload, `message` is
/// answered with `message-back`, `message-with-ack` with its acknowledgment. Engine.IO and plain
/// WebSocket: each message comes back as it came.
public actor EchoApplication: SocketApplication {
  public static let namespaces: Set<String> = ["/", "/custom"]

  private let eventLoop: any EventLoop
  /// Of those who are let in and not yet connected.
  private var payloads: [String: JSONValue] = [:]

  public nonisolated var unownedExecutor: UnownedSerialExecutor {
    eventLoop.executor.asUnownedSerialExecutor()
  }

  /// - Parameter eventLoop: The server's.
  public init(on eventLoop: any EventLoop) { self.eventLoop = eventLoop }

  /// Engine.IO and plain WebSocket beside it.
  ///
  /// - Parameter compresses: Whether permessage-deflate is agreed on.
  public static func endpoints(compresses: Bool, messageOctets: Int) -> [Endpoint] {
    [
      .engineIO("/engine.io/", Mirror(), compresses: compresses),
      .webSocket("/echo", Mirror(), compresses: compresses, messageOctets: messageOctets),
    ]
  }

  public func respond(to request: HTTPRequest) -> HTTPResponse {
    request.path == "/"
      ? HTTPResponse(
        .ok, headers: ["Content-Type": "text/plain; charset=utf-8"],
        body: Array("Socket.IO at /socket.io/, Engine.IO at /engine.io/, WebSocket at /echo\n".utf8)
      )
      : ChatPages.respond(.notFound)
  }

  public func admit(_ socket: Socket, with payload: JSONValue?) -> SocketAdmission {
    payloads[socket.id] = payload
    return .accepted
  }

  public nonisolated func connected(_ socket: Socket) {
    let payload = assumeIsolated { $0.payloads.removeValue(forKey: socket.id) }
    socket.emit("auth", payload ?? [:])
  }

  public nonisolated func receive(_ event: SocketEvent, from socket: Socket) {
    switch event.name {
    case "message": socket.emit("message-back", arguments: event.arguments)
    case "message-with-ack": event.acknowledge?(event.arguments)
    default: break
    }
  }

  public nonisolated func disconnected(_ socket: Socket, _ reason: SocketEnd) {
    assumeIsolated { $0.payloads[socket.id] = nil }
  }

  private struct Mirror: EngineApplication, WebSocketApplication {
    func receive(_ message: SocketMessage, from connection: EngineConnection) {
      connection.send(message)
    }

    func receive(_ message: SocketMessage, from connection: WebSocketConnection) {
      connection.send(message)
    }
  }
}
