import PacketCore
import Protocols

/// The two ends of an exchange, as they stand in a packet's headers.
public struct SegmentEnds: Hashable, Sendable {
  public var source: Address
  public var destination: Address
  public var sourcePort: UInt16
  public var destinationPort: UInt16

  /// - Parameters: The addresses are both IPv4 or both IPv6.
  public init(
    source: Address, destination: Address, sourcePort: UInt16, destinationPort: UInt16
  ) {
    self.source = source
    self.destination = destination
    self.sourcePort = sourcePort
    self.destinationPort = destinationPort
  }

  /// The ends as an answer has them.
  public var reversed: SegmentEnds {
    SegmentEnds(
      source: destination, destination: source, sourcePort: destinationPort,
      destinationPort: sourcePort)
  }
}

/// One TCP segment of an exchange, with the IP header it travels in.
public struct CraftedSegment: Sendable, Equatable {
  public var ends: SegmentEnds
  public var sequence: UInt32
  public var acknowledgment: UInt32
  /// PSH and ACK; FIN too when a message is refused, so that it shows without the key.
  public var flags: TCPFlags = [.psh, .ack]
  public var window: UInt16 = 65_535
  /// IPv4's identification, new for each try; IPv6 has none.
  public var identification: UInt16
  public var hopLimit: UInt8 = 64
  /// The token's text.
  public var payload: [UInt8]

  public init(
    ends: SegmentEnds, sequence: UInt32, acknowledgment: UInt32, identification: UInt16,
    payload: [UInt8]
  ) {
    self.ends = ends
    self.sequence = sequence
    self.acknowledgment = acknowledgment
    self.identification = identification
    self.payload = payload
  }

  /// Octets of the IP and TCP headers before the payload.
  public static func headerLength(_ family: Address.Family) -> Int { family == .ipv6 ? 60 : 40 }

  /// The packet as layers, checksums not computed yet.
  public var layers: Packet {
    let tcp = TCP(
      sourcePort: ends.sourcePort, destinationPort: ends.destinationPort, sequence: sequence,
      acknowledgment: acknowledgment, flags: flags, window: window)
    if let source = ends.source.ipv6, let destination = ends.destination.ipv6 {
      return IPv6(source: source, destination: destination, hopLimit: hopLimit) / tcp
        / Payload(payload)
    }
    // "Do not fragment": half a token is of no use to anybody.
    return IPv4(
      source: ends.source.ipv4 ?? IPv4Address(0),
      destination: ends.destination.ipv4 ?? IPv4Address(0),
      timeToLive: hopLimit, identification: identification, flagsAndOffset: 0x4000) / tcp
      / Payload(payload)
  }

  /// The packet, lengths and checksums computed.
  public var packet: [UInt8] { layers.bytes() }
}
