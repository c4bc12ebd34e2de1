import NIOCore

/// A plain WebSocket, as an application has it. Any thread may call it.
public final class WebSocketConnection: Sendable {
  /// The request that opened it.
  public let request: HTTPRequest
  private let loop: any EventLoop
  private let handler: NIOLoopBound<WebSocketHandler>

  init(_ handler: WebSocketHandler, request: HTTPRequest) {
    self.request = request
    loop = handler.state.loop
    self.handler = NIOLoopBound(handler, eventLoop: handler.state.loop)
  }

  /// Sends a message.
  public func send(_ message: SocketMessage) {
    guard loop.inEventLoop else { return loop.execute { self.send(message) } }
    switch message {
    case .text(let text): handler.value.send(.text, text)
    case .binary(let octets): handler.value.send(.binary, octets)
    }
  }

  /// Closes it. RFC 6455 section 7.4.
  public func close(_ code: UInt16 = 1000, _ words: String = "") {
    guard loop.inEventLoop else { return loop.execute { self.close(code, words) } }
    handler.value.close(code, words, reason: .serverLeft)
  }
}

/// Gives a plain WebSocket's messages to its application.
final class PlainWebSocket: WebSocketUser {
  private let application: any WebSocketApplication
  private let connection: WebSocketConnection

  init(_ application: any WebSocketApplication, _ connection: WebSocketConnection) {
    self.application = application
    self.connection = connection
  }

  func opened() { application.opened(connection) }

  func received(_ message: SocketMessage, on socket: WebSocketHandler) {
    application.receive(message, from: connection)
  }

  func closed(_ socket: WebSocketHandler, _ reason: SocketEnd) { application.closed(connection) }
}
