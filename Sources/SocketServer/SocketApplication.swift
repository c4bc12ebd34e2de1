import Protocols

/// What stands above the server library: it answers HTTP requests, and takes the events of Socket.IO
/// clients.
///
/// The calls that are not async run on the server's event loop, those of one socket in the order in
/// which its client sent the packets. They must not block.
public protocol SocketApplication: Sendable {
  /// A request for a path that is none of the server's own.
  func respond(to request: HTTPRequest) async -> HTTPResponse

  /// A CONNECT packet. Packets of the client that come meanwhile wait.
  func admit(_ socket: Socket, with payload: JSONValue?) async -> SocketAdmission

  /// The client is connected: its CONNECT was answered, what is emitted now comes behind that.
  func connected(_ socket: Socket)

  /// An event from a client.
  func receive(_ event: SocketEvent, from socket: Socket)

  /// A socket that was admitted is gone, `connected` or not yet. Called once.
  func disconnected(_ socket: Socket, _ reason: SocketEnd)
}

/// The answer to a CONNECT.
public enum SocketAdmission: Sendable {
  case accepted
  /// CONNECT_ERROR with `{"message": …}`.
  case refused(String)
}

/// An event as a client sent it. Binary attachments stand in the arguments as `JSONValue.binary`.
public struct SocketEvent: Sendable {
  public var name: String
  /// Read from the packet's text when asked for.
  public var arguments: [JSONValue] {
    get {
      guard let payload else { return read }
      guard case .array(let elements)? = try? JSONValue(payload) else { return [] }
      return Array(elements.dropFirst())
    }
    set {
      read = newValue
      payload = nil
    }
  }
  private var read: [JSONValue]
  /// The JSON array of the packet, name and arguments, as it came; nil where there is none.
  private(set) var payload: [UInt8]?
  /// Answers the client's acknowledgment callback; nil where it asked for none. The first call
  /// counts. May be called on any thread.
  public var acknowledge: (@Sendable ([JSONValue]) -> Void)?

  public init(
    name: String, arguments: [JSONValue], acknowledge: (@Sendable ([JSONValue]) -> Void)? = nil
  ) {
    self.name = name
    read = arguments
    self.acknowledge = acknowledge
  }

  /// - Parameter payload: A valid JSON array whose first element is the name.
  init(name: String, payload: [UInt8]) {
    self.name = name
    self.payload = payload
    read = []
  }
}

/// Why a socket is gone; the words are the JavaScript server's.
public enum SocketEnd: String, Sendable {
  case clientLeft = "client namespace disconnect"
  case serverLeft = "server namespace disconnect"
  case transportClosed = "transport close"
  case transportError = "transport error"
  case pingTimeout = "ping timeout"
  case parseError = "parse error"
  case tooSlow = "send queue full"
  case serverStops = "server shutting down"
}
