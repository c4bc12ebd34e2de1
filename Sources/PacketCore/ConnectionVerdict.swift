/// One connection, judged at its end.
public struct ConnectionVerdict: Sendable, Equatable {
  /// `tcp.stream`.
  public var stream: UInt32
  public var client: Address
  public var clientPort: UInt16
  public var server: Address
  public var serverPort: UInt16
  /// The protocol that was read; empty for none.
  public var protocolName: String
  /// Whether the capture saw the handshake and the end, and nothing is missing between them.
  public var isComplete: Bool
  /// Octets of either direction that were not captured.
  public var missing: UInt64
  /// Messages from the client and from the server.
  public var messages: (client: Int, server: Int)
  /// How the transport ended, and by whom first; nil by nobody.
  public var end: StreamEnd
  public var endedBy: Side?
  /// How the messages ended it; nil when they did not.
  public var closing: StreamClosing?

  public init(
    stream: UInt32, client: Address, clientPort: UInt16, server: Address, serverPort: UInt16,
    protocolName: String, isComplete: Bool, missing: UInt64, messages: (client: Int, server: Int),
    end: StreamEnd, endedBy: Side?, closing: StreamClosing?
  ) {
    self.stream = stream
    self.client = client
    self.clientPort = clientPort
    self.server = server
    self.serverPort = serverPort
    self.protocolName = protocolName
    self.isComplete = isComplete
    self.missing = missing
    self.messages = messages
    self.end = end
    self.endedBy = endedBy
    self.closing = closing
  }

  public static func == (left: ConnectionVerdict, right: ConnectionVerdict) -> Bool {
    left.stream == right.stream && left.end == right.end && left.endedBy == right.endedBy
      && left.closing == right.closing && left.isComplete == right.isComplete
      && left.missing == right.missing && left.messages == right.messages
  }
}
