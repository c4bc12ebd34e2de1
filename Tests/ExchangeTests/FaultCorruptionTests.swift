import Capture
import Exchange
import PacketCore
import Testing

/// What damage to the octets of a packet does, and what it leaves alone.
@Suite struct FaultCorruptionTests {
  /// The packet after one fault, and what was said of it.
  private static func damaged(
    _ fault: String, _ packet: [UInt8], seed: UInt64 = 1
  ) throws -> ([UInt8], [String]) {
    let found = try FaultSamples.run([fault], [packet], seed: seed)
    #expect(found.count == 1)
    let arrival = try #require(found.first).packet.arrival
    return (arrival.packet, arrival.faults.map(\.detail))
  }

  @Test(arguments: [
    "ip.ttl", "ip.id", "ip.checksum", "ip.frag_offset", "ip.flags.df", "ip.dsfield.dscp", "ip.src",
    "tcp.checksum", "tcp.window_size_value", "tcp.ack_raw", "tcp.flags.syn", "tcp.urgent_pointer",
    "tcp.srcport", "tcp.seq_raw",
  ]) func aFieldIsChangedAndNothingElse(_ field: String) throws {
    for number in 0..<50 {
      let packet = FaultSamples.segment(number)
      let (after, details) = try Self.damaged(
        "corrupt:\(field)", packet, seed: UInt64(number))
      #expect(after.count == packet.count)
      let old = try #require(FaultSamples.values(field, in: packet).first)
      let bits = zip(packet, after).map { $0 ^ $1 }
      #expect(bits.contains { $0 != 0 }, "\(field)")
      #expect(details.count == 1 && details[0].hasPrefix("\(field) "), "\(details)")
      // The octets that differ all belong to the field: putting its old value back heals all.
      let value = field == "ip.src" ? "10.0.0.21" : "\(old)"
      let (healed, _) = try Self.damaged("corrupt:\(field)=\(value)", after)
      #expect(healed == packet, "\(field) \(details)")
      #expect(FaultSamples.statuses(after).contains(0), "\(field) \(details)")
    }
  }

  @Test func aHeaderLengthLeavesItsNeighboursAlone() throws {
    let packet = FaultSamples.segment(1)
    let (shorter, details) = try Self.damaged("corrupt:ip.hdr_len=24", packet)
    #expect(shorter[0] == 0x46)
    #expect(shorter.dropFirst() == packet.dropFirst())
    #expect(details == ["ip.hdr_len 20 → 24"])
    let (offset, _) = try Self.damaged("corrupt:tcp.hdr_len=32", packet)
    #expect(offset[32] == 0x80 | packet[32] & 0x0f)
  }

  @Test func detailsSayWhatWas() throws {
    let packet = FaultSamples.segment(1)
    #expect(try Self.damaged("corrupt:ip.ttl=1", packet).1 == ["ip.ttl 64 → 1"])
    #expect(try Self.damaged("corrupt:ip.id=0xbeef", packet).1 == ["ip.id 0x0001 → 0xbeef"])
    #expect(
      try Self.damaged("corrupt:bit=3", packet).1 == [
        "packet bit 3 (octet 0, ip.version) 0x45 → 0x55"
      ])
    #expect(
      try Self.damaged("corrupt:ip.ttl=1+fit", packet).1 == [
        "ip.ttl 64 → 1, checksums made to fit"
      ])
    #expect(
      try Self.damaged("corrupt:ip.addr=10.0.0.9", packet).1 == [
        "ip.addr 10.0.0.21 → 10.0.0.9"
      ])
    // What changes nothing is no fault.
    #expect(try Self.damaged("corrupt:ip.ttl=64", packet) == (packet, []))
    #expect(try Self.damaged("corrupt:udp.length", packet) == (packet, []))
    #expect(try Self.damaged("corrupt:payload.bit=960", packet) == (packet, []))
    let (last, _) = try Self.damaged("corrupt:payload.bit=959", packet)
    #expect(last.last == packet.last.map { $0 ^ 1 })
    #expect(last.dropLast() == packet.dropLast())
  }

  @Test func fitKeepsEverySumRight() throws {
    let seed = testSeed("FaultCorruptionTests.fit")
    let faults = [
      "corrupt:payload+fit", "corrupt:payload.bit=12+fit", "corrupt:ip.ttl+fit",
      "corrupt:ip.id+fit", "corrupt:ip.src+fit", "corrupt:tcp.window_size_value+fit",
      "corrupt:tcp.seq_raw+fit", "corrupt:tcp.flags.syn+fit",
    ]
    for number in 0..<100 {
      for fault in faults {
        for ipv6 in [false, true] {
          let packet = FaultSamples.segment(number, ipv6: ipv6)
          let (after, details) = try Self.damaged(
            fault, packet, seed: seed &+ UInt64(number))
          if ipv6, fault.contains(":ip.") { continue }
          #expect(after != packet, "seed \(seed) \(fault)")
          let statuses = FaultSamples.statuses(after)
          #expect(statuses == (ipv6 ? [1] : [1, 1]), "seed \(seed) \(fault) \(details)")
        }
      }
    }
  }

  @Test func aRandomBitIsSeenByASum() throws {
    let packets = (0..<500).map { FaultSamples.segment($0) }
    let found = try FaultSamples.run(["corrupt"], packets)
    for (before, (_, after)) in zip(packets, found) {
      let bits = zip(before, after.arrival.packet).reduce(0) { $0 + ($1.0 ^ $1.1).nonzeroBitCount }
      #expect(bits == 1)
      #expect(FaultSamples.statuses(after.arrival.packet) != [1, 1], "\(after.arrival.faults)")
    }
  }

  @Test func swappedWordsKeepTheSum() throws {
    for number in 0..<200 {
      let packet = FaultSamples.segment(number)
      let (after, details) = try Self.damaged(
        "corrupt:payload.swap16", packet, seed: UInt64(number))
      #expect(FaultSamples.statuses(after) == [1, 1], "\(details)")
      #expect(after[..<40] == packet[..<40])
      let changed = packet.indices.filter { packet[$0] != after[$0] }
      #expect((2...4).contains(changed.count), "\(details)")
      // The middle half, so that the payload goes on looking like what it was.
      #expect(changed.allSatisfy { (70..<130).contains($0) }, "\(changed)")
      #expect(packet.sorted() == after.sorted())
    }
    // Where all words are equal there is nothing to swap.
    var even = FaultSamples.segment(1)
    for index in 40..<even.count { even[index] = 65 }
    #expect(try Self.damaged("corrupt:payload.swap16", even) == (even, []))
    #expect(try Self.damaged("corrupt:payload.swap16", Array(even[..<40])).1.isEmpty)
  }

  @Test func aCutPacketStatesItsOldLengthUnlessItFits() throws {
    for ipv6 in [false, true] {
      let packet = FaultSamples.segment(1, ipv6: ipv6)
      let (cut, details) = try Self.damaged("cut:80", packet)
      #expect(cut == Array(packet[..<80]))
      #expect(details == ["\(packet.count) → 80 octets"])
      let (fitted, _) = try Self.damaged("cut:80+fit", packet)
      #expect(fitted.count == 80)
      #expect(FaultSamples.statuses(fitted) == (ipv6 ? [1] : [1, 1]))
      #expect(
        FaultSamples.values(ipv6 ? "ipv6.plen" : "ip.len", in: fitted) == [ipv6 ? 40 : 80])
      #expect(try Self.damaged("cut:500", packet) == (packet, []))
    }
  }

  @Test func noPacketIsTooStrange() throws {
    let seed = testSeed("FaultCorruptionTests.tooStrange")
    var numbers = SeededNumbers(seed: seed)
    let faults = [
      "corrupt", "corrupt:payload.swap16+fit", "corrupt:tcp.checksum", "corrupt:ip.len+fit",
      "corrupt:ip.dst", "corrupt:tcp.options+fit", "cut:21+fit", "corrupt:payload.bit=9",
    ]
    for number in 0..<400 {
      var packet =
        numbers.chance(50)
        ? numbers.octets(numbers.pick(0...90)) : FaultSamples.segment(number)
      if numbers.chance(50) { packet = Array(packet.prefix(numbers.pick(0...60))) }
      for fault in faults {
        let found = try FaultSamples.run([fault], [packet], seed: seed)
        #expect(found.count == 1, "seed \(seed)")
      }
    }
  }
}
