import NIOCore

/// Where a server listens, or a peer is.
public struct ServerAddress: Sendable, Hashable, CustomStringConvertible {
  /// An IPv4 or IPv6 address, without brackets.
  public var host: String
  /// 0 lets the system choose.
  public var port: Int

  public init(_ host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// `0.0.0.0:5000` or `[::1]:5000`; nil when it is neither.
  public init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":"),
      let port = UInt16(text[text.index(after: colon)...])
    else { return nil }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    guard !host.isEmpty else { return nil }
    self.init(String(host), port: Int(port))
  }

  public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// What a server is told before it starts.
public struct ServerConfiguration: Sendable {
  /// Where it listens, one socket each.
  public var binds: [ServerAddress] = [ServerAddress("127.0.0.1", port: 5000)]
  /// Where Socket.IO clients find it.
  public var path = "/socket.io/"
  /// Namespaces that a CONNECT may name.
  public var namespaces: Set<String> = ["/"]

  /// From a pong, or the opening, to the next ping. Engine.IO protocol revision 4.
  public var pingInterval = TimeAmount.seconds(25)
  /// How long a pong may take.
  public var pingTimeout = TimeAmount.seconds(20)
  /// Octets of one POST body or one WebSocket message from a client.
  public var maxPayload = 1_000_000
  /// How long a session may last without being connected to a namespace.
  public var connectTimeout = TimeAmount.seconds(45)
  /// How long a WebSocket may take to replace polling.
  public var upgradeTimeout = TimeAmount.seconds(10)
  /// permessage-deflate is agreed on where a client offers it.
  public var compresses = false
  /// Messages from this many octets on are compressed, as the JavaScript server does.
  public var compressedFrom = 1024

  /// From the connection, or the last response, to the end of a request's head.
  public var headerTimeout = TimeAmount.seconds(20)
  /// How long a request's body may take.
  public var bodyTimeout = TimeAmount.seconds(20)
  /// How long a client may leave what is sent to it unread.
  public var writeTimeout = TimeAmount.seconds(20)
  /// How long the goodbye of `stop` or of a WebSocket may take.
  public var closeTimeout = TimeAmount.seconds(2)
  /// Octets of a request's head.
  public var headerOctets = 16 << 10
  /// Octets of a request's body that is not Engine.IO's.
  public var bodyOctets = 64 << 10
  /// Octets that wait for one client; a client with more is closed.
  public var sendQueueOctets = 4 << 20
  /// Connections from one address at a time, and sessions by polling. A class behind one NAT is one address.
  public var connectionsPerAddress = 512
  /// Events that wait while a CONNECT is being decided on.
  public var waitingPackets = 256
  /// Origins beside the server's own that may open WebSockets and POST: `https://chat.example:8443`.
  public var allowedOrigins: Set<String> = []

  /// Called with each listening socket, before it listens.
  public var onListening: (@Sendable (CInt) -> Void)?
  /// Called with each accepted socket, before anything is read from it.
  public var onAccepted: (@Sendable (CInt) -> Void)?

  public init() {}
}

/// A further place at which a server answers, beside its Socket.IO path.
public struct Endpoint: Sendable {
  enum Kind: Sendable {
    case socketIO(any SocketApplication, namespaces: Set<String>)
    case engineIO(any EngineApplication)
    case webSocket(any WebSocketApplication)
  }

  let path: String
  let kind: Kind
  let compresses: Bool?
  let messageOctets: Int?

  private init(_ path: String, _ kind: Kind, compresses: Bool?, messageOctets: Int?) {
    self.path = path
    self.kind = kind
    self.compresses = compresses
    self.messageOctets = messageOctets
  }

  /// Socket.IO.
  public static func socketIO(
    _ path: String, _ application: any SocketApplication, namespaces: Set<String> = ["/"],
    compresses: Bool? = nil
  ) -> Endpoint {
    Endpoint(
      path, .socketIO(application, namespaces: namespaces), compresses: compresses,
      messageOctets: nil)
  }

  /// Engine.IO alone.
  public static func engineIO(
    _ path: String, _ application: any EngineApplication, compresses: Bool? = nil
  ) -> Endpoint {
    Endpoint(path, .engineIO(application), compresses: compresses, messageOctets: nil)
  }

  /// WebSocket alone.
  ///
  /// - Parameters:
  ///   - compresses: Nil as the configuration says.
  ///   - messageOctets: Octets of one message; nil for `maxPayload`.
  public static func webSocket(
    _ path: String, _ application: any WebSocketApplication, compresses: Bool? = nil,
    messageOctets: Int? = nil
  ) -> Endpoint {
    Endpoint(
      path, .webSocket(application), compresses: compresses, messageOctets: messageOctets)
  }
}
