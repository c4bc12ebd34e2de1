import PacketCore
import Protocols
import Testing

/// Packets composed of layers, held against other tools' octets and against netlab's own reading.
@Suite struct CraftTests {
  static let ethernet = Ethernet(source: MACAddress(0x0200_0000_0001), destination: here)
  static let here = MACAddress(0x0200_0000_0002)
  static let ipv4 = IPv4(
    source: IPv4Address(10, 0, 0, 21), destination: IPv4Address(10, 0, 0, 33), identification: 7)
  static let ipv6 = IPv6(
    source: IPv6Address(high: 0xfe80 << 48, low: 1),
    destination: IPv6Address(high: 0xfe80 << 48, low: 2))
  static let udp = UDP(sourcePort: 1024, destinationPort: 4000)

  static func tcp(_ flags: TCPFlags, _ options: [TCP.Option] = []) -> TCP {
    TCP(
      sourcePort: 51234, destinationPort: 5000, sequence: 1000, acknowledgment: 2000,
      flags: flags, window: 501, options: options)
  }

  static let syn = TCP(
    sourcePort: 51234, destinationPort: 5000, sequence: 1000, flags: .syn, window: 64240,
    options: [
      .maximumSegmentSize(1460), .sackPermitted, .timestamps(value: 1, echo: 0), .noOperation,
      .windowScale(7),
    ])

  /// What scapy makes of the same fields.
  static let packets: [(name: String, packet: Packet, scapy: String)] = [
    (
      "SYN with the usual options", ethernet / ipv4 / syn,
      "02000000000202000000000108004500003c00070000400666800a0000150a000021c8221388000003e800000000a002faf059460000020405b40402080a000000010000000001030307"
    ),
    (
      "an odd number of octets", ethernet / ipv4 / tcp([.psh, .ack]) / Payload("abc"),
      "02000000000202000000000108004500002b00070000400666910a0000150a000021c8221388000003e8000007d0501801f5edd90000616263"
    ),
    (
      "two SACK blocks",
      ethernet / ipv4
        / tcp(.ack, [.noOperation, .noOperation, .sack([(3000, 3100), (3200, 3300)])]),
      "02000000000202000000000108004500003c00070000400666800a0000150a000021c8221388000003e8000007d0a01001f52ae800000101051200000bb800000c1c00000c8000000ce4"
    ),
    (
      "UDP behind a VLAN tag",
      ethernet / VLAN(identifier: 42, priority: 3) / ipv4 / udp / Payload("hello"),
      "0200000000020200000000018100602a08004500002100070000401166900a0000150a00002104000fa0000d942c68656c6c6f"
    ),
    (
      "TCP over IPv6", ethernet / ipv6 / tcp([.psh, .ack]) / Payload("hello"),
      "02000000000202000000000186dd6000000000190640fe800000000000000000000000000001fe800000000000000000000000000002c8221388000003e8000007d0501801f58599000068656c6c6f"
    ),
    (
      "UDP over IPv6", ethernet / ipv6 / udp / Payload("hi!"),
      "02000000000202000000000186dd60000000000b1140fe800000000000000000000000000001fe80000000000000000000000000000204000fa0000b65ca686921"
    ),
    (
      "echo", ethernet / ipv4 / ICMP.echoRequest(identifier: 5, sequence: 6) / Payload("ping."),
      "02000000000202000000000108004500002100070000400166a00a0000150a0000210800eb230005000670696e672e"
    ),
    (
      "echo over IPv6",
      ethernet / ipv6 / ICMPv6.echoRequest(identifier: 5, sequence: 6) / Payload("ping."),
      "02000000000202000000000186dd60000000000d3a40fe800000000000000000000000000001fe800000000000000000000000000002800075d70005000670696e672e"
    ),
    (
      "an ARP request",
      Ethernet(source: MACAddress(0x0200_0000_0001), destination: MACAddress(0xffff_ffff_ffff))
        / ARP(
          operation: 1, senderMAC: MACAddress(0x0200_0000_0001),
          senderIP: IPv4Address(10, 0, 0, 21), targetIP: IPv4Address(10, 0, 0, 33)),
      "ffffffffffff020000000001080600010800060400010200000000010a0000150000000000000a000021"
    ),
    (
      "IPv4 with an option",
      ethernet
        / IPv4(
          source: IPv4Address(10, 0, 0, 21), destination: IPv4Address(10, 0, 0, 33),
          identification: 7, options: [0x94, 4, 0, 0]) / udp / Payload("x"),
      "020000000002020000000001080046000021000700004011d18b0a0000150a0000219404000004000fa00009600678"
    ),
  ]

  /// Dissects the octets and gives each layer written again, its name, and the findings' names.
  static func dissect(_ octets: [UInt8], as link: LinkType = .ethernet) -> (
    names: [String], headers: [[UInt8]], findings: [String]
  ) {
    var dissector = Dissector(.standard)
    var dissection = Dissection()
    dissector.dissect(
      octets.span.bytes,
      FrameHeader(
        capturedLength: octets.count, originalLength: octets.count, linkType: link),
      into: &dissection)
    let records = Array(dissection.layers.dropFirst())
    return (
      records.map { $0.type.description.name },
      records.map { $0.type.rewrite(octets.span.bytes, $0) ?? [] },
      dissection.findings.map(\.kind.name)
    )
  }

  /// Remarks that say what is so and not that something is wrong.
  static let harmless: Set<String> = ["tcp.connection.syn"]

  @Test(arguments: packets.indices)
  func equalsScapy(_ index: Int) {
    let (name, packet, scapy) = Self.packets[index]
    let digits = packet.bytes().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
    #expect(digits.joined() == scapy, "\(name)")
  }

  @Test(arguments: packets.indices)
  func readsAsWritten(_ index: Int) {
    let (name, packet, _) = Self.packets[index]
    let octets = packet.bytes()
    let read = Self.dissect(octets)
    #expect(read.headers.flatMap { $0 } == octets, "\(name)")
    #expect(
      read.headers == packet.completed().layers.map { $0.bytes(.verbatim) }, "\(name)")
    #expect(read.findings.filter { !Self.harmless.contains($0) } == [], "\(name)")
    // Completing once more changes nothing.
    #expect(packet.completed().bytes() == octets, "\(name)")
    #expect(packet.completed().bytes(.verbatim) == octets, "\(name)")
  }

  @Test func typedLayersComeBackEqual() throws {
    let packet = (Self.ethernet / Self.ipv4 / Self.syn).completed()
    let octets = packet.bytes(.verbatim)
    var dissector = Dissector(.standard)
    var dissection = Dissection()
    dissector.dissect(
      octets.span.bytes,
      FrameHeader(
        capturedLength: octets.count, originalLength: octets.count, linkType: .ethernet),
      into: &dissection)
    let foundRecord = dissection.last(TCP.self)
    let record = try #require(foundRecord)
    let tcp = TCP.decode(record, in: octets.span.bytes)
    #expect(tcp == packet[TCP.self])
    #expect(tcp?.options == HeaderOptions(Array(octets[54...])))
  }

  @Test func verbatimKeepsDamage() {
    var packet = (Self.ethernet / Self.ipv4 / Self.tcp(.ack) / Payload("abc")).completed()
    packet[TCP.self]?.checksum ^= 0x0100
    packet[IPv4.self]?.checksum ^= 1
    let findings = Set(Self.dissect(packet.bytes(.verbatim)).findings)
    #expect(findings == ["ip.checksum_bad.expert", "tcp.checksum_bad.expert"])
    #expect(Self.dissect(packet.bytes()).findings == [])
    var lying = Self.ethernet / Self.ipv4 / Self.udp / Payload("abc")
    lying[UDP.self]?.length = 4
    lying[IPv4.self]?.protocol = 17
    lying[Ethernet.self]?.type = 0x0800
    #expect(Self.dissect(lying.bytes(.verbatim)).findings.contains("udp.length.bad"))
  }

  /// Every length from none to a hundred octets: odd ones are padded in the sum alone.
  @Test func checksumsOfEveryLength() {
    for count in 0...100 {
      let payload = Payload((0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ 3) })
      for packet in [
        Self.ethernet / Self.ipv4 / Self.udp / payload,
        Self.ethernet / Self.ipv6 / Self.udp / payload,
        Self.ethernet / Self.ipv4 / Self.tcp(.ack) / payload,
        Self.ethernet / Self.ipv6 / Self.tcp(.ack) / payload,
        Self.ethernet / Self.ipv4 / ICMP.echoReply(identifier: 1, sequence: 2) / payload,
        Self.ethernet / Self.ipv6 / ICMPv6.echoReply(identifier: 1, sequence: 2) / payload,
      ] {
        #expect(Self.dissect(packet.bytes()).findings == [], "\(count) octets")
      }
    }
  }

  /// RFC 768: zero means that there is no checksum, so that a sum of zero is sent as all ones.
  @Test func aChecksumOfZeroIsSentAsOnes() throws {
    let empty = (Self.ethernet / Self.ipv4 / Self.udp / Payload([0, 0])).completed()
    let checksum = try #require(empty[UDP.self]?.checksum)
    let octets = [UInt8(checksum >> 8), UInt8(truncatingIfNeeded: checksum)]
    let packet = (Self.ethernet / Self.ipv4 / Self.udp / Payload(octets)).completed()
    #expect(packet[UDP.self]?.checksum == 0xffff)
    #expect(Self.dissect(packet.bytes()).findings == [])
  }

  @Test func numbersFollowFromWhatIsCarried() {
    // A protocol with two numbers may be sent under either.
    var outer = VLAN(identifier: 1)
    outer.type = 0x9100
    let twice = (Self.ethernet / outer / VLAN(identifier: 2) / Self.ipv6 / Self.udp).completed()
    #expect(twice[Ethernet.self]?.type == 0x8100)
    var second = Self.ethernet
    second.type = 0x9100
    #expect((second / VLAN(identifier: 2)).completed()[Ethernet.self]?.type == 0x9100)
    // Octets without a protocol keep the number that was given.
    var raw = Self.ipv4
    raw.protocol = 253
    #expect((raw / Payload("x")).completed()[IPv4.self]?.protocol == 253)
    // Tunnels: each header knows the next one, and sums use the nearest addresses.
    let tunnel = Self.ethernet / Self.ipv4 / (Self.ipv6 / Self.udp / Payload("x"))
    #expect(tunnel.completed()[IPv4.self]?.protocol == 41)
    #expect(Self.dissect(tunnel.bytes()).findings == [])
    // Without a type and a protocol the field is a length: IEEE 802.3.
    #expect((Self.ethernet / Payload("abc")).completed()[Ethernet.self]?.type == 3)
  }

  @Test func headersNeedNobodyBelow() {
    #expect(Self.udp.bytes() == [4, 0, 0x0f, 0xa0, 0, 8, 0, 0])
    #expect(Packet().bytes() == [])
    #expect(Payload("a").bytes() == [0x61])
  }

  @Test func optionsArePaddedToWords() {
    let tcp = Self.tcp(.syn, [.windowScale(3)])
    #expect(tcp.statedLength == 24)
    #expect(tcp.bytes().count == 24)
    var ipv4 = Self.ipv4
    ipv4.options = HeaderOptions([1])
    #expect((ipv4 / Payload("x")).bytes().count == 25)
    let sack = TCP.Option.sack([(1, 2)])
    #expect(sack == .other(kind: 5, [0, 0, 0, 1, 0, 0, 0, 2]) && sack != .noOperation)
  }
}
