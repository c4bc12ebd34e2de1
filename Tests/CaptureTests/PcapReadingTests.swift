import CPcap
import Glibc
import PacketCore
import Testing

@testable import Capture

@Suite("Reading pcap")
struct PcapReadingTests {
  let scratch = Scratch()
  static let frames: [[UInt8]] = [
    [1, 2, 3, 4, 5], [], [UInt8](repeating: 0xAB, count: 61), [9, 8, 7],
  ]

  @Test("both byte orders and both resolutions", arguments: [false, true], [false, true])
  func variants(bigEndian: Bool, nanoseconds: Bool) throws {
    var file = FileBytes.pcap(
      bigEndian: bigEndian, magic: nanoseconds ? 0xA1B2_3C4D : 0xA1B2_C3D4)
    for (index, frame) in Self.frames.enumerated() {
      file.record(1_700_000_000 + UInt32(index), 123_456, frame, original: frame.count + 100)
    }
    let seen = readFile(scratch.file("a.pcap", file.octets))
    #expect(seen.error == nil)
    let expected = Self.frames.enumerated().map { index, frame in
      SeenFrame(
        time: Timestamp(
          seconds: 1_700_000_000 + Int64(index), nanoseconds: nanoseconds ? 123_456 : 123_456_000),
        octets: frame, original: frame.count + 100)
    }
    #expect(seen.frames == expected)
    #expect(
      seen.interfaces == [[CaptureInterface(linkType: .ethernet, snapLength: 65_535)]])
  }

  @Test("the frame check sequence bits are no part of the link type")
  func linkType() {
    for (field, type) in [
      (0x4400_0001, 1), (0xF400_0071, 113), (276, 276), (12, 101), (0x0400_0000, 0),
    ] as [(UInt32, UInt16)] {
      var file = FileBytes.pcap(link: field)
      file.record(1, 0, [1])
      let seen = readFile(scratch.file("a.pcap", file.octets))
      #expect(seen.frames.first?.linkType.rawValue == type)
    }
  }

  @Test("a fraction over a second is carried")
  func carriesFraction() {
    var micro = FileBytes.pcap()
    micro.record(10, 2_500_000, [1])
    micro.record(.max, .max, [2])
    let seen = readFile(scratch.file("a.pcap", micro.octets)).frames
    #expect(seen[0].time == Timestamp(seconds: 12, nanoseconds: 500_000_000))
    #expect(seen[1].time == Timestamp(seconds: 4_294_967_295 + 4294, nanoseconds: 967_295_000))
    var nano = FileBytes.pcap(magic: 0xA1B2_3C4D)
    nano.record(10, 2_000_000_007, [1])
    #expect(
      readFile(scratch.file("b.pcap", nano.octets)).frames.first?.time
        == Timestamp(seconds: 12, nanoseconds: 7))
  }

  @Test("before version 2.4 the lengths may stand the other way round")
  func oldLengthOrder() {
    for minor in [2, 3] as [UInt16] {
      var file = FileBytes.pcap(minor: minor)
      file.record(1, 0, [1, 2, 3], original: 3, claimed: 70)
      let seen = readFile(scratch.file("a.pcap", file.octets))
      #expect(seen.frames.map(\.octets) == [[1, 2, 3]])
      #expect(seen.frames.map(\.original) == [70])
    }
  }

  @Test("every prefix gives exactly its complete frames, then one error")
  func prefixes() {
    var file = FileBytes.pcap()
    var ends = [24]
    for frame in Self.frames {
      file.record(1, 2, frame)
      ends.append(file.octets.count)
    }
    for length in 0...file.octets.count {
      let path = scratch.file("p.pcap", Array(file.octets[..<length]))
      let seen = readFile(path)
      let complete = max(ends.filter { $0 <= length }.count - 1, 0)
      #expect(seen.frames.map(\.octets) == Array(Self.frames[..<complete]), "prefix \(length)")
      #expect((seen.error == nil) == ends.contains(length), "prefix \(length)")
      if let error = seen.error {
        #expect(error.kind == .file)
        if length >= 24 {
          let frames = complete == 1 ? "1 frame" : "\(complete) frames"
          #expect(
            error.message == "\(path): the file ends in the middle of a frame (after \(frames))")
        }
      }
    }
  }

  @Test("no single changed octet traps, and what stands before it is still given")
  func corruption() {
    var file = FileBytes.pcap()
    for frame in Self.frames { file.record(1, 2, frame) }
    for position in file.octets.indices {
      for change in [0x01, 0x80, 0xFF] as [UInt8] {
        var octets = file.octets
        octets[position] ^= change
        let seen = readFile(scratch.file("c.pcap", octets))
        if position >= 24 + 16 + 5 { #expect(seen.frames.first?.octets == Self.frames[0]) }
      }
    }
  }

  @Test("a captured length that cannot be is named, and nothing is allocated for it")
  func lyingLength() {
    for claimed in [262_145, 0x1000_0001, UInt32.max] {
      var file = FileBytes.pcap()
      file.record(1, 0, [1, 2, 3])
      file.record(2, 0, [4], claimed: claimed)
      let path = scratch.file("l.pcap", file.octets)
      let seen = readFile(path)
      #expect(seen.frames.count == 1)
      #expect(
        seen.error?.message
          == "\(path): frame 2 claims \(claimed) captured octets, 262144 are possible (after 1 frame)"
      )
    }
    // As long as the header's snap length allows: the rest is missing.
    var file = FileBytes.pcap(snap: .max)
    file.record(2, 0, [4], claimed: 200 << 20)
    let seen = readFile(scratch.file("l.pcap", file.octets))
    #expect(seen.error?.message.hasSuffix("ends in the middle of a frame (after 0 frames)") == true)
  }

  @Test("frames larger than a block, and records across every block boundary")
  func acrossBlocks() {
    var random = SeededRandom(seed: 7)
    var file = FileBytes.pcap(snap: 2 << 20)
    var expected: [[UInt8]] = []
    for length in [1, 262_144, 700_000, 3, 65_535, 65_535, 65_535, 65_535, 262_120, 0, 1 << 20] {
      expected.append(random.octets(length))
      file.record(5, 6, expected[expected.count - 1])
    }
    let seen = readFile(scratch.file("b.pcap", file.octets))
    #expect(seen.error == nil)
    #expect(seen.frames.map(\.octets) == expected)
  }

  @Test("a walk that stops goes on with the next frame")
  func resumes() throws {
    var file = FileBytes.pcap()
    for frame in Self.frames { file.record(1, 2, frame) }
    var reader = try CaptureFileReader(scratch.file("a.pcap", file.octets))
    var lengths: [Int] = []
    for _ in 0..<3 {
      try reader.forEachFrame { octets, header in
        lengths.append(octets.byteCount)
        return lengths.count % 2 != 0 || lengths.count > 2
      }
    }
    #expect(lengths == Self.frames.map(\.count))
    let count = reader.frameCount
    #expect(count == 4)
  }

  @Test("what the callback throws comes through")
  func callbackThrows() throws {
    struct Mine: Error {}
    var file = FileBytes.pcap()
    file.record(1, 2, [1])
    var reader = try CaptureFileReader(scratch.file("a.pcap", file.octets))
    #expect(throws: Mine.self) {
      try reader.forEachFrame { _, _ in throw Mine() }
    }
  }

  @Test("libpcap's own reader sees the same frames", arguments: [false, true])
  func libpcapPeer(nanoseconds: Bool) {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SeededRandom(seed: seed)
    var file = FileBytes.pcap(magic: nanoseconds ? 0xA1B2_3C4D : 0xA1B2_C3D4)
    for _ in 0..<300 {
      let frame = random.octets(Int.random(in: 0...3000, using: &random))
      file.record(
        UInt32.random(in: 0...0x7FFF_FFFF, using: &random),
        UInt32.random(in: 0..<1_000_000, using: &random), frame, original: frame.count + 5)
    }
    let path = scratch.file("peer.pcap", file.octets)
    var text = [CChar](repeating: 0, count: Int(PCAP_ERRBUF_SIZE))
    let peer = pcap_open_offline_with_tstamp_precision(
      path, UInt32(PCAP_TSTAMP_PRECISION_NANO), &text)
    guard let peer else {
      Issue.record("libpcap does not open the file")
      return
    }
    defer { pcap_close(peer) }
    var expected: [SeenFrame] = []
    var header: UnsafeMutablePointer<pcap_pkthdr>?
    var data: UnsafePointer<UInt8>?
    while pcap_next_ex(peer, &header, &data) == 1, let header = header?.pointee {
      let octets = Array(UnsafeBufferPointer(start: data, count: Int(header.caplen)))
      expected.append(
        SeenFrame(
          time: Timestamp(
            seconds: Int64(header.ts.tv_sec), nanoseconds: UInt32(header.ts.tv_usec)),
          octets: octets, original: Int(header.len)))
    }
    #expect(expected.count == 300)
    #expect(readFile(path).frames == expected, "seed \(seed)")
  }
}
