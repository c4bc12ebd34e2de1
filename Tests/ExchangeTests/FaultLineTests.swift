import Capture
import DisplayFilter
import Exchange
import PacketCore
import Protocols
import Testing

/// The laws of loss, duplication, order and time.
@Suite struct FaultLineTests {
  private static let packets = (1...200).map { FaultSamples.segment($0) }

  /// Which of the packets came out, as numbers from 1, in the order in which they did.
  private static func order(_ faults: [String], seed: UInt64 = 1) throws -> [Int] {
    let places = Dictionary(uniqueKeysWithValues: zip(packets, 1...))
    return try FaultSamples.run(faults, packets, seed: seed).filter { !$0.packet.isLost }
      .map { places[$0.packet.arrival.packet] ?? 0 }
  }

  @Test func theSameSeedGivesTheSameFaults() throws {
    let faults = [
      "loss:20%", "corrupt:20%", "corrupt:tcp.window_size_value,10%", "duplicate:20%",
      "reorder:20%", "delay:3ms±3ms,50%", "rate:10Mbit",
    ]
    for seed: UInt64 in [0, 1, 2, .max] {
      let first = try FaultSamples.run(faults, Self.packets, seed: seed)
      let second = try FaultSamples.run(faults, Self.packets, seed: seed)
      #expect(first.map(\.packet) == second.map(\.packet))
      #expect(first.map(\.time) == second.map(\.time))
      let other = try FaultSamples.run(faults, Self.packets, seed: seed &+ 1)
      #expect(first.map(\.packet) != other.map(\.packet))
    }
    // Which packets are lost depends neither on the clock nor on the other faults.
    func lost(_ faults: [String], every gap: Int64) throws -> Set<[UInt8]> {
      let found = try FaultSamples.run(faults, Self.packets, seed: 5, every: gap)
      return Set(found.filter(\.packet.isLost).map(\.packet.arrival.packet))
    }
    let alone = try lost(["loss:20%"], every: 1)
    #expect(alone.count > 10)
    #expect(try lost(["loss:20%", "delay:3ms±1ms", "duplicate:50%"], every: 7_000_000) == alone)
  }

  @Test func lossIsAsOftenAsAsked() throws {
    let packets = Array(repeating: [UInt8](repeating: 0x45, count: 40), count: 10_000)
    for seed: UInt64 in 1...5 {
      let lost = try FaultSamples.run(["loss:30%"], packets, seed: seed).filter(\.packet.isLost)
      // Six standard deviations of 46.
      #expect((2725...3275).contains(lost.count))
    }
    #expect(try FaultSamples.run(["loss:0%"], packets).filter(\.packet.isLost).isEmpty)
    #expect(try FaultSamples.run(["loss"], packets).allSatisfy(\.packet.isLost))
  }

  @Test func positionsAreKept() throws {
    let kept = Array(1...200).filter { ![2, 4, 5, 6].contains($0) && $0 < 198 }
    #expect(try Self.order(["loss@2,4-6,198-"]) == kept)
    let found = try FaultSamples.run(["corrupt:tcp.checksum@1,2"], Self.packets)
    for (number, (before, after)) in zip(Self.packets, found.map(\.packet.arrival)).enumerated() {
      #expect((after.packet == before) == (number >= 2))
      #expect(FaultSamples.statuses(after.packet) == [1, number < 2 ? 0 : 1])
      #expect(after.faults.map(\.kind) == (number < 2 ? ["corrupt"] : []))
    }
  }

  @Test func aFilterDecidesWhatIsCounted() throws {
    let filter = try DisplayFilter("ip.id >= 101", registry: .standard)
    let found = try FaultSamples.run(
      ["loss@1,2 if ip.id >= 101", "loss@1"], Self.packets, predicates: [1: filter])
    let lost = found.enumerated().filter(\.element.packet.isLost).map { $0.offset + 1 }
    #expect(lost == [1, 101, 102])
    #expect(
      found[100].packet.arrival.faults == [FaultRecord(kind: "loss", id: 1, detail: "packet 1")])
    // A filter that nobody compiled lets nothing through.
    #expect(
      try FaultSamples.run(["loss if ip"], Self.packets).allSatisfy { !$0.packet.isLost })
  }

  @Test func otherDirectionsAreLeftAlone() throws {
    #expect(try Self.order(["loss/in", "loss@3/out"]) == Array(1...200).filter { $0 != 3 })
  }

  @Test func duplicatesAndReorderingsKeepEveryPacket() throws {
    for seed: UInt64 in 1...20 {
      let order = try Self.order(["reorder:30%", "reorder:3,10%"], seed: seed)
      #expect(order.sorted() == Array(1...200))
      #expect(order != Array(1...200))
      // None is overtaken by more than it was to be behind, and those that were held as well.
      #expect(order.enumerated().allSatisfy { abs($0.element - $0.offset - 1) <= 8 })
      let doubled = try Self.order(["duplicate:30%"], seed: seed)
      #expect(Set(doubled) == Set(1...200))
      #expect(doubled == doubled.sorted())
      #expect((220...300).contains(doubled.count))
      let both = try Self.order(["duplicate@5", "reorder:2@5"], seed: seed)
      #expect(both == [1, 2, 3, 4, 6, 7, 5, 5] + Array(8...200))
    }
    #expect(try Self.order(["reorder:2@3"]) == [1, 2, 4, 5, 3] + Array(6...200))
    #expect(try Self.order(["duplicate@3"]) == [1, 2, 3, 3] + Array(4...200))
  }

  @Test func theLastPacketIsNotHeldForEver() throws {
    let found = try FaultSamples.run(["reorder@2"], Array(Self.packets.prefix(2)))
    #expect(found.map(\.packet.arrival.packet) == Array(Self.packets.prefix(2)))
    #expect(found.map(\.time) == [1_000_000, 2_000_000 + FaultLine.patience])
  }

  @Test func delaysKeepTheOrderUnlessTheyJitter() throws {
    let found = try FaultSamples.run(["delay:20ms"], Self.packets)
    #expect(found.map(\.packet.arrival.packet) == Self.packets)
    let due: [Int64] = (1...200).map { (number: Int64) -> Int64 in (number + 20) * 1_000_000 }
    #expect(found.map(\.time) == due)
    #expect(found[0].packet.arrival.time == Timestamp(seconds: 100, nanoseconds: 20_000_000))
    #expect(found[0].packet.arrival.faults.map(\.detail) == ["by 20 ms"])
    let jittered = try FaultSamples.run(["delay:20ms±5ms"], Self.packets)
    #expect(jittered.map(\.packet.arrival.packet) != Self.packets)
    let places = Dictionary(uniqueKeysWithValues: zip(Self.packets, 1...))
    let delays = jittered.map {
      $0.time - Int64(places[$0.packet.arrival.packet] ?? 0) * 1_000_000
    }
    #expect(delays.allSatisfy { (15_000_000...25_000_000).contains($0) })
    let (least, most) = (delays.min() ?? 0, delays.max() ?? 0)
    #expect(least < 16_000_000)
    #expect(most > 24_000_000)
  }

  @Test func aRateSpacesPackets() throws {
    // 160 octets at 1 Mbit/s take 1.28 ms; one comes every millisecond.
    let found = try FaultSamples.run(["rate:1Mbit"], Self.packets)
    #expect(found.map(\.packet.arrival.packet) == Self.packets)
    let due: [Int64] = (1...200).map { (number: Int64) -> Int64 in 1_000_000 + number * 1_280_000 }
    #expect(found.map(\.time) == due)
    // At once, no more than the backlog get in.
    let flood = try FaultSamples.run(["rate:1Mbit,backlog=20"], Self.packets, every: 0)
    #expect(flood.filter(\.packet.isLost).count == 180)
    #expect(
      flood.first(where: \.packet.isLost)?.packet.arrival.faults
        == [FaultRecord(kind: "rate", id: 1, detail: "lost: 20 packets wait already")])
    let times = flood.filter { !$0.packet.isLost }.map(\.time)
    #expect(times == due.prefix(20).map { $0 - 1_000_000 })
  }

  @Test func whatIsHeldIsBounded() throws {
    let line = FaultLine(
      try FaultPlan(["delay:10s", "reorder:1000,50%"]), .outgoing, seed: 1, limit: 50)
    let start = MonotonicTime(nanoseconds: 0)
    var lost = 0
    for packet in Self.packets {
      line.enter(Arrival(packet: packet, time: Timestamp(seconds: 0, nanoseconds: 0)), at: start)
      while let packet = line.next(at: start) { lost += packet.isLost ? 1 : 0 }
    }
    #expect(line.count == 50)
    #expect(lost == 150)
  }
}
