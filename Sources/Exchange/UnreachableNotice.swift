import PacketCore

/// What a router or the destination says about one of our segments that did not get through: an
/// ICMP error (RFC 792, RFC 4443) that quotes it. Unauthenticated, so never a reason to give up;
/// worth naming when nothing else is heard.
public struct UnreachableNotice: Sendable, Equatable {
  /// Who says it.
  public var reporter: Address
  /// The sequence number of the segment quoted.
  public var sequence: UInt32
  /// Such as `host unreachable`.
  public var text: String
  /// The longest packet, in octets, that goes further: of "fragmentation needed" and "packet too
  /// big".
  public var mtu: Int?

  /// Reads one.
  ///
  /// - Parameters:
  ///   - packet: From the first octet of the IP header.
  ///   - ends: Of our segments; errors about others are none of our business.
  /// - Returns: nil when it is something else, cut off, or quotes something else.
  public init?(_ packet: [UInt8], about ends: SegmentEnds) {
    guard let first = packet.first else { return nil }
    let reader = Octets(packet)
    let quote: Int
    if first >> 4 == 4 {
      let start = Int(first & 0x0f) * 4
      guard start >= 20, packet.count >= start + 8, packet[9] == 1,
        let source = reader.address(12, .ipv4)
      else { return nil }
      let type = packet[start]
      let code = packet[start + 1]
      guard let words = Self.words(type: type, code: code) else { return nil }
      reporter = source
      text = words
      // RFC 1191, section 4: the next hop's MTU in the lower half of the second word.
      mtu = type == 3 && code == 4 ? reader.word(start + 6) : nil
      quote = start + 8
    } else if first >> 4 == 6 {
      // No extension headers: routers send none with errors.
      guard packet.count >= 48, packet[6] == 58, let source = reader.address(8, .ipv6),
        let words = Self.words6(type: packet[40], code: packet[41])
      else { return nil }
      reporter = source
      text = words
      mtu =
        packet[40] == 2
        ? reader.word(44).flatMap { high in
          reader.word(46).map { high << 16 | $0 }
        } : nil
      quote = 48
    } else {
      return nil
    }
    guard let sequence = reader.quotedSequence(quote, ends) else { return nil }
    self.sequence = sequence
    if mtu == 0 { mtu = nil }
  }

  private static func words(type: UInt8, code: UInt8) -> String? {
    switch (type, code) {
    case (3, 0), (3, 6), (3, 11): "network unreachable"
    case (3, 1), (3, 7), (3, 8), (3, 12): "host unreachable"
    case (3, 2): "protocol unreachable"
    case (3, 3): "port unreachable"
    case (3, 4): "packet too long for the way"
    case (3, 9), (3, 10), (3, 13): "forbidden by a firewall"
    case (3, _): "unreachable (code \(code))"
    case (4, _): "too many packets"
    case (11, 0): "hop limit exceeded"
    case (12, _): "header refused"
    default: nil
    }
  }

  private static func words6(type: UInt8, code: UInt8) -> String? {
    switch (type, code) {
    case (1, 0): "no route"
    case (1, 1), (1, 5): "forbidden by a firewall"
    case (1, 2): "beyond the scope of the source address"
    case (1, 3): "host unreachable"
    case (1, 4): "port unreachable"
    case (1, _): "unreachable (code \(code))"
    case (2, _): "packet too long for the way"
    case (3, 0): "hop limit exceeded"
    case (4, _): "header refused"
    default: nil
    }
  }

  /// Octets of a packet, asked by position; nil beyond the end.
  private struct Octets {
    let packet: [UInt8]

    init(_ packet: [UInt8]) { self.packet = packet }

    func word(_ at: Int) -> Int? {
      packet.count >= at + 2 ? Int(packet[at]) << 8 | Int(packet[at + 1]) : nil
    }

    func address(_ at: Int, _ family: Address.Family) -> Address? {
      let count = family == .ipv6 ? 16 : 4
      guard packet.count >= at + count else { return nil }
      let octets = packet[at..<(at + count)]
      if family == .ipv4 {
        return Address(IPv4Address(octets.reduce(0) { $0 << 8 | UInt32($1) }))
      }
      return Address(
        IPv6Address(
          high: octets.prefix(8).reduce(0) { $0 << 8 | UInt64($1) },
          low: octets.suffix(8).reduce(0) { $0 << 8 | UInt64($1) }))
    }

    /// RFC 792: the header of the packet and at least 64 bits of what follows it, which are TCP's
    /// ports and sequence number.
    func quotedSequence(_ at: Int, _ ends: SegmentEnds) -> UInt32? {
      guard packet.count > at else { return nil }
      let tcp: Int
      let family = ends.source.family
      if family == .ipv4 {
        guard packet.count >= at + 20, packet[at] >> 4 == 4, packet[at + 9] == 6 else { return nil }
        guard address(at + 12, family) == ends.source, address(at + 16, family) == ends.destination
        else { return nil }
        tcp = at + Int(packet[at] & 0x0f) * 4
      } else {
        guard packet.count >= at + 40, packet[at] >> 4 == 6, packet[at + 6] == 6 else { return nil }
        guard address(at + 8, family) == ends.source, address(at + 24, family) == ends.destination
        else { return nil }
        tcp = at + 40
      }
      guard packet.count >= tcp + 8, word(tcp) == Int(ends.sourcePort),
        word(tcp + 2) == Int(ends.destinationPort), let high = word(tcp + 4),
        let low = word(tcp + 6)
      else { return nil }
      return UInt32(high) << 16 | UInt32(low)
    }
  }
}
