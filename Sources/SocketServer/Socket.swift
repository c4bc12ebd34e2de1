import Protocols

/// One client's connection to one namespace. Any thread may call it; what it sends keeps the order of
/// the calls made on the event loop.
public final class Socket: Sendable {
  /// The Socket.IO session id, unguessable.
  public let id: String
  public let namespace: String
  /// The request that opened the session: cookies, Origin, address.
  public let request: HTTPRequest

  init(id: String, namespace: String, request: HTTPRequest) {
    self.id = id
    self.namespace = namespace
    self.request = request
  }

  /// Sends an event.
  public func emit(_ event: String, _ arguments: JSONValue...) {}

  /// Ends it: DISCONNECT is sent; with `closing` the Engine.IO session ends too.
  public func disconnect(closing: Bool = false) {}
}
