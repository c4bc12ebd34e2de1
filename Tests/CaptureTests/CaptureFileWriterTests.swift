import PacketCore
import Testing

@testable import Capture

@Suite("Writing capture files")
struct CaptureFileWriterTests {
  let scratch = Scratch()

  static func header(_ frame: SeenFrame) -> FrameHeader {
    FrameHeader(
      time: frame.time, capturedLength: frame.octets.count, originalLength: frame.original,
      linkType: frame.linkType, point: frame.point, hasTime: frame.hasTime)
  }

  static func randomFrames(
    _ random: inout SeededRandom, count: Int, unit: UInt32, interfaces: [LinkType]
  ) -> [SeenFrame] {
    (0..<count).map { index in
      let interface = Int.random(in: interfaces.indices, using: &random)
      let length = index == 40 ? 200_000 : Int.random(in: 0...2000, using: &random)
      return SeenFrame(
        time: Timestamp(
          seconds: Int64.random(in: 0...0xFFFF_FFFF, using: &random),
          nanoseconds: UInt32.random(in: 0..<1_000_000_000, using: &random) / unit * unit),
        octets: random.octets(length),
        original: length + Int.random(in: 0...3, using: &random),
        linkType: interfaces[interface],
        point: CapturePoint(interface: UInt16(interface)))
    }
  }

  @Test("reading what was written gives the same frames", arguments: ["", ".gz"])
  func roundTrip(suffix: String) throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SeededRandom(seed: seed)
    let formats: [(CaptureFileFormat, UInt32, [LinkType])] = [
      (.pcap(nanoseconds: false), 1000, [.ethernet]),
      (.pcap(nanoseconds: true), 1, [.linuxSLL2]),
      (.pcapng, 1, [.ethernet, .raw, .linuxSLL]),
    ]
    for (format, unit, links) in formats {
      let path = scratch.file("round" + suffix)
      var frames = Self.randomFrames(&random, count: 300, unit: unit, interfaces: links)
      let interfaces = links.map { link in
        CaptureInterface(
          name: format == .pcapng ? "if\(link.rawValue)" : "",
          description: format == .pcapng ? "a description" : "", linkType: link,
          filter: format == .pcapng ? "tcp" : "")
      }
      if format == .pcapng {
        for index in frames.indices where index % 7 == 0 {
          frames[index].comments = ["one", String(repeating: "é", count: index % 50)]
        }
      }
      var writer = try CaptureFileWriter(path, format: format, interfaces: interfaces)
      for frame in frames {
        try writer.write(frame.octets.span.bytes, Self.header(frame), comments: frame.comments)
      }
      try writer.close()
      let saved = writer.framesSaved
      #expect(saved == frames.count)
      let seen = readFile(path)
      #expect(seen.error == nil, "seed \(seed)")
      #expect(seen.frames == frames, "seed \(seed), \(format)")
      #expect(seen.interfaces == [interfaces])
    }
  }

  @Test("a file without frames is a file")
  func noFrames() throws {
    for format in [.pcap(nanoseconds: false), .pcapng] as [CaptureFileFormat] {
      for name in ["empty", "empty.gz"] {
        let path = scratch.file(name)
        var writer = try CaptureFileWriter(
          path, format: format, interfaces: [CaptureInterface(linkType: .raw)])
        try writer.close()
        let seen = readFile(path)
        #expect(seen.error == nil && seen.frames.isEmpty)
        #expect(seen.interfaces.first?.first?.linkType == .raw)
      }
    }
  }

  @Test(
    "after a flush everything can be read while the writer is still open", arguments: ["", ".gz"])
  func flushes(suffix: String) throws {
    var random = SeededRandom(seed: 5)
    let frames = Self.randomFrames(&random, count: 5, unit: 1, interfaces: [.ethernet])
    for format in [.pcap(nanoseconds: true), .pcapng] as [CaptureFileFormat] {
      let path = scratch.file("live" + suffix)
      var writer = try CaptureFileWriter(
        path, format: format, interfaces: [CaptureInterface(linkType: .ethernet)])
      try writer.flush()
      for (index, frame) in frames.enumerated() {
        try writer.write(frame.octets.span.bytes, Self.header(frame))
        try writer.flush()
        let seen = readFile(path)
        #expect(seen.frames == Array(frames[...index]))
        // The gzip trailer comes with the close.
        #expect((seen.error == nil) == suffix.isEmpty)
      }
      try writer.close()
      #expect(readFile(path).error == nil)
    }
  }

  @Test("frames of interfaces that were not announced get one of their link type")
  func unannounced() throws {
    let path = scratch.file("new.pcapng")
    var writer = try CaptureFileWriter(
      path, interfaces: [CaptureInterface(name: "a", linkType: .ethernet)])
    let frames: [(LinkType, CapturePoint)] = [
      (.ethernet, CapturePoint(interface: 0)), (.raw, CapturePoint(interface: 0)),
      (.ethernet, CapturePoint(interface: 4)), (.raw, CapturePoint(interface: 0)),
      (.ethernet, CapturePoint(section: 2, interface: 0)),
    ]
    for (link, point) in frames {
      try writer.write(
        [1, 2].span.bytes,
        FrameHeader(capturedLength: 2, originalLength: 2, linkType: link, point: point))
    }
    try writer.close()
    let seen = readFile(path)
    #expect(seen.frames.map(\.linkType) == frames.map(\.0))
    #expect(seen.frames.map(\.point.interface) == [0, 1, 2, 1, 3])
    #expect(seen.interfaces.first?.count == 4)
  }

  @Test("rewriting pcapng keeps everything but the frames left out")
  func rewrites() throws {
    let (file, frames, _) = PcapngReadingTests.everything()
    let source = scratch.file("source.pcapng", file.octets)
    let target = scratch.file("target.pcapng")
    // All of it: equal octet for octet, since the sections of the source state no length.
    var reader = try CaptureFileReader(source)
    var writer = try CaptureFileWriter(target, reading: reader.descriptor)
    try reader.forEachBlock { block, _ in
      try writer.copy(block)
      return true
    }
    try writer.close()
    #expect(scratch.octets(of: target) == file.octets)
    // Without the first frame: a block of 32 octets, the frame padded to 4, and four options of 4
    // octets with values of 8, 4, 12 and 0.
    let removed = 32 + 4 + 16 + 8 + 4 + 12
    reader = try CaptureFileReader(source)
    writer = try CaptureFileWriter(target)
    try reader.forEachBlock { block, _ in
      if block.frame?.number != 1 { try writer.copy(block) }
      return true
    }
    try writer.close()
    let seen = readFile(target)
    #expect(seen.frames == Array(frames.dropFirst()))
    #expect(scratch.octets(of: target).count == file.octets.count - removed)
  }

  @Test("a stated section length is withdrawn, and custom blocks that forbid copying stay behind")
  func rewritesSection() throws {
    var file = FileBytes()
    file.section(bigEndian: true, length: 32)
    file.block(0x4000_0BAD, [0, 0, 0, 1, 1, 2, 3, 4])
    file.interface(link: 101) { $0.option(9, [3]) }
    let target = scratch.file("target.pcapng")
    var reader = try CaptureFileReader(scratch.file("source.pcapng", file.octets))
    var writer = try CaptureFileWriter(target)
    try reader.forEachBlock { block, _ in
      try writer.copy(block)
      return true
    }
    // A frame of ours in a section of somebody else: in its byte order and its clock.
    let frame = SeenFrame(
      time: Timestamp(seconds: 9, nanoseconds: 7_000_000), octets: [1, 2, 3], original: 3,
      linkType: .raw, comments: ["ours"])
    try writer.write(frame.octets.span.bytes, Self.header(frame), comments: frame.comments)
    try writer.close()
    var expected = FileBytes()
    expected.section(bigEndian: true)
    expected.interface(link: 101) { $0.option(9, [3]) }
    expected.enhancedPacket(ticks: 9007, [1, 2, 3]) { options in
      options.option(1, Array("ours".utf8))
      options.endOfOptions()
    }
    #expect(scratch.octets(of: target) == expected.octets)
  }

  @Test("from pcapng to pcap and back the frames stay")
  func converts() throws {
    var file = FileBytes()
    file.section()
    file.interface { $0.option(9, [9]) }
    file.block(4, [0, 0, 0, 0])
    file.enhancedPacket(ticks: 1_000_000_007, [1, 2, 3], original: 9)
    file.section(bigEndian: true)
    file.interface()
    file.enhancedPacket(ticks: 2_000_001, [4])
    let source = scratch.file("source.pcapng", file.octets)
    func convert(_ from: String, _ to: String, _ format: CaptureFileFormat) throws {
      var reader = try CaptureFileReader(from)
      var writer = try CaptureFileWriter(to, format: format)
      try reader.forEachBlock { block, _ in
        try writer.copy(block)
        return true
      }
      try writer.close()
    }
    let pcap = scratch.file("a.pcap")
    try convert(source, pcap, .pcap(nanoseconds: true))
    let seen = readFile(pcap).frames
    let expected = readFile(source).frames
    #expect(seen.map(\.octets) == expected.map(\.octets))
    #expect(seen.map(\.time) == expected.map(\.time))
    #expect(seen.map(\.original) == [9, 1])
    let back = scratch.file("b.pcapng")
    try convert(pcap, back, .pcapng)
    #expect(readFile(back).frames == seen)
  }

  @Test("what a format cannot say is refused, and what was written stays")
  func refusals() throws {
    let path = scratch.file("one.pcap")
    var writer = try CaptureFileWriter(path, format: .pcap(nanoseconds: false))
    func header(_ link: LinkType, _ seconds: Int64 = 1) -> FrameHeader {
      FrameHeader(
        time: Timestamp(seconds: seconds, nanoseconds: 0), capturedLength: 1, originalLength: 1,
        linkType: link)
    }
    func refusal(_ header: FrameHeader, _ octets: [UInt8] = [1]) -> CaptureError? {
      do {
        try writer.write(octets.span.bytes, header)
      } catch {
        return error
      }
      return nil
    }
    #expect(refusal(header(.ethernet)) == nil)
    let mixed = refusal(header(.linuxSLL))
    #expect(
      mixed?.message == "a pcap file has one link type, but there are 1 and 113 for \(path)")
    #expect(
      mixed?.remedy
        == "write pcapng, which has one for each interface: leave out -F pcap")
    #expect(mixed?.kind == .write)
    #expect(refusal(header(.ethernet, -1))?.remedy == "write pcapng instead")
    #expect(refusal(header(.ethernet, 1 << 32))?.kind == .write)
    #expect(refusal(header(.ethernet), [UInt8](repeating: 0, count: 262_145))?.kind == .write)
    try writer.close()
    #expect(refusal(header(.ethernet))?.message == "\(path) is closed")
    #expect(readFile(path).frames.count == 1)
    #expect(throws: CaptureError.self) {
      _ = try CaptureFileWriter(
        path, format: .pcap(nanoseconds: true),
        interfaces: [CaptureInterface(linkType: .ethernet), CaptureInterface(linkType: .raw)])
    }
  }

  @Test("the counts of a capture stand at its end")
  func statistics() throws {
    let path = scratch.file("counts.pcapng")
    var writer = try CaptureFileWriter(
      path, interfaces: [CaptureInterface(name: "lo", linkType: .ethernet)])
    let counts = CaptureStatistics(interface: 0, received: 1 << 40, dropped: 3)
    let other = CaptureStatistics(interface: 9, received: 1)
    try writer.writeStatistics([counts, other], at: Timestamp(seconds: 5, nanoseconds: 6))
    try writer.close()
    var seen: [CaptureStatistics] = []
    var reader = try CaptureFileReader(path)
    try reader.forEachBlock { block, _ in
      if let counts = block.statistics { seen.append(counts) }
      return true
    }
    #expect(seen == [counts])
  }

  @Test("ticks of every clock and back")
  func ticks() {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SeededRandom(seed: seed)
    for resolution in 0...UInt8.max {
      let clock = PcapngClock(resolution: resolution, offset: Int64(resolution) - 100)
      for _ in 0..<200 {
        let ticks = random.next() >> UInt64.random(in: 0...40, using: &random)
        let time = clock.timestamp(ticks)
        #expect(time.nanoseconds < 1_000_000_000)
        if resolution <= 9, resolution > 0 || ticks < 1 << 62 {
          #expect(clock.ticks(time) == ticks, "seed \(seed), resolution \(resolution)")
        } else if let again = clock.ticks(time) {
          #expect(again <= ticks, "seed \(seed), resolution \(resolution)")
        }
      }
    }
  }
}
