import PacketCore

/// What the two ends agreed on when they changed from HTTP to WebSocket. RFC 6455 section 4.
public struct WebSocketNegotiation: Sendable, Equatable {
  /// The parameters of permessage-deflate; nil when it was not agreed on.
  public var deflate: PerMessageDeflate?
  /// Extensions were agreed on that are not known here; what they do to frames is not either.
  public var hasOtherExtensions = false
  /// The subprotocol; empty for none.
  public var subprotocol: String
  /// Messages are Engine.IO packets.
  public var isEngineIO: Bool
  /// What joins the connection with others to one session (`StreamContext.session`); 0 for none.
  public var session: UInt64

  /// - Parameters:
  ///   - target: The request's.
  ///   - isEngineIO: Nil when the target decides: Engine.IO's clients say `EIO=` in its query.
  ///   - session: A hash of the session's name.
  public init(
    deflate: PerMessageDeflate? = nil, hasOtherExtensions: Bool = false, subprotocol: String = "",
    target: String = "/", isEngineIO: Bool? = nil, session: UInt64 = 0
  ) {
    self.deflate = deflate
    self.hasOtherExtensions = hasOtherExtensions
    self.subprotocol = subprotocol
    self.isEngineIO = isEngineIO ?? Self.isEngineIO(target)
    self.session = session
  }

  /// Whether the query of a request target names Engine.IO's protocol version.
  public static func isEngineIO(_ target: String) -> Bool {
    guard let mark = target.utf8.firstIndex(of: 0x3f) else { return false }
    return target[mark...].dropFirst().split(separator: "&").contains { $0.hasPrefix("EIO=") }
  }
}
