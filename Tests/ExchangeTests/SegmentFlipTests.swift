import Foundation
import PacketCore
import Protocols
import Testing

@testable import Exchange

/// Damage of every kind: nothing traps, and nothing damaged is taken for another message.
@Suite struct SegmentFlipTests {
  /// How many random flips; a million where the time for it is given.
  private static let rounds =
    ProcessInfo.processInfo.environment["NETLAB_FULL"] == "1" ? 1_000_000 : 10_000

  @Test func noFlippedBitIsTakenForAnotherMessage() throws {
    let seed = testSeed("SegmentFlipTests.noFlippedBit")
    var numbers = SeededNumbers(seed: seed)
    let check = SegmentCheck(cipher: try Making.cipher(), port: 5000)
    var packets: [(message: CraftedMessage, octets: [UInt8])] = []
    for length in [0, 2, 100, 600, 1200] {
      let message = Making.message(String(repeating: "ä", count: length))
      for ends in [Making.ends, Making.ends6] {
        packets.append((message, try Making.segment(message, ends: ends).packet))
      }
    }
    var taken = 0
    for _ in 0..<Self.rounds {
      let (message, good) = packets[numbers.below(packets.count)]
      var packet = good
      let bit = numbers.below(packet.count * 8)
      packet[bit / 8] ^= 1 << UInt8(bit % 8)
      let checked = check.judge(packet.span.bytes, now: Making.start, isFromThisHost: false)
      guard case .taken(let found, _) = checked.verdict else { continue }
      taken += 1
      // Only IPv6's traffic class, flow label and hop limit are under no sum.
      let isCovered = good[0] >> 4 == 4 || ![0, 1, 2, 3, 7].contains(bit / 8)
      if found != message || isCovered {
        Issue.record("bit \(bit) of \(good.count) octets, seed \(seed)")
      }
    }
    #expect(taken > 0, "seed \(seed)")
  }

  @Test(arguments: [Making.ends, Making.ends6]) func everyBitOnce(_ ends: SegmentEnds) throws {
    let message = Making.message()
    let good = try Making.segment(message, ends: ends).packet
    let check = SegmentCheck(cipher: try Making.cipher(), port: 5000)
    var asked = 0
    for bit in 0..<good.count * 8 {
      var packet = good
      packet[bit / 8] ^= 1 << UInt8(bit % 8)
      let checked = check.judge(packet.span.bytes, now: Making.start, isFromThisHost: false)
      switch checked.verdict {
      case .taken(let found, _):
        #expect(found == message && ends == Making.ends6 && bit < 64, "bit \(bit)")
      case .failed(let reason):
        #expect(reason.code == .badIPChecksum || reason.code == .badTCPChecksum, "bit \(bit)")
        asked += 1
      case .foreign, .empty: #expect(bit / 8 < good.count - 140, "bit \(bit) of the payload")
      }
    }
    // Damage is called damage nearly always.
    #expect(asked > good.count * 8 * 9 / 10)
  }

  @Test func everyPrefixIsLookedAtAndNoneTaken() throws {
    for ends in [Making.ends, Making.ends6] {
      let good = try Making.segment(Making.message(), ends: ends).packet
      for count in 0..<good.count {
        let verdict = try Making.judge(Array(good.prefix(count))).verdict
        if case .taken = verdict { Issue.record("\(count) octets of \(good.count)") }
      }
    }
  }

  @Test func randomOctetsAreLookedAtAndNoneTaken() throws {
    let seed = testSeed("SegmentFlipTests.randomOctets")
    var numbers = SeededNumbers(seed: seed)
    let check = SegmentCheck(cipher: try Making.cipher(), port: nil)
    let good = try Making.segment(Making.message()).packet
    for round in 0..<Self.rounds {
      var packet = numbers.octets(numbers.below(200))
      if round % 2 == 0, packet.count > 20 {
        // Further in: headers that hold together, as far as they go.
        packet[0] = numbers.chance(50) ? 0x45 + UInt8(numbers.below(4)) : 0x60
        packet[6] = [0, 6, 43, 44, 60][numbers.below(5)]
        packet[9] = 6
        if packet[0] < 0x60, packet.count >= 36 { Making.mendHeader(&packet) }
      }
      if round % 5 == 0 {
        // Random damage in a good packet, in more than one place.
        packet = good
        for _ in 0..<numbers.pick(2...20) {
          packet[numbers.below(packet.count)] = UInt8(truncatingIfNeeded: numbers.next())
        }
        guard packet != good else { continue }
      }
      let checked = check.judge(
        packet.span.bytes, now: Making.start, isFromThisHost: round % 3 == 0)
      if case .taken(let message, _) = checked.verdict, message != Making.message() {
        Issue.record("round \(round), seed \(seed)")
      }
    }
  }
}
