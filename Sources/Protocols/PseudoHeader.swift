import PacketCore

/// The pseudo-header that UDP, TCP and ICMPv6 sum before their own octets: RFC 768 for IPv4,
/// RFC 8200 section 8.1 for IPv6.
enum PseudoHeader {
  /// The sum over both addresses, the protocol's number and the upper layer's length; nil where
  /// the endpoints are no IP addresses.
  ///
  /// - Parameters:
  ///   - endpoints: Source and destination of the packet; behind a routing header or source route
  ///     the destination is the last one.
  ///   - protocolNumber: The upper layer's, not that of an extension header before it.
  ///   - length: Octets of the upper layer's header and data.
  @inline(__always)
  static func sum(
    _ endpoints: Endpoints, protocolNumber: UInt8, length: Int
  ) -> InternetChecksum? {
    guard endpoints.source.family == endpoints.destination.family else { return nil }
    var sum = InternetChecksum()
    switch endpoints.source.family {
    case .ipv4:
      sum.add(UInt32(truncatingIfNeeded: endpoints.source.low))
      sum.add(UInt32(truncatingIfNeeded: endpoints.destination.low))
    case .ipv6:
      sum.add(endpoints.source.high)
      sum.add(endpoints.source.low)
      sum.add(endpoints.destination.high)
      sum.add(endpoints.destination.low)
    case .none, .mac: return nil
    }
    sum.add(UInt32(truncatingIfNeeded: length))
    sum.add(UInt16(protocolNumber))
    return sum
  }
}
