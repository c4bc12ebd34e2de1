import PacketCore

extension ARP {
  /// IANA, "Address Resolution Protocol (ARP) Parameters".
  static let operations: ValueNames = [
    0: "reserved", 1: "request", 2: "reply", 3: "reverse request", 4: "reverse reply",
    5: "drarp request", 6: "drarp reply", 7: "drarp error", 8: "inverse request",
    9: "inverse reply", 10: "arp nak", 11: "mars request", 12: "mars multi", 13: "mars mserv",
    14: "mars join", 15: "mars leave", 16: "mars nak", 17: "mars unserv", 18: "mars sjoin",
    19: "mars sleave", 20: "mars grouplist request", 21: "mars grouplist reply",
    22: "mars redirect map", 23: "mapos unarp", 24: "experimental 1", 25: "experimental 2",
    65535: "reserved",
  ]
  static let hardwareTypes: ValueNames = [
    1: "Ethernet", 2: "Experimental Ethernet", 3: "AX.25", 4: "ProNET", 5: "Chaos", 6: "IEEE 802",
    7: "ARCNET", 15: "Frame Relay DLCI", 16: "ATM", 17: "HDLC", 18: "Fibre Channel",
    19: "ATM (RFC 2225)", 20: "Serial Line", 24: "IEEE 1394.1995", 27: "EUI-64",
    31: "IPsec tunnel", 32: "InfiniBand",
  ]

  /// An address field that is there in one of three forms.
  private static func hardware(
    _ name: String, _ title: String, _ part: Part
  ) -> Field<ARP> {
    .derived(name, title, .mac, at: { $0.place(part) }) { layer, _, _ in
      layer.isEthernet ? .mac(MACAddress(layer.number(part))) : nil
    }
  }

  private static func internet(
    _ name: String, _ title: String, _ part: Part
  ) -> Field<ARP> {
    .derived(name, title, .ipv4, at: { $0.place(part) }) { layer, _, _ in
      layer.isIPv4 ? .ipv4(IPv4Address(UInt32(truncatingIfNeeded: layer.number(part)))) : nil
    }
  }

  public static let schema = Schema<ARP>(
    "arp", "Address Resolution Protocol", "RFC 826", column: "ARP",
    fields: [
      .number("arp.hw.type", "Hardware type", at: 0..<2, label: hardwareTypes.label) {
        $0.hardwareType
      },
      .number(
        "arp.proto.type", "Protocol type", at: 2..<4, base: .hexadecimal,
        label: EtherTypes.names.label
      ) { $0.protocolType },
      .number("arp.hw.size", "Hardware size", at: 4..<5) { $0.hardwareSize },
      .number("arp.proto.size", "Protocol size", at: 5..<6) { $0.protocolSize },
      .number("arp.opcode", "Opcode", at: 6..<8, label: operations.label) { $0.operation },
      .derived("arp.isgratuitous", "Is gratuitous", .boolean) { layer, _, _ in
        layer.isGratuitous ? .boolean(true) : nil
      },
      .derived("arp.isprobe", "Is probe", .boolean) { layer, _, _ in
        layer.isProbe ? .boolean(true) : nil
      },
      .derived("arp.isannouncement", "Is announcement", .boolean) { layer, _, _ in
        layer.isAnnouncement ? .boolean(true) : nil
      },
      hardware("arp.src.hw_mac", "Sender MAC address", .senderHardware),
      .octets("arp.src.hw", "Sender hardware address") {
        $0.isEthernet ? nil : $0.place(.senderHardware)
      },
      internet("arp.src.proto_ipv4", "Sender IP address", .senderProtocol),
      .octets("arp.src.proto", "Sender protocol address") {
        $0.isIPv4 ? nil : $0.place(.senderProtocol)
      },
      hardware("arp.dst.hw_mac", "Target MAC address", .targetHardware),
      .octets("arp.dst.hw", "Target hardware address") {
        $0.isEthernet ? nil : $0.place(.targetHardware)
      },
      internet("arp.dst.proto_ipv4", "Target IP address", .targetProtocol),
      .octets("arp.dst.proto", "Target protocol address") {
        $0.isIPv4 ? nil : $0.place(.targetProtocol)
      },
    ],
    heading: { layer, _, _, text in
      text.append(" (")
      if layer.isProbe {
        text.append("ARP Probe")
      } else if layer.isAnnouncement {
        text.append("ARP Announcement")
      } else {
        text.append(operations[layer.operation] ?? "unknown")
        if layer.isGratuitous { text.append("/gratuitous ARP") }
      }
      text.append(")")
    })
}
