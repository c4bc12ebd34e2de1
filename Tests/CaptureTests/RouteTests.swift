import Glibc
import PacketCore
import Testing

@testable import Capture

@Suite("Routes, names and link headers")
struct RouteTests {
  @Test("A routing table's answer is read; cut off, it traps nobody")
  func routeEntry() throws {
    var fixed = [UInt8](repeating: 0, count: 12)
    fixed[7] = 1
    let metrics = Netlink.Attribute(2, 1300)
    let inner = Netlink.message(0, flags: 0, fixed: [], [metrics]).dropFirst(16)
    let datagram = Netlink.message(
      Netlink.newRoute, flags: 0, fixed: fixed,
      [
        Netlink.Attribute(4, 7), Netlink.Attribute(5, [10, 0, 0, 1]),
        Netlink.Attribute(7, [10, 0, 0, 2]), Netlink.Attribute(8, Array(inner)),
      ])
    let message = try #require(Netlink.messages(datagram).first)
    let entry = try #require(Route.Entry(message))
    #expect(entry.kind == .unicast && entry.interface == 7 && entry.mtu == 1300)
    #expect(entry.gateway == Address(IPv4Address(10, 0, 0, 1)))
    #expect(entry.source == Address(IPv4Address(10, 0, 0, 2)))
    for count in datagram.indices {
      for message in Netlink.messages(Array(datagram[..<count])) { _ = Route.Entry(message) }
      for value in [0, 1, 0x7f, 0xff] as [UInt8] {
        var changed = datagram
        changed[count] = value
        for message in Netlink.messages(changed) { _ = Route.Entry(message) }
      }
    }
  }

  @Test("Loopback is this host, and the kernel agrees")
  func loopbackRoute() throws {
    let route = try Route.to(Address(IPv4Address(127, 0, 0, 1)))
    #expect(route.isLocal && route.device.isLoopback && route.device.needsNoNeighbour)
    #expect(try Neighbour.linkAddress(for: route) == nil)
    let group = Address(IPv6Address(high: 0xfe80 << 48, low: 1))
    #expect(throws: SocketFailure.self) { try Route.to(group) }
  }

  @Test("What is no host's address is named as such, whatever the kernel makes of it")
  func addressesOfNoHost() throws {
    for address in [IPv4Address(0), IPv4Address(127, 255, 255, 255)] {
      let failure = #expect(throws: SocketFailure.self) { try Route.to(Address(address)) }
      #expect(failure?.kind == .noRoute && failure?.remedy.isEmpty == false)
      #expect(failure?.message.contains("type") == false, "\(failure?.message ?? "")")
    }
    let all = Address(IPv6Address(high: 0, low: 0))
    #expect(#expect(throws: SocketFailure.self) { try Route.to(all) }?.remedy == "this host is ::1")
  }

  @Test func hostNames() throws {
    func parts(_ text: String) throws -> [String] {
      let name = try HostName(text)
      return [name.host, name.port.map(String.init) ?? "-"]
    }
    #expect(try parts("10.0.0.33:5000") == ["10.0.0.33", "5000"])
    #expect(try parts("[::1]:5000") == ["::1", "5000"])
    #expect(try parts("[fe80::1%eth0]") == ["fe80::1%eth0", "-"])
    #expect(try parts("fe80::1") == ["fe80::1", "-"])
    #expect(try parts("db.local") == ["db.local", "-"])
    for wrong in [
      "", ":5000", "[::1", "[::1]5", "host:", "host:0", "host:65536", "host:+5", "[]:1",
    ] {
      #expect(throws: SocketFailure.self) { try HostName(wrong) }
    }
    #expect(
      try HostName("[::1]:1").addresses() == [
        HostAddress(address: Address(IPv6Address(high: 0, low: 1)))
      ])
    let zone = #expect(throws: SocketFailure.self) {
      try HostName("fe80::1%nix0").addresses()
    }
    #expect(zone?.kind == .interface)
  }

  @Test("The IP packet is found behind every link header, without what fills up the frame")
  func linkHeaders() {
    var packet = [UInt8](repeating: 0, count: 20)
    packet[0] = 0x45
    packet[3] = 20
    func offset(_ type: LinkType, _ header: [UInt8]) -> [Int]? {
      let octets = header + packet + [0, 0, 0]
      guard let start = IPStart(type, octets.span.bytes) else { return nil }
      return [start.offset, start.packetLength(octets.span.bytes)]
    }
    let macs = [UInt8](repeating: 2, count: 12)
    #expect(offset(.ethernet, macs + [8, 0]) == [14, 20])
    #expect(offset(.ethernet, macs + [0x81, 0, 0, 5, 8, 0]) == [18, 20])
    #expect(offset(.ethernet, macs + [8, 6]) == nil)
    #expect(offset(.raw, []) == [0, 20])
    #expect(offset(.null, [2, 0, 0, 0]) == [4, 20])
    #expect(offset(.linuxSLL, [UInt8](repeating: 0, count: 14) + [8, 0]) == [16, 20])
    #expect(offset(.linuxSLL2, [8, 0] + [UInt8](repeating: 0, count: 18)) == [20, 20])
    for type in [LinkType.ethernet, .linuxSLL, .linuxSLL2, .raw, .null] {
      for count in 0..<24 {
        let octets = [UInt8](repeating: 0x81, count: count)
        _ = IPStart(type, octets.span.bytes)
      }
    }
  }

  @Test("Without the capability the remedy is given")
  func permission() {
    let failure = SocketFailure(number: EPERM, "sending crafted packets")
    #expect(failure.kind == .permission && !failure.remedy.isEmpty)
    #expect(SocketFailure(number: ENETUNREACH, "x").kind == .noRoute)
    #expect(SocketFailure(number: EMSGSIZE, "x").kind == .tooLong)
    #expect(SocketFailure(number: ENETDOWN, "x", interface: "eth0").message == "eth0 is down")
  }
}
