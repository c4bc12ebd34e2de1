import PacketCore

/// What the octets of a message are, for the protocols that carry one another above a stream.
extension PayloadType {
  /// An Engine.IO packet in text: a WebSocket text message, or a packet of a polling body.
  public static let engineIO = PayloadType(.message, 1)
  /// The data of a binary Engine.IO packet, which has no type octet.
  public static let engineIOBinary = PayloadType(.message, 2)
  /// A Socket.IO packet: the data of an Engine.IO message.
  public static let socketIO = PayloadType(.message, 3)
  /// An attachment of a Socket.IO packet: the data of a binary Engine.IO message.
  public static let socketIOAttachment = PayloadType(.message, 4)
  /// The arguments of a chat event: a JSON array, its first element the event's name.
  public static let chatEvent = PayloadType(.message, 5)
  /// A Fernet token in text.
  public static let fernet = PayloadType(.message, 6)
  /// A JSON text.
  public static let json = PayloadType(.message, 7)
  /// Plain text, UTF-8.
  public static let text = PayloadType(.message, 8)
  /// A segment of netlab's own exchange: one Fernet token, and the TCP header in front of it counts.
  public static let craftedSegment = PayloadType(.message, 9)
}
