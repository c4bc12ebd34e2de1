import Glibc
import PacketCore

/// The way that packets to an address take from here. Asked of the kernel's routing table, without
/// privilege: RTM_GETROUTE of rtnetlink(7).
public struct Route: Sendable, Equatable {
  public var destination: Address
  /// The outgoing interface; `lo` for the addresses of this host.
  public var device: NetworkDevice
  /// The address that the kernel would send from.
  public var source: Address
  /// The longest IP packet that gets through, as far as this host knows, in octets.
  public var mtu: Int
  /// The router that comes next; nil when the destination is on the link.
  public var gateway: Address?
  /// The destination is an address of this host.
  public var isLocal: Bool

  /// Number of the interface for link-local IPv6 destinations, else 0.
  public var zone: UInt32 { destination.isLinkLocal ? device.index : 0 }

  /// Looks the way up.
  ///
  /// - Parameters:
  ///   - destination: IPv4 or IPv6.
  ///   - source: The own address to send from; the kernel's choice when nil.
  ///   - interface: Only ways through it.
  ///   - zone: The interface of a link-local destination, by number.
  /// - Throws: `SocketFailure`: `.noRoute`, `.interface` for an interface or own address that is
  ///   not there, or down.
  public static func to(
    _ destination: Address, from source: Address? = nil, through interface: String? = nil,
    zone: UInt32 = 0
  ) throws(SocketFailure) -> Route {
    let name = destination.text
    // The kernel takes it for this host, but no packet with it arrives anywhere.
    guard destination.networkOctets.contains(where: { $0 != 0 }) else {
      throw SocketFailure(
        .noRoute, "\(name) stands for all addresses of a host, and is none to send to",
        remedy: "this host is \(destination.family == .ipv6 ? "::1" : "127.0.0.1")")
    }
    var wanted: NetworkDevice?
    if let interface {
      guard let device = NetworkDevice(named: interface) else {
        throw SocketFailure(
          .interface, "there is no interface \(interface)", remedy: "netlab interfaces lists them")
      }
      wanted = device
    } else if zone != 0 {
      guard let device = NetworkDevice(index: zone) else {
        throw SocketFailure(.interface, "there is no interface number \(zone)")
      }
      wanted = device
    } else if destination.isLinkLocal {
      // RFC 4007, section 6: ambiguous without a zone.
      throw SocketFailure(
        .interface, "\(name) is valid on one link only, and nobody says on which",
        remedy: "write \(name)%INTERFACE; netlab interfaces lists them")
    }
    if let wanted, let failure = wanted.failure { throw failure }
    if let source {
      guard source.family == destination.family else {
        throw SocketFailure(
          .noRoute, "\(source.text) and \(name) are addresses of different families")
      }
      // Asked by itself: about a foreign source the kernel answers as about a missing route.
      guard (try? to(source, zone: wanted?.index ?? 0))?.isLocal == true else {
        throw SocketFailure(
          .interface, "\(source.text) is no address of this host",
          remedy: "netlab interfaces lists them")
      }
    }
    let request = request(
      destination, source: source, interface: wanted.map { $0.isLoopback ? 0 : $0.index } ?? 0)
    guard let answer = try Netlink.ask(request).first else {
      throw SocketFailure(.noRoute, "nobody knows a way to \(name)")
    }
    if answer.type == Netlink.error {
      throw failure(Netlink.errorNumber(answer), destination, source)
    }
    guard let found = Entry(answer), let device = NetworkDevice(index: found.interface) else {
      throw SocketFailure(.noRoute, "nobody knows a way to \(name)")
    }
    switch found.kind {
    case .unicast, .local: break
    case .many:
      throw SocketFailure(
        .noRoute, "\(name) is the address of many, and an answer comes from one",
        remedy: "name one host's own address")
    case .other(let kind):
      throw SocketFailure(.noRoute, "packets to \(name) go nowhere: the route is of type \(kind)")
    }
    if !device.isUp, let failure = device.failure { throw failure }
    guard let chosen = source ?? found.source else {
      throw SocketFailure(.noRoute, "this host has no address to send to \(name) from")
    }
    return Route(
      destination: destination, device: device, source: chosen,
      mtu: found.mtu.map { min(Int($0), device.mtu) } ?? device.mtu, gateway: found.gateway,
      isLocal: found.kind == .local)
  }

  private static func failure(
    _ number: Int32, _ destination: Address, _ source: Address?
  ) -> SocketFailure {
    if number == EINVAL, let source {
      // Loopback's addresses, say, to another host.
      return SocketFailure(
        .noRoute, "no way leads from \(source.text) to \(destination.text)",
        remedy: "without a source address the one that fits is chosen")
    }
    return switch number {
    case EACCES:  // a "prohibit" route
      SocketFailure(.noRoute, "the routing table forbids packets to \(destination.text)")
    case EINVAL:  // a "blackhole" route
      SocketFailure(.noRoute, "the routing table throws packets to \(destination.text) away")
    case ENETUNREACH:
      SocketFailure(
        .noRoute, "no route leads to \(destination.text)",
        remedy: "ip route shows the ways that this host knows")
    default: SocketFailure(number: number, "the way to \(destination.text)")
    }
  }

  /// RTM_GETROUTE: struct rtmsg and the attributes RTA_DST, RTA_SRC, RTA_OIF.
  static func request(_ destination: Address, source: Address?, interface: UInt32) -> [UInt8] {
    var fixed = [UInt8](repeating: 0, count: 12)
    fixed[0] = UInt8(truncatingIfNeeded: destination.socketFamily)
    fixed[1] = UInt8(truncatingIfNeeded: destination.networkOctets.count * 8)
    var attributes = [Netlink.Attribute(1, destination.networkOctets)]
    if let source {
      fixed[2] = UInt8(truncatingIfNeeded: source.networkOctets.count * 8)
      attributes.append(Netlink.Attribute(2, source.networkOctets))
    }
    if interface != 0 { attributes.append(Netlink.Attribute(4, interface)) }
    return Netlink.message(Netlink.getRoute, flags: 1, fixed: fixed, attributes)
  }

  /// An RTM_NEWROUTE as far as it matters here.
  struct Entry: Equatable {
    enum Kind: Equatable { case unicast, local, many, other(UInt8) }

    var kind: Kind
    var interface: UInt32 = 0
    var source: Address?
    var gateway: Address?
    var mtu: UInt32?

    init?(_ message: Netlink.Message) {
      let body = Array(message.body)
      guard message.type == Netlink.newRoute, body.count >= 12 else { return nil }
      switch body[7] {  // rtm_type: RTN_UNICAST, RTN_LOCAL; RTN_BROADCAST, RTN_MULTICAST
      case 1: kind = .unicast
      case 2: kind = .local
      case 3, 5: kind = .many
      case let type: kind = .other(type)
      }
      for attribute in Netlink.attributes(body[12...]) {
        switch attribute.type {
        case 4: interface = attribute.number  // RTA_OIF
        case 5: gateway = attribute.address  // RTA_GATEWAY
        case 7: source = attribute.address  // RTA_PREFSRC
        case 8:  // RTA_METRICS, in it RTAX_MTU
          mtu = attribute.nested.first { $0.type == 2 }?.number
        case 18: gateway = Address(networkOctets: attribute.octets.dropFirst(2))  // RTA_VIA
        default: break
        }
      }
      if mtu == 0 { mtu = nil }
    }
  }
}

extension Address {
  /// The address as people write it.
  public var text: String {
    var buffer = TextBuffer()
    buffer.append(self)
    return buffer.string
  }
}
