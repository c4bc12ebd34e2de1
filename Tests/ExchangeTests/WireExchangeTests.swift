import Capture
import PacketCore
import Protocols
import Testing

@testable import Exchange

/// Both ends over real sockets: run by `WirePortTests`, in a namespace of their own.
@Suite(
  .serialized, .enabled("run by packetsInNamespacesOfTheirOwn") { WireNetwork.isInside })
struct WireInNamespaceExchange {
  let other: OtherHost

  init() throws { other = try WireNetwork.other.get() }

  @Test(
    "A thousand messages are delivered, each once and in order, without a word of a kernel",
    arguments: [(WireNetwork.there, false), (WireNetwork.there6, false), (WireNetwork.there, true)])
  func thousand(destination: Address, overLink: Bool) throws {
    let rules = try WireNetwork.rules()
    let rulesThere = try other.run { try WireNetwork.rules() }
    let theirs = try other.run { try WirePort(receivingAt: nil, port: 5020) }
    let ours = try WirePort(
      sendingTo: HostAddress(address: destination), port: 5020, sourcePort: 0,
      linkLayer: overLink ? WirePort.LinkLayer() : nil)
    var options = LiveCapture.Options(interfaces: ["nwa"])
    options.filter = "tcp port 5020"
    var wire = try LiveCapture(options)

    var texts: [String] = []
    let receiver = ReceivingEnd(
      port: theirs, check: SegmentCheck(cipher: try Making.cipher(), port: 5020)
    ) { delivery in
      texts.append(delivery.text)
      return .delivered
    }
    let sender = SendingEnd(
      port: ours, ends: try #require(ours.ends), cipher: try Making.cipher(), mtu: ours.mtu)
    for number in 0..<1000 {
      try sender.begin(sender.message(from: "ada", text: "\(number)"))
      while let moment = try sender.step() {
        // A packet crosses the cable before `send` is back, so the answer is nearly always there.
        _ = try other.run { try receiver.step() }
        let soon = ours.now.advanced(byNanoseconds: 1_000_000)
        _ = try ours.wait(until: min(moment, soon))
      }
      guard case .delivered(let tries, 1, _) = sender.outcome, tries == 1 else {
        Issue.record("message \(number): \(String(describing: sender.outcome))")
        break
      }
    }
    #expect(texts == (0..<1000).map { "\($0)" })

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
    #expect(others == 0, "a kernel said something")
    #expect(ours.unreachable == 0)
    #expect(try WireNetwork.rules() == rules)
    #expect(try other.run { try WireNetwork.rules() } == rulesThere)
  }
}
