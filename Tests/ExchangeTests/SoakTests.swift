import Capture
import Cryptography
import Exchange
import Foundation
import PacketCore
import Protocols
import Testing

/// Both ends with all that is between them, over a network that loses, doubles, mixes up and damages
/// packets: many messages, in no time.
@Suite struct SoakTests {
  private struct Result {
    var outcomes: [Outcome] = []
    /// Texts as they were delivered, and when first.
    var delivered: [String] = []
    /// Messages of which a whole acknowledgment reached the sender's port while it waited for one,
    /// as the port saw it: not what the sender says.
    var acknowledged: Set<Int> = []
    var packets = 0
  }

  /// The sender's port, with somebody beside it who notes which messages are acknowledged.
  private final class WatchedPort: PacketPort {
    private let base: MemoryPort
    private let check: SegmentCheck
    var acknowledged: Set<CraftedMessage.ID> = []

    init(_ base: MemoryPort, _ cipher: FernetCipher) {
      self.base = base
      check = SegmentCheck(cipher: cipher, port: 12345)
    }

    var now: MonotonicTime { base.now }
    var wallClock: Timestamp { base.wallClock }
    func send(_ packet: [UInt8]) throws(PortFailure) { try base.send(packet) }
    func wait(until moment: MonotonicTime) -> Bool { base.wait(until: moment) }

    func receive() throws(PortFailure) -> Arrival? {
      let arrival = try base.receive()
      guard let arrival else { return nil }
      let checked = check.judge(
        arrival.packet.span.bytes, now: UInt64(clamping: wallClock.seconds), isFromThisHost: false)
      if case .taken(let said, _) = checked.verdict, said.kind == .ack, said.parts > 0 {
        acknowledged.insert(said.id)
      }
      return arrival
    }
  }

  private func soak(
    _ count: Int, _ settings: SenderSettings, seed: UInt64, length: Int = 4
  ) throws -> Result {
    let network = MemoryNetwork(seed: seed)
    network.conditions.delay = 1_000_000
    network.conditions.jitter = 3_000_000
    network.conditions.loss = 30
    network.conditions.duplication = 15
    network.conditions.reordering = 15
    network.conditions.corruption = 15
    let (here, there) = (Address(IPv4Address(10, 0, 0, 1)), Address(IPv4Address(10, 0, 0, 2)))
    let cipher = try Making.cipher()
    var result = Result()
    let port = WatchedPort(network.port(here), try Making.cipher())
    let sender = SendingEnd(
      port: port,
      ends: SegmentEnds(source: here, destination: there, sourcePort: 12345, destinationPort: 5000),
      cipher: cipher, settings: settings, mtu: 600, numbers: SeededNumbers(seed: seed, part: 1))
    let receiver = ReceivingEnd(
      port: network.port(there), check: SegmentCheck(cipher: cipher, port: 5000), seed: seed
    ) { delivery in
      result.delivered.append(delivery.text)
      return .delivered
    }
    for number in 0..<count {
      let text = "\(number) " + String(repeating: "x", count: number % 7 * length)
      let message = sender.message(from: "ada", text: text)
      try sender.begin(message)
      port.acknowledged.removeAll()
      while let moment = try sender.step() {
        _ = try receiver.step()
        _ = port.wait(until: moment)
        _ = try receiver.step()
      }
      if port.acknowledged.contains(message.id) { result.acknowledged.insert(number) }
      if let outcome = sender.outcome { result.outcomes.append(outcome) }
    }
    // What is still under way.
    network.advance(to: network.now.advanced(byNanoseconds: 10_000_000_000))
    _ = try receiver.step()
    result.packets = network.sentCount
    return result
  }

  private static let isFull = ProcessInfo.processInfo.environment["NETLAB_FULL"] == "1"
  private static let count = isFull ? 100_000 : 1000

  /// The numbers that texts begin with.
  private func numbers(_ texts: [String]) -> [Int] {
    texts.map { Int($0.prefix { $0 != " " }) ?? -1 }
  }

  @Test func withFortyRetriesAllArriveOnceAndInOrder() throws {
    let seed = testSeed("SoakTests.fortyRetries")
    // A tenth of a second, so that no token grows too old in forty tries.
    let result = try soak(
      Self.count, SenderSettings(retries: 40, interval: 100_000_000), seed: seed)
    #expect(result.outcomes.filter { !$0.isDelivered }.isEmpty, "seed \(seed)")
    #expect(numbers(result.delivered) == Array(0..<Self.count), "seed \(seed)")
    print("soak: \(Self.count) messages, \(result.packets) packets, seed \(seed)")
  }

  @Test func withThreeTheFailedAreTheUnconfirmed() throws {
    let seed = testSeed("SoakTests.threeRetries")
    let result = try soak(Self.count, .standard, seed: seed)
    let delivered = numbers(result.delivered)
    let arrived = Set(delivered)
    // Each at most once, and in order.
    #expect(arrived.count == delivered.count && delivered == delivered.sorted(), "seed \(seed)")
    #expect(result.outcomes.count == Self.count)
    let confirmed = Set(result.outcomes.indices.filter { result.outcomes[$0].isDelivered })
    // Neither more nor fewer than those whose acknowledgment came.
    #expect(confirmed == result.acknowledged, "seed \(seed)")
    #expect(confirmed.isSubset(of: arrived), "seed \(seed)")
    // Some arrive of which the sender never hears, and some do not: else this would show little.
    #expect(confirmed.count < arrived.count && arrived.count < Self.count, "seed \(seed)")
    #expect(confirmed.count > Self.count / 2, "seed \(seed)")
    print(
      "soak: \(Self.count) messages with 3 retries, \(confirmed.count) confirmed, "
        + "\(arrived.count) arrived, seed \(seed)")
  }

  @Test(arguments: [SenderSettings.Recovery.goBackN, .selectiveRepeat])
  func partsInAWindow(_ recovery: SenderSettings.Recovery) throws {
    let seed = testSeed("SoakTests.\(recovery)")
    let count = Self.isFull ? 2000 : 100
    let settings = try SenderSettings(
      retries: 60, interval: 100_000_000, window: 8, recovery: recovery)
    let result = try soak(count, settings, seed: seed, length: 300)
    #expect(result.outcomes.filter { !$0.isDelivered }.isEmpty, "seed \(seed)")
    #expect(numbers(result.delivered) == Array(0..<count), "seed \(seed)")
  }
}
