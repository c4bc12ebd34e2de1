import Protocols
import SocketServer

/// One client's connection, as a room sees it.
protocol Listener: AnyObject, Sendable {
  /// Tells it from all others.
  var id: String { get }
  /// Sends an event.
  func send(_ event: String, _ arguments: [JSONValue])
}

/// Those who hear the same: the sockets in a room. An event is put into octets once for all.
struct Audience {
  private var listeners: [any Listener] = []
  private var places: [String: Int] = [:]

  var count: Int { listeners.count }

  mutating func add(_ listener: any Listener) {
    guard places[listener.id] == nil else { return }
    places[listener.id] = listeners.count
    listeners.append(listener)
  }

  /// The last takes the place of the one that goes.
  mutating func remove(_ id: String) {
    guard let place = places.removeValue(forKey: id), let last = listeners.popLast() else { return }
    guard last.id != id else { return }
    listeners[place] = last
    places[last.id] = place
  }

  /// Sends an event to all of them.
  func send(_ event: String, _ arguments: [JSONValue]) {
    for listener in listeners { listener.send(event, arguments) }
  }
}
