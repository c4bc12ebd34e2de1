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
    var packets = 0
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
    let key = try #require(FernetKey.generate())
    let cipher = try #require(FernetCipher(key))
    var result = Result()
    let sender = SendingEnd(
      port: network.port(here),
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
      try sender.begin(sender.message(from: "ada", text: text))
      while let moment = try sender.step() {
        _ = try receiver.step()
        _ = network.port(here).wait(until: moment)
        _ = try receiver.step()
      }
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
    let seed = UInt64.random(in: 0..<1_000_000)
    // A tenth of a second, so that no token grows too old in forty tries.
    let result = try soak(
      Self.count, SenderSettings(retries: 40, interval: 100_000_000), seed: seed)
    #expect(result.outcomes.filter { !$0.isDelivered }.isEmpty, "seed \(seed)")
    #expect(numbers(result.delivered) == Array(0..<Self.count), "seed \(seed)")
    print("soak: \(Self.count) messages, \(result.packets) packets, seed \(seed)")
  }

  @Test func withThreeTheFailedAreTheUnconfirmed() throws {
    let seed = UInt64.random(in: 0..<1_000_000)
    let result = try soak(Self.count, .standard, seed: seed)
    let delivered = numbers(result.delivered)
    let arrived = Set(delivered)
    // Each at most once, and in order.
    #expect(arrived.count == delivered.count && delivered == delivered.sorted(), "seed \(seed)")
    var confirmed = 0
    for (number, outcome) in result.outcomes.enumerated() where outcome.isDelivered {
      confirmed += 1
      #expect(arrived.contains(number), "seed \(seed), message \(number)")
    }
    #expect(result.outcomes.count == Self.count)
    #expect(confirmed < Self.count && confirmed > Self.count / 2, "seed \(seed)")
    print(
      "soak: \(Self.count) messages with 3 retries, \(confirmed) confirmed, \(arrived.count) "
        + "arrived, seed \(seed)")
  }

  @Test(arguments: [SenderSettings.Recovery.goBackN, .selectiveRepeat])
  func partsInAWindow(_ recovery: SenderSettings.Recovery) throws {
    let seed = UInt64.random(in: 0..<1_000_000)
    let count = Self.isFull ? 2000 : 100
    let settings = try SenderSettings(
      retries: 60, interval: 100_000_000, window: 8, recovery: recovery)
    let result = try soak(count, settings, seed: seed, length: 300)
    #expect(result.outcomes.filter { !$0.isDelivered }.isEmpty, "seed \(seed)")
    #expect(numbers(result.delivered) == Array(0..<count), "seed \(seed)")
  }
}
