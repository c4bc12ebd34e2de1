import PacketCore

/// The parameters of permessage-deflate that two ends agreed on. RFC 7692 section 7.1.
public struct PerMessageDeflate: Sendable, Equatable {
  /// The client begins each message with an empty window.
  public var clientNoContextTakeover: Bool
  /// The server begins each message with an empty window.
  public var serverNoContextTakeover: Bool
  /// Base-2 logarithm of the client's window, 8 to 15.
  public var clientMaxWindowBits: Int
  /// Base-2 logarithm of the server's window, 8 to 15.
  public var serverMaxWindowBits: Int

  public init(
    clientNoContextTakeover: Bool = false, serverNoContextTakeover: Bool = false,
    clientMaxWindowBits: Int = 15, serverMaxWindowBits: Int = 15
  ) {
    self.clientNoContextTakeover = clientNoContextTakeover
    self.serverNoContextTakeover = serverNoContextTakeover
    self.clientMaxWindowBits = min(max(clientMaxWindowBits, 8), 15)
    self.serverMaxWindowBits = min(max(serverMaxWindowBits, 8), 15)
  }

  /// Base-2 logarithm of a sender's window.
  public func windowBits(of side: Side) -> Int {
    side == .client ? clientMaxWindowBits : serverMaxWindowBits
  }

  /// Whether a sender's messages may refer to those before.
  public func takesOver(_ side: Side) -> Bool {
    side == .client ? !clientNoContextTakeover : !serverNoContextTakeover
  }
}
