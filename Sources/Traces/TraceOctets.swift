import PacketCore
import Protocols

/// Planned frames as octets, by the crafting layers.
extension TraceOptions {
  /// The server's port.
  var serverPort: UInt16 {
    switch content {
    case .raw: 7007
    case .http: 80
    case .websocket: 8080
    case .chat: 5000
    }
  }

  /// Hosts that connections come from.
  private static let hosts = 200

  private static func host(_ connection: Int) -> Int { 1 + connection % hosts }

  /// Above the well-known ports; connections of one host have different ones.
  private static func port(_ connection: Int) -> UInt16 {
    UInt16(truncatingIfNeeded: 20_000 + connection / hosts % 40_000)
  }

  /// What a browser would call the server.
  var hostName: String {
    (isIPv6 ? "[2001:db8::33]" : "10.0.0.33") + (serverPort == 80 ? "" : ":\(serverPort)")
  }

  /// Both ends as people write them.
  func ends(of connection: Int) -> (client: String, server: String) {
    let host = Self.host(connection)
    let port = Self.port(connection)
    return isIPv6
      ? ("[2001:db8::1:\(String(host, radix: 16))]:\(port)", "[2001:db8::33]:\(serverPort)")
      : ("10.0.1.\(host):\(port)", "10.0.0.33:\(serverPort)")
  }

  /// The octets of a frame, damage included.
  ///
  /// - Parameter connection: Whose ports it has.
  func octets(of frame: PlannedFrame, _ connection: Int) -> [UInt8] {
    let host = Self.host(connection)
    let clientPort = Self.port(connection)
    let clientMAC = MACAddress(0x0200_0000_0100 + UInt64(host))
    let serverMAC = MACAddress(0x0200_0000_0001)
    let ethernet =
      frame.fromClient
      ? Ethernet(source: clientMAC, destination: serverMAC)
      : Ethernet(source: serverMAC, destination: clientMAC)
    var tcp = TCP(
      sourcePort: frame.fromClient ? clientPort : serverPort,
      destinationPort: frame.fromClient ? serverPort : clientPort, sequence: frame.sequence,
      acknowledgment: frame.acknowledgment, flags: frame.flags, window: frame.window)
    tcp.options = frame.options

    var packet = Packet([ethernet])
    if let vlan { packet.layers.append(VLAN(identifier: vlan)) }
    if isIPv6 {
      let client = IPv6Address(high: 0x2001_0db8 << 32, low: 0x1_0000 + UInt64(host))
      let server = IPv6Address(high: 0x2001_0db8 << 32, low: 0x33)
      packet.layers.append(
        IPv6(
          source: frame.fromClient ? client : server,
          destination: frame.fromClient ? server : client,
          flowLabel: UInt32(truncatingIfNeeded: connection) & 0xf_ffff))
    } else {
      let client = IPv4Address(10, 0, 1, UInt8(truncatingIfNeeded: host))
      let server = IPv4Address(10, 0, 0, 33)
      packet.layers.append(
        IPv4(
          source: frame.fromClient ? client : server,
          destination: frame.fromClient ? server : client,
          identification: frame.identification, flagsAndOffset: 0x4000))
    }
    packet.layers.append(tcp)
    if !frame.octets.isEmpty { packet.layers.append(Payload(Array(frame.octets))) }

    switch frame.damage {
    case .none: return packet.bytes()
    case .tcpChecksum:
      packet = packet.completed()
      packet[TCP.self]?.checksum ^= 0x5a5a
    case .ipChecksum:
      packet = packet.completed()
      packet[IPv4.self]?.checksum ^= 0x5a5a
    }
    return packet.bytes(.verbatim)
  }
}
