import PacketCore

/// The words that both versions of Linux's cooked header share.
enum LinuxCookedWords {
  static let packetTypes: ValueNames = [
    0: "Unicast to us", 1: "Broadcast", 2: "Multicast", 3: "Unicast to another host",
    4: "Sent by us",
  ]
  /// ARPHRD_ numbers of Linux that are met most.
  static let hardwareTypes: ValueNames = [
    0: "NET/ROM pseudo", 1: "Ethernet", 6: "IEEE 802", 24: "IEEE 1394.1995", 32: "InfiniBand",
    280: "Controller Area Network", 512: "PPP", 513: "Cisco HDLC", 519: "Raw IP",
    768: "IPIP tunnel", 769: "IP6IP6 tunnel", 772: "Loopback",
    776: "sit0 device - IPv6-in-IPv4", 778: "GRE over IP", 801: "IEEE 802.11",
    803: "IEEE 802.11 + Radiotap header", 823: "GRE over IPv6", 824: "Netlink",
    65534: "zero header length", 65535: "Void type, nothing is known",
  ]
}

/// A frame of the Linux pseudo-interface `any`, version 1: what all of its links have in common.
/// LINKTYPE_LINUX_SLL of tcpdump.org. All numbers are in network byte order.
///
/// ```
/// +----------------+-----------------+-------------------+------------------+--------------+
/// | packet type, 2 | ARPHRD type, 2  | address length, 2 | address, 8       | protocol, 2  |
/// +----------------+-----------------+-------------------+------------------+--------------+
/// ```
public struct LinuxCooked: Layer {
  /// Whom the packet is for: 0 us, 1 all, 2 a group, 3 another host; 4 sent by us.
  public var packetType: UInt16
  /// The interface's ARPHRD_ number.
  public var hardwareType: UInt16
  /// Octets of `address` in use; more than 8 says that it was cut.
  public var addressLength: UInt16
  /// The sender's link-layer address, first octet uppermost; unused octets hold anything.
  public var address: UInt64
  /// EtherType of what follows, or one of Linux's own small numbers.
  public var `protocol`: UInt16

  public static let carriedBy: [PayloadType] = [.linkType(.linuxSLL)]

  public init(reading reader: inout ByteReader) throws(ParseError) {
    packetType = try reader.read()
    hardwareType = try reader.read()
    addressLength = try reader.read()
    address = try reader.read()
    `protocol` = try reader.read()
  }

  public func write(to writer: inout ByteWriter) {
    writer.write(packetType)
    writer.write(hardwareType)
    writer.write(addressLength)
    writer.write(address)
    writer.write(`protocol`)
  }

  public var payloadType: PayloadType { .etherType(`protocol`) }

  /// The sender's address, where it has the length of one that is known.
  var sender: Address {
    addressLength == 6
      ? Address(MACAddress(address >> 16))
      : addressLength == 4
        ? Address(IPv4Address(UInt32(truncatingIfNeeded: address >> 32))) : .none
  }

  public func inspect(
    _ bytes: RawSpan, at index: Int, in dissection: inout Dissection, memory: NoMemory
  ) -> PayloadType {
    dissection.setEndpoints(source: sender, destination: .none)
    return payloadType
  }

  public func summarize(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns
  ) {
    columns.protocolName = "SLL"
    if let name = LinuxCookedWords.packetTypes[packetType] {
      columns.info.append(name)
    } else {
      columns.info.append("Unknown (")
      columns.info.append(packetType)
      columns.info.append(")")
    }
  }

  // Wireshark gives both versions the same names. Here a name belongs to one protocol, so each
  // version has its own and `sll.*` stands for either.
  public static let schema = Schema<LinuxCooked>(
    "sll", "Linux cooked capture v1", "LINKTYPE_LINUX_SLL", column: "SLL",
    fields: [
      .number(
        "sll1.pkttype", "Packet type", at: 0..<2, label: LinuxCookedWords.packetTypes.label
      ) { $0.packetType },
      .number(
        "sll1.hatype", "Link-layer address type", at: 2..<4,
        label: LinuxCookedWords.hardwareTypes.label
      ) { $0.hardwareType },
      .number("sll1.halen", "Link-layer address length", at: 4..<6) { $0.addressLength },
      .derived("sll1.src.eth", "Source", .mac, at: { _ in 6..<12 }) { layer, _, _ in
        layer.addressLength == 6 ? .mac(MACAddress(layer.address >> 16)) : nil
      },
      .derived("sll1.src.ipv4", "Source", .ipv4, at: { _ in 6..<10 }) { layer, _, _ in
        layer.sender.ipv4.map { .ipv4($0) }
      },
      .octets("sll1.src.other", "Source") {
        $0.addressLength == 6 || $0.addressLength == 4
          ? nil : 6..<6 + min(Int($0.addressLength), 8)
      },
      .octets("sll1.unused", "Unused") { 6 + min(Int($0.addressLength), 8)..<14 },
      .number(
        "sll1.etype", "Protocol", at: 14..<16, base: .hexadecimal, label: EtherTypes.names.label
      ) { $0.protocol },
      .either("sll.pkttype", "Packet type", of: "sll1.pkttype", "sll2.pkttype"),
      .either("sll.hatype", "Link-layer address type", of: "sll1.hatype", "sll2.hatype"),
      .either("sll.halen", "Link-layer address length", of: "sll1.halen", "sll2.halen"),
      .either("sll.src.eth", "Source", of: "sll1.src.eth", "sll2.src.eth"),
      .either("sll.src.ipv4", "Source", of: "sll1.src.ipv4", "sll2.src.ipv4"),
      .either("sll.src.other", "Source", of: "sll1.src.other", "sll2.src.other"),
      .either("sll.unused", "Unused", of: "sll1.unused", "sll2.unused"),
      .either("sll.etype", "Protocol", of: "sll1.etype", "sll2.etype"),
    ])
}
