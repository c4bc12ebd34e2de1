import NIOCore

/// One session of Engine.IO, as an application has it. Any thread may call it.
public final class EngineConnection: Sendable {
  /// The session id, unguessable.
  public let id: String
  /// The request that opened it.
  public let request: HTTPRequest
  private let loop: any EventLoop
  private let session: NIOLoopBound<EngineSession>

  init(_ session: EngineSession) {
    id = session.id
    request = session.request
    loop = session.state.loop
    self.session = NIOLoopBound(session, eventLoop: session.state.loop)
  }

  /// Sends a message.
  public func send(_ message: SocketMessage) {
    guard loop.inEventLoop else { return loop.execute { self.send(message) } }
    session.value.send(message)
  }

  /// Ends the session.
  public func close() {
    guard loop.inEventLoop else { return loop.execute { self.close() } }
    session.value.close(.serverLeft)
  }
}

/// What stands above an Engine.IO session: Socket.IO, or an application of messages.
protocol EngineUser: AnyObject {
  func opened(_ session: EngineSession)
  func received(_ message: SocketMessage, from session: EngineSession)
  /// Time to judge whether the client has done what it must by now.
  func connectTimeoutCame(_ session: EngineSession)
  /// Called once.
  func closed(_ session: EngineSession, _ reason: SocketEnd)
}

/// Gives an Engine.IO session's messages to its application.
final class PlainEngine: EngineUser {
  private let application: any EngineApplication
  private var connection: EngineConnection?

  init(_ application: any EngineApplication) { self.application = application }

  func opened(_ session: EngineSession) {
    let connection = EngineConnection(session)
    self.connection = connection
    application.opened(connection)
  }

  func received(_ message: SocketMessage, from session: EngineSession) {
    if let connection { application.receive(message, from: connection) }
  }

  func connectTimeoutCame(_ session: EngineSession) {}

  func closed(_ session: EngineSession, _ reason: SocketEnd) {
    if let connection { application.closed(connection, reason) }
    connection = nil
  }
}
