/// A message of a plain WebSocket or of Engine.IO.
public enum SocketMessage: Sendable, Equatable {
  /// UTF-8.
  case text([UInt8])
  case binary([UInt8])
}

/// What stands above Engine.IO where there is no Socket.IO. Its calls run on the event loop and must
/// not block.
public protocol EngineApplication: Sendable {
  func opened(_ connection: EngineConnection)
  func receive(_ message: SocketMessage, from connection: EngineConnection)
  /// Called once.
  func closed(_ connection: EngineConnection, _ reason: SocketEnd)
}

/// What stands above plain WebSockets. Its calls run on the event loop and must not block.
public protocol WebSocketApplication: Sendable {
  func opened(_ connection: WebSocketConnection)
  func receive(_ message: SocketMessage, from connection: WebSocketConnection)
  /// Called once.
  func closed(_ connection: WebSocketConnection)
}

extension EngineApplication {
  public func opened(_ connection: EngineConnection) {}
  public func closed(_ connection: EngineConnection, _ reason: SocketEnd) {}
}

extension WebSocketApplication {
  public func opened(_ connection: WebSocketConnection) {}
  public func closed(_ connection: WebSocketConnection) {}
}
