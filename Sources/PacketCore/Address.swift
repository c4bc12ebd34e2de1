/// A 48-bit IEEE 802 address, most significant octet first in the low 48 bits.
public struct MACAddress: Hashable, Sendable, BitwiseCopyable {
  /// The address in the low 48 bits.
  public var value: UInt64
  @inlinable public init(_ value: UInt64) { self.value = value & 0xffff_ffff_ffff }
}

/// An IPv4 address. RFC 791.
public struct IPv4Address: Hashable, Sendable, BitwiseCopyable {
  /// The address as one number: 10.0.0.1 is 0x0a000001.
  public var value: UInt32
  @inlinable public init(_ value: UInt32) { self.value = value }
  /// The four numbers that people write with dots between them.
  @inlinable public init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) {
    value = UInt32(a) << 24 | UInt32(b) << 16 | UInt32(c) << 8 | UInt32(d)
  }
}

/// An IPv6 address. RFC 4291.
public struct IPv6Address: Hashable, Sendable, BitwiseCopyable {
  /// The first eight octets as one number.
  public var high: UInt64
  /// The last eight octets as one number.
  public var low: UInt64
  @inlinable public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }
}

/// An address of any family: what the Source and Destination columns show and flows are keyed by.
public struct Address: Hashable, Sendable, BitwiseCopyable {
  /// Which family the octets belong to.
  public enum Family: UInt8, Sendable, BitwiseCopyable { case none, mac, ipv4, ipv6 }

  /// Which of them this one's is.
  @inlinable public var family: Family {
    Family(rawValue: UInt8(truncatingIfNeeded: kind)) ?? .none
  }
  /// A whole word, as the others: copying one octet and what stands behind it takes eight instructions.
  @usableFromInline let kind: UInt64
  /// First eight octets of an IPv6 address, otherwise 0.
  public let high: UInt64
  /// The address, or its last eight octets.
  public let low: UInt64

  @inlinable @inline(__always)
  init(_ family: Family, high: UInt64, low: UInt64) {
    kind = UInt64(family.rawValue)
    self.high = high
    self.low = low
  }

  /// No address at all.
  public static let none = Address(.none, high: 0, low: 0)

  @inlinable public init(_ mac: MACAddress) { self.init(.mac, high: 0, low: mac.value) }
  @inlinable public init(_ ip: IPv4Address) { self.init(.ipv4, high: 0, low: UInt64(ip.value)) }
  @inlinable public init(_ ip: IPv6Address) { self.init(.ipv6, high: ip.high, low: ip.low) }

  /// The IPv4 address, when it is one.
  public var ipv4: IPv4Address? {
    family == .ipv4 ? IPv4Address(UInt32(truncatingIfNeeded: low)) : nil
  }
  /// The IPv6 address, when it is one.
  public var ipv6: IPv6Address? { family == .ipv6 ? IPv6Address(high: high, low: low) : nil }
  /// The 48-bit link address, when it is one.
  public var mac: MACAddress? { family == .mac ? MACAddress(low) : nil }
}

/// The two ends of a packet as its innermost addressed layer names them.
public struct Endpoints: Hashable, Sendable, BitwiseCopyable {
  public var source: Address
  public var destination: Address

  @inlinable
  public init(source: Address, destination: Address) {
    self.source = source
    self.destination = destination
  }

  public static let none = Endpoints(source: .none, destination: .none)
}
