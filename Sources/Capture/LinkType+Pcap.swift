import PacketCore

extension LinkType {
  /// The link type of files for what libpcap says about a handle (`pcap_datalink`). They differ in
  /// the few numbers that the BSDs gave differently. Source: LINKTYPE_ registry of tcpdump.org.
  init(pcapDatalink dlt: Int32) {
    switch dlt {
    case 11: self.init(rawValue: 100)  // RFC 1483 ATM
    case 12, 14: self = .raw  // raw IP; 14 on OpenBSD
    case 13, 15: self.init(rawValue: 102)  // BSD/OS SLIP
    case 16: self.init(rawValue: 103)  // BSD/OS PPP
    case 18: self.init(rawValue: 246)  // pfsync
    case 19: self.init(rawValue: 106)  // Linux classical IP over ATM
    default: self.init(rawValue: UInt16(truncatingIfNeeded: dlt))
    }
  }

  /// What libpcap makes of an interface of this hardware type (`ARPHRD_…` of linux/if_arp.h), for a
  /// list that needs no privilege; nil for kinds it takes by "cooked" capture or in several ways.
  init?(hardwareType: Int32) {
    switch hardwareType {
    case 1, 772: self = .ethernet  // ARPHRD_ETHER, ARPHRD_LOOPBACK
    // ARPHRD_TUNNEL, ARPHRD_SIT, ARPHRD_IPGRE, ARPHRD_NONE (tun), ARPHRD_RAWIP: IP comes first.
    case 768, 776, 778, 65534, 519: self = .raw
    case 801: self.init(rawValue: 105)  // IEEE 802.11
    case 803: self.init(rawValue: 127)  // radiotap
    case 824: self.init(rawValue: 253)  // nlmon
    case 826: self.init(rawValue: 271)  // vsockmon
    case 512: self = .linuxSLL  // ARPHRD_PPP: captured "cooked"
    default: return nil
    }
  }

  /// The name that tcpdump -L and Wireshark give it, or its number.
  public var name: String {
    switch rawValue {
    case 0: "NULL"
    case 1: "EN10MB"
    case 101: "RAW"
    case 105: "IEEE802_11"
    case 108: "LOOP"
    case 113: "LINUX_SLL"
    case 127: "IEEE802_11_RADIO"
    case 201: "BLUETOOTH_HCI_H4_WITH_PHDR"
    case 220: "USB_LINUX_MMAPPED"
    case 228: "IPV4"
    case 229: "IPV6"
    case 231: "DBUS"
    case 239: "NFLOG"
    case 253: "NETLINK"
    case 254: "BLUETOOTH_LINUX_MONITOR"
    case 271: "VSOCK"
    case 276: "LINUX_SLL2"
    default: "LINKTYPE \(rawValue)"
    }
  }
}
