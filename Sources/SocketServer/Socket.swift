import NIOCore
import Protocols

/// One client's connection to one namespace. Any thread may call it; what it sends keeps the order of
/// the calls made on the event loop.
public final class Socket: Sendable {
  /// The Socket.IO session id, unguessable.
  public let id: String
  public let namespace: String
  /// The request that opened the session: cookies, Origin, address.
  public let request: HTTPRequest
  /// Nil for one without a server, in tests.
  let link: NIOLoopBound<SocketLink>?

  init(id: String, namespace: String, request: HTTPRequest, session: SocketIOSession? = nil) {
    self.id = id
    self.namespace = namespace
    self.request = request
    link = session.flatMap { session in
      session.engine.map {
        NIOLoopBound(SocketLink(session, namespace), eventLoop: $0.state.loop)
      }
    }
  }

  private func onLoop(_ body: @escaping @Sendable (SocketLink) -> Void) {
    guard let link else { return }
    if link.eventLoop.inEventLoop {
      body(link.value)
    } else {
      link.eventLoop.execute { body(link.value) }
    }
  }

  /// Sends an event.
  public func emit(_ event: String, _ arguments: JSONValue...) {
    emit(event, arguments: arguments)
  }

  /// Sends an event.
  ///
  /// - Parameter acknowledged: Called on the event loop with what the client answers; with nil when it
  ///   goes without. Nil asks for no answer.
  public func emit(
    _ event: String, arguments: [JSONValue],
    acknowledged: (@Sendable ([JSONValue]?) -> Void)? = nil
  ) {
    guard link != nil else {
      acknowledged?(nil)
      return
    }
    onLoop { $0.emit(event, arguments, acknowledged) }
  }

  /// Ends it: DISCONNECT is sent; with `closing` the Engine.IO session ends too.
  public func disconnect(closing: Bool = false) { onLoop { $0.disconnect(closing: closing) } }
}

/// What a `Socket` is on the event loop.
final class SocketLink {
  /// Nil when it is over.
  private(set) weak var session: SocketIOSession?
  private let namespace: String
  /// Its CONNECT was answered: nothing goes out before.
  var isConnected = false
  private var acknowledgments: [UInt64: @Sendable ([JSONValue]?) -> Void] = [:]
  private var lastID: UInt64 = 0
  /// The groups it is in.
  var groups: [SocketGroup] = []

  init(_ session: SocketIOSession, _ namespace: String) {
    self.session = session
    self.namespace = namespace
  }

  func emit(
    _ event: String, _ arguments: [JSONValue],
    _ acknowledged: (@Sendable ([JSONValue]?) -> Void)?
  ) {
    guard isConnected, let session, session.engine != nil else {
      acknowledged?(nil)
      return
    }
    var id: UInt64?
    if let acknowledged {
      id = lastID
      lastID &+= 1
      acknowledgments[id ?? 0] = acknowledged
    }
    session.send(.event(event, arguments, namespace: namespace, id: id))
  }

  /// The client's answer.
  func acknowledge(_ id: UInt64, _ arguments: [JSONValue]) {
    acknowledgments.removeValue(forKey: id)?(arguments)
  }

  func disconnect(closing: Bool) { session?.disconnect(namespace, closing: closing) }

  /// It is over.
  func end() {
    session = nil
    for group in groups { group.forget(self) }
    groups = []
    let waiting = acknowledgments
    acknowledgments = [:]
    for answer in waiting.values { answer(nil) }
  }
}
