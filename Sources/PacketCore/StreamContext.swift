/// Which stream a message belongs to. Kept for every message, so it is kept small: words, as
/// `FrameHeader` is and for the same reason.
public struct StreamContext: Sendable, BitwiseCopyable {
  /// What joins several connections into one session, such as Engine.IO's polling requests and their
  /// WebSocket: a hash of the session's name; 0 for none.
  public var session: UInt64 = 0
  /// The connection in the upper half, the ports of sender and receiver in the lower.
  @usableFromInline var connection: UInt64 = 0
  /// The buffer with the first line, and the facts in the lowest 8 bits.
  @usableFromInline var rest: UInt64 = 0

  @usableFromInline
  struct Facts: OptionSet, BitwiseCopyable {
    @usableFromInline var rawValue: UInt8
    @inlinable init(rawValue: UInt8) { self.rawValue = rawValue }

    @inlinable static var isOfServer: Facts { Facts(rawValue: 1) }
    @inlinable static var isOfHigher: Facts { Facts(rawValue: 2) }
    @inlinable static var isReversed: Facts { Facts(rawValue: 4) }
    @inlinable static var isWaiting: Facts { Facts(rawValue: 8) }
  }

  @inlinable public init() {}

  /// - Parameters:
  ///   - number: `tcp.stream`.
  ///   - direction: 0 for the lower of the two ends, 1 for the higher.
  ///   - sourcePort: The sender's.
  @inlinable
  public init(
    number: UInt32, side: Side, direction: UInt8, isReversed: Bool = false, sourcePort: UInt16,
    destinationPort: UInt16
  ) {
    connection = UInt64(
      upper: number, lower: UInt32(sourcePort) &<< 16 | UInt32(destinationPort))
    var facts: Facts = []
    if side == .server { facts.insert(.isOfServer) }
    if direction == 1 { facts.insert(.isOfHigher) }
    if isReversed { facts.insert(.isReversed) }
    rest = UInt64(facts.rawValue)
  }

  @inlinable var facts: Facts {
    get { Facts(rawValue: UInt8(truncatingIfNeeded: rest)) }
    set { rest = rest & ~0xff | UInt64(newValue.rawValue) }
  }

  /// Number of the connection, `tcp.stream`.
  @inlinable public var number: UInt32 {
    get { connection.upperHalf }
    set { connection.upperHalf = newValue }
  }

  /// Who sent the message.
  @inlinable public var side: Side {
    get { facts[.isOfServer] ? .server : .client }
    set { facts[.isOfServer] = newValue == .server }
  }

  /// Who sent it, apart from roles: 0 for the lower of the two ends, 1 for the higher.
  @inlinable public var direction: UInt8 {
    get { facts[.isOfHigher] ? 1 : 0 }
    set { facts[.isOfHigher] = newValue == 1 }
  }

  /// The packet that completes the message goes the other way: it shows that nothing will come.
  @inlinable public var isReversed: Bool { facts[.isReversed] }

  /// Octets of the packet wait for more of their message.
  @inlinable public var isWaiting: Bool {
    get { facts[.isWaiting] }
    set { facts[.isWaiting] = newValue }
  }

  /// The ports of the sender and the receiver.
  @inlinable public var sourcePort: UInt16 {
    UInt16(truncatingIfNeeded: connection &>> 16)
  }
  @inlinable public var destinationPort: UInt16 { UInt16(truncatingIfNeeded: connection) }

  /// One of the packet's own buffers with the first line of that message, for the packet's line to
  /// name; 0 for none.
  @inlinable public var lineBuffer: UInt16 {
    get { UInt16(truncatingIfNeeded: rest &>> 16) }
    set { rest = rest & ~0xffff_0000 | UInt64(newValue) &<< 16 }
  }
}
