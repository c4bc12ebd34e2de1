import Capture
import PacketCore
import Testing

@Suite("Reading pcapng")
struct PcapngReadingTests {
  let scratch = Scratch()

  /// One of everything, with the frames it holds and where its blocks end.
  static func everything() -> (file: FileBytes, frames: [SeenFrame], ends: [(Int, Int)]) {
    var file = FileBytes()
    var ends: [(offset: Int, frames: Int)] = []
    var frames: [SeenFrame] = []
    func mark() { ends.append((file.octets.count, frames.count)) }
    file.section()
    mark()
    file.interface(link: 1, snap: 4) { options in
      options.option(2, Array("eth0".utf8))
      options.option(3, Array("the first".utf8))
      options.option(11, [0] + Array("tcp port 5000".utf8))
      options.endOfOptions()
    }
    mark()
    file.interface(link: 276) { $0.option(9, [9]) }
    mark()
    file.enhancedPacket(ticks: 1_700_000_000_123_456, [1, 2, 3], original: 60) { options in
      options.option(1, Array("first".utf8))
      options.option(2, [0, 0, 0, 1])
      options.option(1, Array("zweiter ü".utf8))
      options.endOfOptions()
    }
    frames.append(
      SeenFrame(
        time: Timestamp(seconds: 1_700_000_000, nanoseconds: 123_456_000), octets: [1, 2, 3],
        original: 60, comments: ["first", "zweiter ü"]))
    mark()
    // Simple packet: the first interface's snap length cuts it.
    file.block(
      3,
      file.body {
        $0.put(9 as UInt32); $0.put([5, 6, 7, 8] as [UInt8])
      })
    frames.append(
      SeenFrame(
        time: Timestamp(seconds: 0, nanoseconds: 0), octets: [5, 6, 7, 8], original: 9,
        hasTime: false))
    mark()
    file.block(4, [1, 0, 4, 0, 10, 0, 0, 33, 0, 0, 0, 0])
    mark()
    file.block(10, [0x4B, 0x53, 0x4C, 0x54, 4, 0, 0, 0, 1, 2, 3, 4])
    mark()
    file.block(0xBAD, [0, 0, 0x7E, 0xD9, 1, 2, 3, 4])
    mark()
    file.block(0x7777, [1, 1, 1, 1])
    mark()
    file.section(bigEndian: true)
    mark()
    file.interface(link: 101) { options in
      options.option(2, Array("tun0\0\0".utf8))
      options.option(9, [0x80 | 10])
      options.option(14, [0, 0, 0, 0, 0, 0, 0, 100])
    }
    mark()
    file.enhancedPacket(ticks: 5 << 10 | 512, [0x45])
    frames.append(
      SeenFrame(
        time: Timestamp(seconds: 105, nanoseconds: 500_000_000), octets: [0x45], original: 1,
        linkType: .raw, point: CapturePoint(section: 1)))
    mark()
    // Obsolete packet block: interface and drops of 16 bits.
    file.block(
      2,
      file.body { body in
        body.put(0 as UInt16)
        body.put(7 as UInt16)
        body.put(0 as UInt32)
        body.put(1024 as UInt32)
        body.put(2 as UInt32)
        body.put(1500 as UInt32)
        body.put([1, 2, 0, 0] as [UInt8])
      })
    frames.append(
      SeenFrame(
        time: Timestamp(seconds: 101, nanoseconds: 0), octets: [1, 2], original: 1500,
        linkType: .raw, point: CapturePoint(section: 1)))
    mark()
    file.block(
      5,
      file.body { body in
        body.put(0 as UInt32)
        body.put(0 as UInt64)
        body.option(4, [0, 0, 0, 0, 0, 0, 1, 0])
        body.option(5, [0, 0, 0, 0, 0, 0, 0, 3])
      })
    mark()
    return (file, frames, ends)
  }

  @Test("one of every block, two sections of different byte order")
  func readsEverything() throws {
    let (file, frames, _) = Self.everything()
    let path = scratch.file("all.pcapng", file.octets)
    let seen = readFile(path)
    #expect(seen.error == nil)
    #expect(seen.frames == frames)
    let expected = [
      [
        CaptureInterface(
          name: "eth0", description: "the first", linkType: .ethernet, snapLength: 4,
          filter: "tcp port 5000"),
        CaptureInterface(linkType: .linuxSLL2, snapLength: 65_535),
      ],
      [CaptureInterface(name: "tun0", linkType: .raw, snapLength: 65_535)],
    ]
    #expect(seen.interfaces == expected)
    var types: [UInt32] = []
    var statistics: [CaptureStatistics] = []
    var named: [String] = []
    var reader = try CaptureFileReader(path)
    try reader.forEachBlock { block, octets in
      types.append(block.type)
      if block.frame == nil { #expect(octets.byteCount == 0) }
      if let counts = block.statistics { statistics.append(counts) }
      if let interface = block.interface { named.append(interface.name) }
      return true
    }
    #expect(
      types == [0x0A0D_0D0A, 1, 1, 6, 3, 4, 10, 0xBAD, 0x7777, 0x0A0D_0D0A, 1, 6, 2, 5])
    #expect(statistics == [CaptureStatistics(interface: 0, received: 256, dropped: 3)])
    #expect(named == ["eth0", "", "tun0"])
    let fine = reader.hasNanoseconds
    #expect(fine)
    var count = 0
    var again = try CaptureFileReader(path)
    try again.forEachFrame { _, header in
      count += 1
      return true
    }
    #expect(count == frames.count)
  }

  @Test("every prefix gives exactly its complete frames")
  func prefixes() {
    let (file, frames, ends) = Self.everything()
    for length in 0...file.octets.count {
      let seen = readFile(scratch.file("p.pcapng", Array(file.octets[..<length])))
      let complete = ends.last { $0.0 <= length }?.1 ?? 0
      #expect(seen.frames == Array(frames[..<complete]), "prefix \(length)")
      #expect((seen.error == nil) == ends.contains { $0.0 == length }, "prefix \(length)")
      if let error = seen.error { #expect(error.kind == .file) }
    }
  }

  @Test("no single changed octet traps, and what stands before it is still given")
  func corruption() {
    let (file, frames, ends) = Self.everything()
    for position in file.octets.indices {
      for change in [0x01, 0x04, 0x80, 0xFF] as [UInt8] {
        var octets = file.octets
        octets[position] ^= change
        let seen = readFile(scratch.file("c.pcapng", octets))
        let safe = ends.last { $0.0 <= position }?.1 ?? 0
        #expect(
          Array(seen.frames.prefix(safe)) == Array(frames[..<safe]),
          "octet \(position) changed by \(change)")
      }
    }
  }

  @Test("random octets behind a header do not trap")
  func noise() {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SeededRandom(seed: seed)
    let (file, _, _) = Self.everything()
    for _ in 0..<300 {
      var octets = file.octets
      for _ in 0..<Int.random(in: 1...20, using: &random) {
        octets[Int.random(in: octets.indices, using: &random)] = UInt8(
          truncatingIfNeeded: random.next())
      }
      _ = readFile(scratch.file("n.pcapng", octets))
    }
    print("pcapng noise: seed \(seed)")
  }

  @Test("clocks of every resolution")
  func clocks() {
    // resolution, offset, ticks, seconds, nanoseconds
    let table: [(UInt8, Int64, UInt64, Int64, UInt32)] = [
      (0, 0, 17, 17, 0),
      (0, 0, .max, .max, 0),
      (3, 0, 1234, 1, 234_000_000),
      (6, 0, 1_000_001, 1, 1000),
      (9, 0, 1_700_000_000_123_456_789, 1_700_000_000, 123_456_789),
      (9, -5, 1_000_000_001, -4, 1),
      (12, 0, 1_000_000_001_999, 1, 1),
      (19, 0, 18_446_744_073_709_551_615, 1, 844_674_407),
      (20, 0, 18_446_744_073_709_551_615, 0, 184_467_440),
      (28, 0, 18_446_744_073_709_551_615, 0, 1),
      (127, 0, .max, 0, 0),
      (0x80, 0, 3, 3, 0),
      (0x81, 0, 3, 1, 500_000_000),
      (0x80 | 20, 0, 1 << 20 | 1 << 19, 1, 500_000_000),
      (0x80 | 32, 7, 2 << 32 | 1 << 31, 9, 500_000_000),
      (0x80 | 63, 0, .max, 1, 999_999_999),
      (0x80 | 64, 0, .max, 0, 999_999_999),
      (0x80 | 65, 0, .max, 0, 499_999_999),
      (0xFF, 0, .max, 0, 0),
      (6, .max, .max, .max, 551_615_000),
    ]
    for (resolution, offset, ticks, seconds, nanoseconds) in table {
      var file = FileBytes()
      file.section()
      file.interface { options in
        options.option(9, [resolution])
        options.put(14 as UInt16)
        options.put(8 as UInt16)
        options.put(offset)
      }
      file.enhancedPacket(ticks: ticks, [1])
      #expect(
        readFile(scratch.file("t.pcapng", file.octets)).frames.first?.time
          == Timestamp(seconds: seconds, nanoseconds: nanoseconds),
        "resolution \(resolution), ticks \(ticks)")
    }
  }

  @Test("what contradicts itself is named")
  func lies() {
    func error(_ fill: (inout FileBytes) -> Void) -> String {
      var file = FileBytes()
      file.section()
      fill(&file)
      let error = readFile(scratch.file("l.pcapng", file.octets)).error
      #expect(error?.kind == .file)
      return String((error?.message ?? "none").dropFirst(scratch.path.utf8.count + 9))
    }
    #expect(
      error { $0.enhancedPacket(ticks: 0, [1]) }
        == ": frame 1 is of interface 0, which is not described before it (after 0 frames)")
    #expect(
      error {
        $0.interface()
        $0.section(bigEndian: true)
        $0.enhancedPacket(ticks: 0, [1])
      } == ": frame 1 is of interface 0, which is not described before it (after 0 frames)")
    #expect(
      error {
        $0.interface()
        $0.enhancedPacket(ticks: 0, [1])
        $0.enhancedPacket(ticks: 0, [1], claimed: 500)
      } == ": frame 2 claims 500 captured octets in a block of 36 (after 1 frame)")
    #expect(
      error {
        $0.interface()
        $0.enhancedPacket(ticks: 0, [1], claimed: .max)
      } == ": frame 1 claims 4294967295 captured octets in a block of 36 (after 0 frames)")
    #expect(
      error {
        $0.interface { $0.option(2, [1, 2, 3, 4], claimed: 400) }
      } == ": an option reaches beyond its block (after 0 frames)")
    #expect(
      error {
        $0.interface()
        $0.enhancedPacket(ticks: 0, [1]) { $0.option(1, [1, 2, 3, 4], claimed: 5) }
      } == ": an option reaches beyond its block (after 0 frames)")
    #expect(
      error {
        $0.block(7, [1, 2, 3, 4])
        $0.octets[$0.octets.count - 4] = 20
      } == ": the two lengths of a block differ (after 0 frames)")
    for length in [0, 8, 15, 17, 0x2000_0000, 0xFFFF_FFFC] as [UInt32] {
      #expect(
        error {
          $0.put(7 as UInt32)
          $0.put(length)
          $0.put([UInt8](repeating: 0, count: 64))
        } == ": a block claims a length of \(length) octets (after 0 frames)")
    }
    #expect(
      error {
        $0.block(0x0A0D_0D0A, [1, 2, 3, 4])
      } == ": a section header has no byte-order magic (after 0 frames)")
    #expect(
      error { $0.block(6, [1, 2, 3, 4]) }
        == ": a packet block is too short (16 octets) (after 0 frames)")
  }

  @Test("more interfaces than can be told apart end the reading")
  func manyInterfaces() {
    var file = FileBytes()
    file.section()
    var one = FileBytes()
    one.interface()
    for _ in 0..<65_537 { file.octets += one.octets }
    let seen = readFile(scratch.file("m.pcapng", file.octets))
    #expect(seen.interfaces.first?.count == 65_536)
    #expect(
      seen.error?.message.hasSuffix("it describes more than 65536 interfaces (after 0 frames)")
        == true)
  }
}
