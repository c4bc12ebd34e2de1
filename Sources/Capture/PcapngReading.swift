import PacketCore

/// What a pcapng section has said so far (draft-ietf-opsawg-pcapng).
struct PcapngSection {
  /// Position of the section in the file.
  var index: UInt16 = 0
  var interfaces: [PcapngInterface] = []

  /// Octets of a block that has no body: type and twice the length.
  static let emptyBlock = 12
}

extension CaptureFileReader {
  /// Moves to the next block of a pcapng file; false at the end.
  mutating func advancePcapng(_ idle: () throws -> Void) throws -> Bool {
    let smallest = PcapngSection.emptyBlock
    if source.available < smallest, try !source.have(smallest, idle: idle) {
      try checkEnd(inside: "a block")
      return false
    }
    var block = UnsafeRawPointer(source.buffer + source.start)
    var type = block.loadUnaligned(as: UInt32.self)
    // The type of a section header reads the same in both byte orders; what follows it tells.
    let isSection = type == CaptureBlock.Kind.section.rawValue
    var bigEndian = current.isBigEndian
    if isSection {
      bigEndian = try byteOrder(block.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
    }
    if bigEndian { type = UInt32(bigEndian: type) }
    let claimed = block.loadUnaligned(fromByteOffset: 4, as: UInt32.self)
    let length = Int(bigEndian ? UInt32(bigEndian: claimed) : claimed)
    guard length >= smallest, length & 3 == 0, length <= CaptureFileReader.longestRecord else {
      throw damaged("a block claims a length of \(length) octets")
    }
    if source.available < length, try !source.have(length, idle: idle) {
      let isFrame = type == 6 || type == 3 || type == 2
      try checkEnd(inside: isFrame ? "a frame" : "a block")
      return false
    }
    block = UnsafeRawPointer(source.buffer + source.start)
    // "This field is duplicated to permit backward file navigation": two that differ are damage.
    guard block.loadUnaligned(fromByteOffset: length - 4, as: UInt32.self) == claimed else {
      throw damaged("the two lengths of a block differ")
    }
    current.isBigEndian = bigEndian
    current.type = type
    current.isFrame = false
    current.options = 0..<0
    let octets = UnsafeRawBufferPointer(start: block, count: length).bytes
    switch type {
    case CaptureBlock.Kind.enhancedPacket.rawValue: try readEnhancedPacket(octets)
    case CaptureBlock.Kind.simplePacket.rawValue: try readSimplePacket(octets)
    case CaptureBlock.Kind.packet.rawValue: try readObsoletePacket(octets)
    case CaptureBlock.Kind.interface.rawValue: try readInterface(octets)
    case CaptureBlock.Kind.section.rawValue: try readSection(octets)
    case CaptureBlock.Kind.interfaceStatistics.rawValue:
      try require(octets, 12, "an interface statistics block")
      try setOptions(octets, from: 20)
    default: break
    }
    current.length = length
    return true
  }

  private func byteOrder(_ magic: UInt32) throws -> Bool {
    switch magic {
    case 0x1A2B_3C4D: return false
    case 0x4D3C_2B1A: return true
    default: throw damaged("a section header has no byte-order magic")
    }
  }

  /// The body of a block is too short for what it must hold.
  private func require(_ octets: RawSpan, _ body: Int, _ what: String) throws {
    guard octets.byteCount >= PcapngSection.emptyBlock + body else {
      throw damaged("\(what) is too short (\(octets.byteCount) octets)")
    }
  }

  /// The options are the octets from `start` to the second length; they must fit into each other.
  @inline(__always)
  private mutating func setOptions(_ octets: RawSpan, from start: Int) throws {
    let end = octets.byteCount &- 4
    guard start < end else { return }
    current.options = start..<end
    let fits = PcapngOption.forEach(
      in: octets.extracting(current.options), bigEndian: current.isBigEndian
    ) { _, _ in }
    if !fits { throw damaged("an option reaches beyond its block") }
  }

  private mutating func readSection(_ octets: RawSpan) throws {
    try require(octets, 16, "a section header")
    let major = octets.load(UInt16.self, at: 12, bigEndian: current.isBigEndian)
    guard major == 1 else {
      throw CaptureError(
        .file, "\(source.name) has a section of pcapng version \(major), only 1 is known")
    }
    try setOptions(octets, from: 24)
    guard interfaceTable.beginSection() else { throw damaged("it has more than 65536 sections") }
    pcapng.index = UInt16(truncatingIfNeeded: interfaceTable.sections.count - 1)
    pcapng.interfaces.removeAll(keepingCapacity: true)
  }

  private mutating func readInterface(_ octets: RawSpan) throws {
    try require(octets, 8, "an interface description")
    try setOptions(octets, from: PcapngInterface.fixedSize)
    let description = PcapngInterface(
      reading: octets, options: current.options, bigEndian: current.isBigEndian)
    guard !interfaceTable.sections.isEmpty, interfaceTable.add(description.interface) else {
      throw damaged("it describes more than 65536 interfaces")
    }
    if description.clock.resolution > PcapngClock.microseconds.resolution { hasNanoseconds = true }
    pcapng.interfaces.append(description)
  }

  /// Fills in what every packet block says. `start` and `captured` are checked against the block.
  @inline(__always)
  private mutating func setFrame(
    _ octets: RawSpan, interface: Int, ticks: UInt64?, captured: UInt32, original: UInt32,
    at start: Int
  ) throws {
    guard interface < pcapng.interfaces.count else {
      throw damaged(
        "frame \(frameCount + 1) is of interface \(interface), which is not described before it")
    }
    guard Int(captured) <= octets.byteCount &- 4 &- start else {
      throw damaged(
        "frame \(frameCount + 1) claims \(captured) captured octets in a block of \(octets.byteCount)"
      )
    }
    if let ticks {
      current.header.time = pcapng.interfaces[interface].clock.timestamp(ticks)
      current.header.timeDigits = pcapng.interfaces[interface].clock.digits
      current.header.hasTime = true
    } else {
      current.header.time = Timestamp(seconds: 0, nanoseconds: 0)
      current.header.hasTime = false
    }
    frameCount &+= 1
    current.header.number = frameCount
    current.header.capturedLength = Int(captured)
    current.header.originalLength = Int(original)
    current.header.linkType = pcapng.interfaces[interface].interface.linkType
    current.header.point.section = pcapng.index
    current.header.point.interface = UInt16(truncatingIfNeeded: interface)
    current.frameStart = start
    current.isFrame = true
  }

  /// Section 4.3: interface, time (upper and lower 32 bits), lengths, octets padded to 32 bits,
  /// options.
  @inline(__always)
  private mutating func readEnhancedPacket(_ octets: RawSpan) throws {
    try require(octets, 20, "a packet block")
    let big = current.isBigEndian
    let captured = octets.load(UInt32.self, at: 20, bigEndian: big)
    let options = 28 &+ (Int(captured) &+ 3) & ~3
    if options < octets.byteCount &- 4 { try setOptions(octets, from: options) }
    try setFrame(
      octets, interface: Int(octets.load(UInt32.self, at: 8, bigEndian: big)),
      ticks: UInt64(octets.load(UInt32.self, at: 12, bigEndian: big)) << 32
        | UInt64(octets.load(UInt32.self, at: 16, bigEndian: big)),
      captured: captured, original: octets.load(UInt32.self, at: 24, bigEndian: big), at: 28)
  }

  /// Section 4.4: the length on the wire and the octets, of the first interface, without a time.
  /// "the captured length is the minimum of the original length and the SnapLen".
  private mutating func readSimplePacket(_ octets: RawSpan) throws {
    try require(octets, 4, "a simple packet block")
    let original = octets.load(UInt32.self, at: 8, bigEndian: current.isBigEndian)
    var captured = original
    if let first = pcapng.interfaces.first, first.interface.snapLength > 0 {
      captured = min(original, UInt32(clamping: first.interface.snapLength))
    }
    try setFrame(
      octets, interface: 0, ticks: nil, captured: captured, original: original, at: 12)
  }

  /// Appendix A of the draft: interface and drop count of 16 bits each, then as the enhanced block.
  private mutating func readObsoletePacket(_ octets: RawSpan) throws {
    try require(octets, 20, "a packet block")
    let big = current.isBigEndian
    let captured = octets.load(UInt32.self, at: 20, bigEndian: big)
    let options = 28 &+ (Int(captured) &+ 3) & ~3
    if options < octets.byteCount &- 4 { try setOptions(octets, from: options) }
    try setFrame(
      octets, interface: Int(octets.load(UInt16.self, at: 8, bigEndian: big)),
      ticks: UInt64(octets.load(UInt32.self, at: 12, bigEndian: big)) << 32
        | UInt64(octets.load(UInt32.self, at: 16, bigEndian: big)),
      captured: captured, original: octets.load(UInt32.self, at: 24, bigEndian: big), at: 28)
  }
}
