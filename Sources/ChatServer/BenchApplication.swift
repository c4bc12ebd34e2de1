import NIOCore
import Protocols
import SocketServer

/// What load generators talk to: `join {"room": …}` enters a room, `message` goes to all in it as it
/// came. Rooms are the chat's, without names, limits and history.
public actor BenchApplication: SocketApplication {
  private static let longestName = 64
  private static let mostRooms = 10_000

  private let eventLoop: any EventLoop
  private var audiences: [String: Audience] = [:]
  private var rooms: [String: String] = [:]

  public nonisolated var unownedExecutor: UnownedSerialExecutor {
    eventLoop.executor.asUnownedSerialExecutor()
  }

  /// - Parameter eventLoop: The server's.
  public init(on eventLoop: any EventLoop) { self.eventLoop = eventLoop }

  public nonisolated func respond(to request: HTTPRequest) async -> HTTPResponse {
    ChatPages.respond(.notFound)
  }

  public nonisolated func admit(
    _ socket: Socket, with payload: JSONValue?
  ) async -> SocketAdmission { .accepted }

  public nonisolated func connected(_ socket: Socket) {}

  public nonisolated func receive(_ event: SocketEvent, from socket: Socket) {
    assumeIsolated { $0.take(event, from: socket) }
  }

  private func take(_ event: SocketEvent, from socket: Socket) {
    switch event.name {
    case "message":
      guard let room = rooms[socket.id] else { return }
      audiences[room]?.relay(event)
      event.acknowledge?([])
    case "join":
      guard case .string(let room)? = event.arguments.first?["room"],
        room.utf8.count <= Self.longestName,
        audiences[room] != nil || audiences.count < Self.mostRooms
      else { return }
      leave(socket)
      rooms[socket.id] = room
      audiences[room, default: Audience()].add(socket)
      event.acknowledge?([["room": .string(room)]])
    default: break
    }
  }

  public nonisolated func disconnected(_ socket: Socket, _ reason: SocketEnd) {
    assumeIsolated { $0.leave(socket) }
  }

  private func leave(_ socket: Socket) {
    guard let room = rooms.removeValue(forKey: socket.id) else { return }
    audiences[room]?.remove(socket)
    if audiences[room]?.isEmpty == true { audiences[room] = nil }
  }
}
