import PacketCore
import Protocols
import Testing

/// Every prefix and every single changed bit of one packet of each kind dissects, summarises and
/// gives its fields without a trap, which would end the test run.
@Suite struct HostileOctets {
  /// One packet per distinct chain of layers.
  private static let samples: [CaptureFolder.Packet] = {
    var seen: Set<String> = []
    var samples: [CaptureFolder.Packet] = []
    for (_, packets) in CaptureFolder.captures {
      var walk = Walk()
      for packet in packets {
        walk.take(packet)
        let chain = walk.dissection.layers.map { $0.type.description.name }.joined(separator: ":")
        let kind = walk.dissection.failure == nil ? chain : chain + "!"
        if seen.insert(kind).inserted { samples.append(packet) }
      }
    }
    return samples
  }()

  /// Octets whose bits are all tried; of longer packets as many more are drawn by lot.
  private static let exhaustive = 256

  private func check(_ walk: inout Walk, _ octets: [UInt8], _ header: FrameHeader) {
    walk.take(octets, header)
    _ = walk.summary(of: octets)
    for record in walk.dissection.layers {
      let bytes = walk.octets(of: record, frame: octets)
      var sink = FieldSink()
      record.type.collect(bytes.span.bytes, record, in: walk.dissection, into: &sink)
      // Whoever shows a field's octets takes them by its place, whatever the packet says.
      for item in sink.items {
        guard let place = item.place else { continue }
        if place.lowerBound < 0 || place.upperBound > bytes.count {
          Issue.record("\(item.field.name) at \(place) of \(bytes.count): \(octets)")
        }
      }
      var text = TextBuffer(capacity: 256)
      record.type.writeHeading(bytes.span.bytes, record, in: walk.dissection, into: &text)
      let written = record.type.rewrite(bytes.span.bytes, record)
      if written != (record.isPart ? nil : Array(bytes[record.header])) {
        Issue.record("\(record.type.description.name) is written differently: \(octets)")
      }
    }
    _ = walk.dissection.findings.map(\.text)
  }

  @Test func prefixes() {
    #expect(Self.samples.count > 30)
    var walk = Walk()
    for packet in Self.samples {
      for count in 0...packet.octets.count {
        let prefix = Array(packet.octets.prefix(count))
        var header = packet.header
        header.capturedLength = count
        // Once as a frame that the capture cut, once as one that was this short on the wire.
        check(&walk, prefix, header)
        header.originalLength = count
        check(&walk, prefix, header)
      }
    }
  }

  @Test func changedBits() {
    let seed = UInt64.random(in: .min ... .max)
    print("HostileOctets.changedBits: seed \(seed)")
    var lots = Lots(state: seed)
    var walk = Walk()
    for packet in Self.samples {
      var places = Array(0..<min(packet.octets.count, Self.exhaustive))
      if packet.octets.count > Self.exhaustive {
        for _ in 0..<64 { places.append(Int.random(in: 0..<packet.octets.count, using: &lots)) }
      }
      for place in places {
        for bit in 0..<8 {
          var octets = packet.octets
          octets[place] ^= 1 << UInt8(bit)
          check(&walk, octets, packet.header)
        }
      }
    }
  }

  @Test func noise() {
    let seed = UInt64.random(in: .min ... .max)
    print("HostileOctets.noise: seed \(seed)")
    var lots = Lots(state: seed)
    var walk = Walk()
    for packet in Self.samples {
      for _ in 0..<32 {
        var octets = packet.octets
        for _ in 0..<Int.random(in: 1...8, using: &lots) where !octets.isEmpty {
          octets[Int.random(in: octets.indices, using: &lots)] = UInt8.random(
            in: .min ... .max, using: &lots)
        }
        check(&walk, octets, packet.header)
      }
    }
  }
}

/// Random numbers that a seed repeats (SplitMix64).
struct Lots: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
    return word ^ word >> 31
  }
}
