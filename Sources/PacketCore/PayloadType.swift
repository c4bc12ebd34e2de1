/// Names what follows a layer: a number, and the number space it belongs to.
///
/// The lower layer says `.ipProtocol(17)`, the upper one lists it in `carriedBy`; the registry
/// brings them together, and neither knows the other.
public struct PayloadType: Hashable, Sendable, BitwiseCopyable {
  /// The number spaces.
  public enum Space: UInt8, Sendable, BitwiseCopyable, CaseIterable {
    case nothing, linkType, etherType, llcSAP, ipProtocol, tcpPort, udpPort
    /// Octets whose first nibble says which version of IP they are (raw IP links).
    case ipVersion
    /// A message above a stream, or a part of one; the protocols that carry such number them.
    case message
  }

  public let space: Space
  /// The number.
  public let value: UInt16
  /// A second number to try when nobody claims the first (the other port); equal to `value`
  /// when there is none.
  public let alternative: UInt16

  @inlinable
  public init(_ space: Space, _ value: UInt16, alternative: UInt16) {
    self.space = space
    self.value = value
    self.alternative = alternative
  }

  @inlinable public init(_ space: Space, _ value: UInt16) {
    self.init(space, value, alternative: value)
  }

  /// Nothing follows, or nothing that could be named: the rest is data.
  @inlinable public static var nothing: PayloadType { PayloadType(.nothing, 0) }
  @inlinable public static func linkType(_ type: LinkType) -> PayloadType {
    PayloadType(.linkType, type.rawValue)
  }
  @inlinable public static func etherType(_ value: UInt16) -> PayloadType {
    PayloadType(.etherType, value)
  }
  @inlinable public static func llcSAP(_ value: UInt8) -> PayloadType {
    PayloadType(.llcSAP, UInt16(value))
  }
  @inlinable public static func ipProtocol(_ value: UInt8) -> PayloadType {
    PayloadType(.ipProtocol, UInt16(value))
  }
  @inlinable public static func ipVersion(_ value: UInt8) -> PayloadType {
    PayloadType(.ipVersion, UInt16(value))
  }
  @inlinable public static func udpPort(_ port: UInt16) -> PayloadType {
    PayloadType(.udpPort, port)
  }
  @inlinable public static func tcpPort(_ port: UInt16) -> PayloadType {
    PayloadType(.tcpPort, port)
  }
  /// The two ports of a datagram or segment; the lower is tried first, as Wireshark does.
  @inlinable
  public static func ports(_ space: Space, _ one: UInt16, _ other: UInt16) -> PayloadType {
    PayloadType(space, min(one, other), alternative: max(one, other))
  }

  /// One number for look-ups.
  @inlinable var key: UInt32 { UInt32(space.rawValue) &<< 16 | UInt32(value) }
  @inlinable var alternativeKey: UInt32 { UInt32(space.rawValue) &<< 16 | UInt32(alternative) }
}
