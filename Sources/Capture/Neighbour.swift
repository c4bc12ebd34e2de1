import Glibc
import PacketCore

/// Whose link address belongs to an IP address on the same link: ARP's and neighbour discovery's
/// table, asked of the kernel.
public enum Neighbour {
  /// The link address that a packet must be sent to so that it takes this route.
  ///
  /// Makes the kernel ask on the link when it does not know, by a datagram without content to the
  /// discard port (RFC 863).
  ///
  /// - Parameter patience: How long, in milliseconds, to wait for an answer.
  /// - Returns: nil where the interface needs none: loopback, tunnels.
  /// - Throws: `SocketFailure(.noRoute)` when nobody answers.
  public static func linkAddress(
    for route: Route, patience: Int64 = 3000
  ) throws(SocketFailure) -> MACAddress? {
    if route.device.needsNoNeighbour { return nil }
    let next = route.gateway ?? route.destination
    if let group = multicast(next) { return group }
    let deadline = MonotonicTime.now.advanced(byNanoseconds: patience * 1_000_000)
    var isAsked = false
    while true {
      let entry = try table(route.device.index, next)
      if let address = entry?.linkAddress, entry?.isValid == true { return address }
      // Asked once, the kernel itself repeats the question; when it gives up, so do we.
      if (isAsked && entry?.hasFailed == true) || MonotonicTime.now >= deadline {
        throw SocketFailure(
          .noRoute, "nobody on \(route.device.name) answers for \(next.text)",
          remedy: "is it switched on? ip neigh shows who was found")
      }
      if !isAsked {
        poke(next, through: route)
        isAsked = true
      }
      poll(nil, 0, 5)
    }
  }

  /// RFC 1112, section 6.4, and RFC 2464, section 7.
  static func multicast(_ address: Address) -> MACAddress? {
    if let ipv4 = address.ipv4, ipv4.value >> 28 == 0xe {
      return MACAddress(0x0100_5e00_0000 | UInt64(ipv4.value & 0x7f_ffff))
    }
    if let ipv6 = address.ipv6, ipv6.high >> 56 == 0xff {
      return MACAddress(0x3333_0000_0000 | ipv6.low & 0xffff_ffff)
    }
    return nil
  }

  private static func poke(_ address: Address, through route: Route) {
    let descriptor = socket(
      address.socketFamily, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return }
    let owner = OwnedDescriptor(descriptor)
    let zone = address.isLinkLocal ? route.device.index : 0
    _ = SocketAddress(address, port: 9, zone: zone)?.with {
      sendto(owner.number, nil, 0, Int32(MSG_DONTWAIT), $0, $1)
    }
  }

  /// An RTM_NEWNEIGH as far as it matters here.
  struct Entry: Equatable {
    var interface: UInt32
    /// NUD_… of linux/neighbour.h.
    var state: UInt16
    var address: Address?
    var linkAddress: MACAddress?

    /// REACHABLE, STALE, DELAY, PROBE, NOARP, PERMANENT: an address that packets are sent to.
    var isValid: Bool { state & (0x02 | 0x04 | 0x08 | 0x10 | 0x40 | 0x80) != 0 }
    var hasFailed: Bool { state & 0x20 != 0 }

    init?(_ message: Netlink.Message) {
      // struct ndmsg: family, padding, interface (at 4), state (at 8), flags, type.
      let body = Array(message.body)
      guard message.type == Netlink.newNeighbour, body.count >= 12,
        let interface = Netlink.load(body, 4, UInt32.self),
        let state = Netlink.load(body, 8, UInt16.self)
      else { return nil }
      self.interface = interface
      self.state = state
      for attribute in Netlink.attributes(body[12...]) {
        switch attribute.type {
        case 1: address = attribute.address  // NDA_DST
        case 2 where attribute.octets.count == 6:  // NDA_LLADDR
          linkAddress = MACAddress(attribute.octets.reduce(0) { $0 << 8 | UInt64($1) })
        default: break
        }
      }
    }
  }

  private static func table(
    _ interface: UInt32, _ address: Address
  ) throws(SocketFailure) -> Entry? {
    var fixed = [UInt8](repeating: 0, count: 12)
    fixed[0] = UInt8(truncatingIfNeeded: address.socketFamily)
    // NLM_F_REQUEST | NLM_F_DUMP; only this interface's.
    let request = Netlink.message(
      Netlink.getNeighbour, flags: 0x301, fixed: fixed, [Netlink.Attribute(8, interface)])
    return try Netlink.ask(request, isList: true).lazy.compactMap { Entry($0) }
      .first { $0.interface == interface && $0.address == address }
  }
}
