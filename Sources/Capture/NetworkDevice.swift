import CLinux
import Glibc
import PacketCore

/// What the system says about one interface, asked without privilege.
public struct NetworkDevice: Sendable, Equatable {
  public var name: String
  /// The kernel's number for it.
  public var index: UInt32
  /// `IFF_…` of net/if.h.
  public var flags: UInt32
  /// The longest IP packet it takes, in octets.
  public var mtu: Int
  /// `ARPHRD_…` of linux/if_arp.h.
  public var hardwareType: Int32
  /// Its own link address, where it has one.
  public var linkAddress: MACAddress?
  /// The driver's name, such as `veth`; empty when it does not tell.
  public var driver: String

  /// Packets to it come back from it.
  public var isLoopback: Bool { flags & 0x8 != 0 }
  public var isUp: Bool { flags & 0x1 != 0 }
  /// Frames begin with the 14 octets of Ethernet: ARPHRD_ETHER and ARPHRD_LOOPBACK.
  public var hasEthernetHeader: Bool { hardwareType == 1 || hardwareType == 772 }
  /// Frames need no neighbour's address: loopback, tunnels, IFF_NOARP.
  public var needsNoNeighbour: Bool { isLoopback || !hasEthernetHeader || flags & 0x80 != 0 }
  /// What arrives on it was made on this machine, so that a checksum may not be computed yet.
  public var carriesUnfinishedChecksums: Bool { isLoopback || driver == "veth" }

  /// Asks the kernel; nil when there is no such interface in the calling thread's namespace.
  public init?(named name: String) {
    let index = if_nametoindex(name)
    guard index != 0 else { return nil }
    let flags = netlab_interface_flags(name)
    guard flags >= 0 else { return nil }
    self.name = name
    self.index = index
    self.flags = UInt32(flags)
    mtu = Int(max(netlab_interface_mtu(name), 0))
    hardwareType = netlab_interface_hardware(name)
    var octets = [UInt8](repeating: 0, count: 6)
    if hardwareType == 1, netlab_interface_link_address(name, &octets) == 0 {
      linkAddress = MACAddress(octets.reduce(0) { $0 << 8 | UInt64($1) })
    }
    var text = [CChar](repeating: 0, count: 32)
    driver = netlab_interface_driver(name, &text, text.count) == 0 ? string(text) : ""
  }

  /// The interface of this number, or nil.
  public init?(index: UInt32) {
    var name = [CChar](repeating: 0, count: Int(IF_NAMESIZE))
    guard if_indextoname(index, &name) != nil else { return nil }
    self.init(named: string(name))
  }

  /// Why nothing can be sent through it any more; nil while something can.
  public var failure: SocketFailure? {
    let flags = netlab_interface_flags(name)
    if flags < 0 || if_nametoindex(name) == 0 {
      return SocketFailure(number: ENODEV, name, interface: name)
    }
    return flags & 0x1 == 0 ? SocketFailure(number: ENETDOWN, name, interface: name) : nil
  }
}
