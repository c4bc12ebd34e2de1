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
    #expect(result.output.contains("Suite WireInNamespace passed"), "\(result.output)")
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
    let rules = try? WireNetwork.run(["nft", "list", "ruleset"])
    let receiver = try other.run { try WirePort(receivingAt: nil, port: 5000) }
    #expect(receiver.remarks.isEmpty)
    let sender = try sender(
      to: destination, port: 5000, linkLayer: overLink ? WirePort.LinkLayer() : nil)
    var options = LiveCapture.Options(interfaces: ["nwa"])
    options.filter = "tcp or icmp or (icmp6 and ip6[40] < 128)"
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
    let after = try? WireNetwork.run(["nft", "list", "ruleset"])
    #expect(after?.output == rules?.output)
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
