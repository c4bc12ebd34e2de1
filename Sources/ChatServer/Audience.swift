import Protocols
import SocketServer

/// One client's connection, as a room sees it.
protocol Listener: AnyObject, Sendable {
  /// Tells it from all others.
  var id: String { get }
  /// Sends an event.
  func send(_ event: String, _ argument: JSONValue)
}

extension Socket: Listener {
  func send(_ event: String, _ argument: JSONValue) { emit(event, argument) }
}

/// Those who hear the same, in one room.
struct Audience {
  /// The server's clients: for them an event is put into octets once.
  private let sockets = SocketGroup()
  /// Listeners of another kind.
  private var others: [any Listener] = []

  var isEmpty: Bool { sockets.isEmpty && others.isEmpty }

  mutating func add(_ listener: any Listener) {
    if let socket = listener as? Socket { sockets.join(socket) } else { others.append(listener) }
  }

  mutating func remove(_ listener: any Listener) {
    if let socket = listener as? Socket {
      sockets.leave(socket)
    } else {
      others.removeAll { $0 === listener }
    }
  }

  /// Sends an event to all of them.
  func send(_ event: String, _ argument: JSONValue) {
    sockets.emit(event, [argument])
    for listener in others { listener.send(event, argument) }
  }

  /// Sends an event on as it came.
  func relay(_ event: SocketEvent) { sockets.relay(event) }
}
