import PacketCore

/// A frame of the Linux pseudo-interface `any`, version 2, which also says which interface it
/// crossed. LINKTYPE_LINUX_SLL2 of tcpdump.org. All numbers are in network byte order.
///
/// ```
/// +-------------+-------------+--------------+----------------+--------+---------+-----------+
/// | protocol, 2 | reserved, 2 | interface, 4 | ARPHRD type, 2 | type,1 | length,1| address,8 |
/// +-------------+-------------+--------------+----------------+--------+---------+-----------+
/// ```
public struct LinuxCooked2: Layer {
  /// EtherType of what follows, or one of Linux's own small numbers.
  public var `protocol`: UInt16
  /// Zero.
  public var reserved: UInt16
  /// The interface's number on the capturing machine.
  public var interface: UInt32
  /// The interface's ARPHRD_ number.
  public var hardwareType: UInt16
  /// Whom the packet is for: 0 us, 1 all, 2 a group, 3 another host; 4 sent by us.
  public var packetType: UInt8
  /// Octets of `address` in use.
  public var addressLength: UInt8
  /// The sender's link-layer address, first octet uppermost; unused octets hold anything.
  public var address: UInt64

  public static let carriedBy: [PayloadType] = [.linkType(.linuxSLL2)]

  public init(reading reader: inout ByteReader) throws(ParseError) {
    `protocol` = try reader.read()
    reserved = try reader.read()
    interface = try reader.read()
    hardwareType = try reader.read()
    packetType = try reader.read()
    addressLength = try reader.read()
    address = try reader.read()
  }

  public func write(to writer: inout ByteWriter) {
    writer.write(`protocol`)
    writer.write(reserved)
    writer.write(interface)
    writer.write(hardwareType)
    writer.write(packetType)
    writer.write(addressLength)
    writer.write(address)
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

  public static let schema = Schema<LinuxCooked2>(
    "sll2", "Linux cooked capture v2", "LINKTYPE_LINUX_SLL2", column: "SLL",
    fields: [
      .number(
        "sll2.etype", "Protocol", at: 0..<2, base: .hexadecimal, label: EtherTypes.names.label
      ) { $0.protocol },
      .number("sll2.reserved", "Reserved", at: 2..<4, base: .hexadecimal) { $0.reserved },
      .number("sll.ifindex", "Interface index", at: 4..<8) { $0.interface },
      .number(
        "sll2.hatype", "Link-layer address type", at: 8..<10,
        label: LinuxCookedWords.hardwareTypes.label
      ) { $0.hardwareType },
      .number(
        "sll2.pkttype", "Packet type", at: 10..<11, label: LinuxCookedWords.packetTypes.label
      ) { $0.packetType },
      .number("sll2.halen", "Link-layer address length", at: 11..<12) { $0.addressLength },
      .derived("sll2.src.eth", "Source", .mac, at: { _ in 12..<18 }) { layer, _, _ in
        layer.addressLength == 6 ? .mac(MACAddress(layer.address >> 16)) : nil
      },
      .derived("sll2.src.ipv4", "Source", .ipv4, at: { _ in 12..<16 }) { layer, _, _ in
        layer.sender.ipv4.map { .ipv4($0) }
      },
      .octets("sll2.src.other", "Source") {
        $0.addressLength == 6 || $0.addressLength == 4
          ? nil : 12..<12 + min(Int($0.addressLength), 8)
      },
      .octets("sll2.unused", "Unused") { 12 + min(Int($0.addressLength), 8)..<20 },
    ])
}
