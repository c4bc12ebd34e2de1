import Capture
import Glibc
import PacketCore
import Protocols
import Testing

@testable import Exchange

@Suite struct WirePortTests {
  @Test(.enabled("the kernel refuses a network namespace") { WireNetwork.command != nil })
  func packetsInNamespacesOfTheirOwn() throws {
    let command = try #require(WireNetwork.command)
    let program = try #require(realpath("/proc/self/exe", nil))
    defer { free(program) }
    let result = try WireNetwork.run(
      command + [
        String(cString: program), "--testing-library", "swift-testing", "--filter",
        "ExchangeTests.WireInNamespace",
      ], setting: ["NETLAB_TEST_IN_NAMESPACE": "1"])
    #expect(result.status == 0, "\(result.output)")
    // A filter that matches no test would pass as well.
    for suite in ["WireInNamespace", "WireInNamespaceExchange", "WireInNamespaceFailures"] {
      #expect(result.output.contains("Suite \(suite) passed"), "\(result.output)")
    }
  }
}

/// Real sockets between two namespaces with a veth pair, and on loopback.
@Suite(
  .serialized, .enabled("run by packetsInNamespacesOfTheirOwn") { WireNetwork.isInside })
struct WireInNamespace {
  let other: OtherHost

  init() throws { other = try WireNetwork.other.get() }

  private func sender(
    to destination: Address = WireNetwork.there, port: UInt16,
    linkLayer: WirePort.LinkLayer? = nil, stop: LiveStop? = nil
  ) throws -> WirePort {
    try WirePort(
      sendingTo: HostAddress(address: destination), port: port, sourcePort: 0,
      linkLayer: linkLayer, stop: stop)
  }

  private func segment(
    _ port: WirePort, sequence: UInt32 = 1, acknowledgment: UInt32 = 0,
    flags: TCPFlags = [.psh, .ack], identification: UInt16 = 1, _ payload: String = "gAAAAABtoken"
  ) throws -> CraftedSegment {
    var segment = CraftedSegment(
      ends: try #require(port.ends), sequence: sequence, acknowledgment: acknowledgment,
      identification: identification, payload: Array(payload.utf8))
    segment.flags = flags
    return segment
  }

  @Test(
    "A thousand segments arrive, each once and whole, and the kernel answers none with RST",
    arguments: [
      (WireNetwork.there, false), (WireNetwork.there6, false), (WireNetwork.there, true),
      (WireNetwork.there6, true),
    ])
  func thousand(destination: Address, overLink: Bool) throws {
    let rules = try WireNetwork.rules()
    let receiver = try other.run { try WirePort(receivingAt: nil, port: 5000) }
    #expect(receiver.remarks.isEmpty)
    let sender = try sender(
      to: destination, port: 5000, linkLayer: overLink ? WirePort.LinkLayer() : nil)
    var options = LiveCapture.Options(interfaces: ["nwa"])
    options.filter = "tcp port 5000"
    var wire = try LiveCapture(options)
    for number in 0..<1000 {
      try sender.send(
        try segment(
          sender, sequence: UInt32(number), identification: UInt16(number), "gAAA\(number)"
        ).packet)
    }
    let found = try other.run { try receiver.collect(1000) }
    #expect(found.count == 1000)
    #expect(found.indices.allSatisfy { found[$0].facts.sequence == UInt32($0) })
    #expect(found.allSatisfy { $0.facts.isSumRight && $0.facts.isHeaderSumRight })
    #expect(found.allSatisfy { $0.arrival.isFromThisHost })
    // The answers' way back, too.
    for entry in found {
      let sent = try #require(sender.ends)
      var answer = CraftedSegment(
        ends: sent.reversed, sequence: 7, acknowledgment: entry.facts.sequence, identification: 9,
        payload: Array("gAAAanswer".utf8))
      answer.flags = [.psh, .ack]
      try receiver.send(answer.packet)
    }
    let answers = try sender.collect(1000)
    #expect(answers.count == 1000)
    #expect(answers.indices.allSatisfy { answers[$0].facts.acknowledgment == UInt32($0) })
    #expect(try other.run { try receiver.rest() }.isEmpty)
    #expect(try sender.rest().isEmpty)
    var frames = 0
    var others = 0
    _ = try wire.run(until: .now) { octets, _ in
      frames += 1
      let start = destination.family == .ipv6 ? 54 : 34
      let flags = octets.unsafeLoad(fromByteOffset: start + 13, as: UInt8.self)
      if flags != TCPFlags([.psh, .ack]).rawValue & 0xff { others += 1 }
      return true
    }
    #expect(frames == 2000)
    #expect(others == 0, "the kernel said something")
    #expect(sender.unreachable == 0)
    #expect(try WireNetwork.rules() == rules)
  }

  @Test("Without the shield the kernel does answer with RST, and the sender hears it")
  func unshielded() throws {
    let receiver = try other.run { try WirePort(receivingAt: nil, port: 5001, hasShield: false) }
    let sender = try sender(port: 5001)
    try sender.send(try segment(sender).packet)
    let answer = try #require(try sender.collect(1).first)
    #expect(answer.facts.isReset)
    #expect(try other.run { try receiver.collect(1) }.count == 1)
  }

  @Test(
    "Loopback: each packet arrives once, of both families",
    arguments: [
      (WireNetwork.loopback, false), (WireNetwork.loopback6, false), (WireNetwork.here, false),
      (WireNetwork.loopback, true), (WireNetwork.loopback6, true),
    ])
  func loopback(address: Address, overLink: Bool) throws {
    let receiver = try WirePort(receivingAt: nil, port: 5002)
    let sender = try sender(
      to: address, port: 5002, linkLayer: overLink ? WirePort.LinkLayer() : nil)
    #expect(sender.route?.isLocal == true && sender.route?.device.name == "lo")
    for number in 0..<100 {
      try sender.send(try segment(sender, sequence: UInt32(number)).packet)
    }
    let found = try receiver.collect(100)
    #expect(found.map(\.facts.sequence) == Array(0..<100))
    #expect(found.allSatisfy { $0.arrival.isFromThisHost && $0.facts.isSumRight })
    #expect(try receiver.rest().isEmpty)
    #expect(try sender.rest().isEmpty)
  }

  @Test("A wrong header sum goes out over the link as it is; a raw socket's is mended")
  func headerSum() throws {
    let receiver = try other.run { try WirePort(receivingAt: nil, port: 5003, through: "nwb") }
    let byLink = try sender(port: 5003, linkLayer: WirePort.LinkLayer())
    var packet = try segment(byLink).packet
    packet[10] ^= 0xff
    try byLink.send(packet)
    let byRaw = try sender(port: 5003)
    var second = try segment(byRaw).packet
    second[10] ^= 0xff
    // The TCP sum stays wrong.
    second[36] ^= 0xff
    try byRaw.send(second)
    let found = try other.run { try receiver.collect(2) }
    #expect(found.map(\.facts.isHeaderSumRight) == [false, true])
    #expect(found.map(\.facts.isSumRight) == [true, false])
  }

  @Test(
    "A kernel's TCP takes crafted segments: handshake by hand, data acknowledged and read",
    arguments: [
      (WireNetwork.there, false), (WireNetwork.there6, false), (WireNetwork.there, true),
    ])
  func kernelAccepts(destination: Address, overLink: Bool) throws {
    let server = try other.run { try KernelServer(destination) }
    let sender = try sender(
      to: destination, port: server.port, linkLayer: overLink ? WirePort.LinkLayer() : nil)
    let start: UInt32 = 0xffff_fffa  // wraps on the way
    try sender.send(try segment(sender, sequence: start, flags: [.syn], "").packet)
    let synAck = try #require(try sender.collect(1).first).facts
    #expect(synAck.flags == 0x12 && synAck.acknowledgment == start &+ 1)
    let next = synAck.sequence &+ 1
    try sender.send(
      try segment(sender, sequence: start &+ 1, acknowledgment: next, flags: [.ack], "").packet)
    let text = "gAAAAABhello, kernel"
    try sender.send(
      try segment(sender, sequence: start &+ 1, acknowledgment: next, text).packet)
    let ack = try #require(try sender.collect(1) { $0.flags == 0x10 }.first).facts
    #expect(ack.acknowledgment == start &+ 1 &+ UInt32(text.utf8.count))
    #expect(try server.read() == text)
  }

  @Test(
    "A listening filter: crafted messages unanswered, strays refused, clients served",
    arguments: [WireNetwork.there, WireNetwork.there6])
  func listeningFilter(destination: Address) throws {
    let server = try other.run { try KernelServer(destination) }
    try ListeningFilter.attach(to: server.listener)
    let receiver = try other.run {
      try WirePort(receivingAt: nil, port: server.port, hasShield: false)
    }
    let sender = try sender(to: destination, port: server.port)
    for number in 0..<200 {
      try sender.send(try segment(sender, sequence: UInt32(number)).packet)
    }
    #expect(try other.run { try receiver.collect(200) }.count == 200)
    #expect(try sender.rest().isEmpty)
    try sender.send(try segment(sender, "GET / HTTP/1.1").packet)
    #expect(try #require(try sender.collect(1).first).facts.isReset)
    // A client whose first segment begins like a token.
    let client = try KernelClient(destination, server.port)
    client.write("gAAAAABnot stalled")
    #expect(try server.read(detach: true) == "gAAAAABnot stalled")
  }
}

/// What goes wrong on the way out.
@Suite(
  .serialized, .enabled("run by packetsInNamespacesOfTheirOwn") { WireNetwork.isInside })
struct WireInNamespaceFailures {
  let other: OtherHost

  init() throws { other = try WireNetwork.other.get() }

  private func sender(
    to destination: Address, through interface: String? = nil
  ) throws -> WirePort {
    try WirePort(
      sendingTo: HostAddress(address: destination), port: 5009, sourcePort: 0, through: interface)
  }

  private func packet(_ port: WirePort, payload: Int = 10) throws -> [UInt8] {
    CraftedSegment(
      ends: try #require(port.ends), sequence: 77, acknowledgment: 0, identification: 1,
      payload: [UInt8](repeating: 0x67, count: payload)
    ).packet
  }

  @Test("No route, no such interface, a foreign source: each named")
  func routes() throws {
    let nowhere = Address(IPv4Address(192, 0, 2, 1))
    #expect(#expect(throws: PortFailure.self) { try sender(to: nowhere) }?.kind == .noRoute)
    let missing = #expect(throws: PortFailure.self) {
      try sender(to: WireNetwork.there, through: "nix0")
    }
    #expect(
      missing
        == PortFailure(
          .interface, "there is no interface nix0", remedy: "netlab interfaces lists them"))
    let foreign = #expect(throws: PortFailure.self) {
      try WirePort(sendingTo: HostAddress(address: WireNetwork.there), port: 1, from: nowhere)
    }
    #expect(foreign?.kind == .interface)
    let route = try Route.to(WireNetwork.there)
    #expect(route.source == WireNetwork.here && route.device.name == "nwa" && !route.isLocal)
    #expect(route.mtu == 1500 && route.gateway == nil)
    #expect(route.device.carriesUnfinishedChecksums && route.device.driver == "veth")
    #expect(try Neighbour.linkAddress(for: route) != nil)
  }

  @Test("A packet that the interface does not take is too long, not lost")
  func tooLong() throws {
    let port = try sender(to: WireNetwork.there)
    #expect(port.mtu == 1500)
    let packet = try packet(port, payload: 1461)
    #expect(#expect(throws: PortFailure.self) { try port.send(packet) }?.kind == .tooLong)
  }

  @Test("A router's ICMP error about our segment is told, and is no answer")
  func unreachable() throws {
    try other.ip("route add unreachable 10.97.0.0/24")
    try other.run {
      let forward = open("/proc/sys/net/ipv4/ip_forward", O_WRONLY)
      defer { close(forward) }
      #expect(write(forward, "1", 1) == 1)
    }
    try WireNetwork.ip("route add 10.97.0.0/24 via 10.98.0.2")
    let port = try sender(to: Address(IPv4Address(10, 97, 0, 5)))
    #expect(port.route?.gateway == WireNetwork.there)
    var notices: [UnreachableNotice] = []
    port.onUnreachable = { notices.append($0) }
    try port.send(try packet(port))
    let deadline = MonotonicTime.now.advanced(byNanoseconds: 5_000_000_000)
    while notices.isEmpty, MonotonicTime.now < deadline {
      _ = try port.wait(until: deadline)
      #expect(try port.receive() == nil)
    }
    #expect(notices.first?.text == "host unreachable" && notices.first?.sequence == 77)
    #expect(notices.first?.reporter == WireNetwork.there && port.unreachable == 1)
  }

  @Test("The stop ends the waiting at once")
  func stopped() throws {
    let stop = try LiveStop()
    let port = try WirePort(
      sendingTo: HostAddress(address: WireNetwork.there), port: 5009, sourcePort: 0, stop: stop)
    #expect(try port.wait(until: .now))
    stop.signal()
    #expect(try !port.wait(until: MonotonicTime(nanoseconds: .max)))
  }

  @Test("An interface that goes down or away is the interface's failure")
  func interfaceGoes() throws {
    try WireNetwork.ip("link add nwx type veth peer name nwy")
    for command in ["addr add 10.96.0.1/24 dev nwx", "link set nwx up", "link set nwy up"] {
      try WireNetwork.ip(command)
    }
    let port = try sender(to: Address(IPv4Address(10, 96, 0, 2)), through: "nwx")
    let receiver = try WirePort(receivingAt: nil, port: 5010, through: "nwx")
    try WireNetwork.ip("link set nwx down")
    let packet = try packet(port)
    let down = #expect(throws: PortFailure.self) { try port.send(packet) }
    #expect(
      down == PortFailure(.interface, "nwx is down", remedy: "sudo ip link set nwx up"))
    #expect(throws: PortFailure.self) {
      let deadline = MonotonicTime.now.advanced(byNanoseconds: 5_000_000_000)
      while MonotonicTime.now < deadline {
        _ = try receiver.wait(until: deadline)
        _ = try receiver.receive()
      }
    }
    try WireNetwork.ip("link del nwx")
    let away = #expect(throws: PortFailure.self) { try port.send(packet) }
    #expect(away?.kind == .interface && away?.message == "the interface nwx went away")
  }

  @Test("A flood arrives whole, by each way", arguments: PacketFlood.Path.allCases)
  func flood(path: PacketFlood.Path) throws {
    let route = try Route.to(WireNetwork.there)
    let receiver = try other.run { try WirePort(receivingAt: nil, port: 5011) }
    let segment = CraftedSegment(
      ends: SegmentEnds(
        source: route.source, destination: route.destination, sourcePort: 1024,
        destinationPort: 5011),
      sequence: 0xffff_ff00, acknowledgment: 0, identification: 0xfff0,
      payload: Array("gAAAAA".utf8))
    let flood = try PacketFlood(segment, over: route, path: path)
    // As many as the receiver's buffer holds.
    try flood.send(1500)
    #expect(flood.sent == 1500)
    let found = try other.run { try receiver.collect(1500) }
    #expect(found.count == 1500)
    #expect(found.allSatisfy { $0.facts.isSumRight && $0.facts.isHeaderSumRight })
    #expect(
      found.indices.allSatisfy { found[$0].facts.sequence == 0xffff_ff00 &+ UInt32($0) &* 6 })
  }
}
