import Capture
import PacketCore

extension WirePort {
  /// What a sender wants to hear, in libpcap's language: all that the destination's port says to
  /// ours, RST too, and ICMP errors; which of them quote our segment is looked at afterwards.
  static func answerFilter(_ ends: SegmentEnds) -> String {
    let answers =
      "(tcp and src host \(ends.destination.text) and dst host \(ends.source.text)"
      + " and src port \(ends.destinationPort) and dst port \(ends.sourcePort))"
    // Types: ICMP 3, 4, 11, 12 (RFC 792); ICMPv6 below 128 are errors (RFC 4443, 2.1).
    let errors =
      ends.source.family == .ipv6
      ? "(icmp6 and ip6[40] < 128)"
      : "(icmp and (icmp[0] == 3 or icmp[0] == 4 or icmp[0] == 11 or icmp[0] == 12))"
    return "\(answers) or (\(errors) and dst host \(ends.source.text))"
  }

  /// What a receiver wants to hear.
  ///
  /// - Parameter isShared: A server listens on the port too, and what goes to that one is nobody
  ///   else's business: only segments whose payload begins like a token.
  static func messageFilter(_ address: Address?, _ port: UInt16, isShared: Bool = false) -> String {
    var filter = "tcp and dst port \(port)"
    if let address {
      filter += address == .anyIPv4 ? " and ip" : " and dst host \(address.text)"
    }
    guard isShared else { return filter }
    // RFC 9293, 3.1: the upper four bits of octet 12 count the header's 32-bit words. libpcap's
    // tcp[] is for IPv4 alone.
    let start = "0x" + String(ListeningFilter.tokenStart, radix: 16)
    return filter + " and (tcp[((tcp[12] & 0xf0) >> 2):4] == \(start)"
      + " or (ip6[6] == 6 and ip6[40 + ((ip6[52] & 0xf0) >> 2):4] == \(start)))"
  }

  /// The ports of a TCP segment without IPv6 extension headers; nil of anything else.
  static func ports(of packet: [UInt8]) -> (source: UInt16, destination: UInt16)? {
    guard let first = packet.first else { return nil }
    let start = first >> 4 == 6 ? 40 : Int(first & 0x0f) * 4
    guard packet.count >= start + 4 else { return nil }
    return (
      UInt16(packet[start]) << 8 | UInt16(packet[start + 1]),
      UInt16(packet[start + 2]) << 8 | UInt16(packet[start + 3])
    )
  }

  /// The destination in an IP header; none when it is cut off.
  static func destination(of packet: [UInt8]) -> Address { address(in: packet, 16, 24) }

  /// The source in an IP header.
  static func source(of packet: [UInt8]) -> Address { address(in: packet, 12, 8) }

  private static func address(in packet: [UInt8], _ at4: Int, _ at6: Int) -> Address {
    switch packet.first.map({ $0 >> 4 }) {
    case 4 where packet.count >= 20:
      Address(IPv4Address(packet[at4..<(at4 + 4)].reduce(0) { $0 << 8 | UInt32($1) }))
    case 6 where packet.count >= 40:
      Address(
        IPv6Address(
          high: packet[at6..<(at6 + 8)].reduce(0) { $0 << 8 | UInt64($1) },
          low: packet[(at6 + 8)..<(at6 + 16)].reduce(0) { $0 << 8 | UInt64($1) }))
    default: Address.none
    }
  }

  /// TCP, and not an ICMP error that was let through for what it may quote.
  static func isTCP(_ packet: [UInt8]) -> Bool {
    switch packet.first.map({ $0 >> 4 }) {
    case 4: packet.count >= 20 && packet[9] == 6
    // Extension headers may stand before TCP; only ICMPv6 itself is not wanted.
    case 6: packet.count >= 40 && packet[6] != 58
    default: false
    }
  }
}

extension Address {
  /// 0.0.0.0: all own addresses of IPv4, none of IPv6.
  static let anyIPv4 = Address(IPv4Address(0))
}
