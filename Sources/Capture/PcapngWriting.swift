import PacketCore

/// The pcapng section being written: one of our own, or one copied from another file.
struct WrittenSection {
  var isBigEndian = false
  /// Its section header was copied, so its blocks are copied as they stand.
  var isCopied = false
  var interfaces: [(linkType: LinkType, clock: PcapngClock)] = []
  /// Interfaces made for frames of points that were not given at the start.
  var added: [PointKey: Int] = [:]
  /// The interface of the last frame; frames of one point come in runs.
  var last: (key: PointKey, interface: Int)?

  /// What tells interfaces apart.
  struct PointKey: Hashable {
    let point: CapturePoint
    let linkType: LinkType
  }
}

extension PcapngSection {
  /// The Byte-Order Magic.
  static let magic: UInt32 = 0x1A2B_3C4D
}

extension CaptureFileWriter {
  /// Section header and interface descriptions of a section of our own.
  mutating func beginSection() throws(CaptureError) {
    section = WrittenSection()
    let options = [(code: PcapngOption.userApplication, value: PcapngOption.text(application))]
    try writeBlock(.section, body: 16, options) { sink, bigEndian in
      sink.put(PcapngSection.magic, bigEndian: bigEndian)
      sink.put(1 as UInt16, bigEndian: bigEndian)
      sink.put(0 as UInt16, bigEndian: bigEndian)
      // "If the Section Length is -1, this means that the length of the section is not specified".
      sink.put(-1 as Int64, bigEndian: bigEndian)
    }
    for interface in interfaces { _ = try addInterface(interface) }
  }

  /// Describes one more interface in the present section and returns its position there.
  private mutating func addInterface(_ interface: CaptureInterface) throws(CaptureError) -> Int {
    var options: [(code: UInt16, value: [UInt8])] = []
    if !interface.name.isEmpty {
      options.append((PcapngOption.interfaceName, PcapngOption.text(interface.name)))
    }
    if !interface.description.isEmpty {
      options.append((PcapngOption.interfaceDescription, PcapngOption.text(interface.description)))
    }
    options.append((PcapngOption.timeResolution, [PcapngClock.nanoseconds.resolution]))
    if !interface.filter.isEmpty {
      // The first octet says that a libpcap string follows.
      options.append((PcapngOption.interfaceFilter, [0] + PcapngOption.text(interface.filter)))
    }
    try writeBlock(.interface, body: 8, options) { sink, bigEndian in
      sink.put(interface.linkType.rawValue, bigEndian: bigEndian)
      sink.put(0 as UInt16, bigEndian: bigEndian)
      sink.put(UInt32(clamping: interface.snapLength), bigEndian: bigEndian)
    }
    section.interfaces.append((interface.linkType, .nanoseconds))
    return section.interfaces.count - 1
  }

  /// An enhanced packet block (draft-ietf-opsawg-pcapng, section 4.3).
  mutating func writeEnhancedPacket(
    _ octets: RawSpan, _ header: FrameHeader, _ comments: [String]
  ) throws(CaptureError) {
    if !hasBegun { try begin() }
    let interface = try interface(of: header)
    guard let ticks = section.interfaces[interface].clock.ticks(header.time) else {
      throw unwritable("a time that its interface's clock cannot say", "")
    }
    let captured = octets.byteCount
    guard captured <= CaptureFileReader.longestRecord - (1 << 20) else {
      throw unwritable("\(captured) octets, more than readers take", "")
    }
    let options = comments.map { comment in
      (code: PcapngOption.comment, value: PcapngOption.text(comment))
    }
    let padded = (captured &+ 3) & ~3
    try writeBlock(.enhancedPacket, body: 20 &+ padded, options) { sink, bigEndian in
      sink.put(UInt32(truncatingIfNeeded: interface), bigEndian: bigEndian)
      sink.put(UInt32(truncatingIfNeeded: ticks >> 32), bigEndian: bigEndian)
      sink.put(UInt32(truncatingIfNeeded: ticks), bigEndian: bigEndian)
      sink.put(UInt32(truncatingIfNeeded: captured), bigEndian: bigEndian)
      sink.put(UInt32(clamping: header.originalLength), bigEndian: bigEndian)
      sink.put(octets)
      sink.pad(after: captured)
    }
  }

  /// The interface of the present section that a frame belongs to.
  @inline(__always)
  private mutating func interface(of header: FrameHeader) throws(CaptureError) -> Int {
    let key = WrittenSection.PointKey(point: header.point, linkType: header.linkType)
    if let last = section.last, last.key == key { return last.interface }
    let interface = try findInterface(key)
    section.last = (key, interface)
    return interface
  }

  private mutating func findInterface(
    _ key: WrittenSection.PointKey
  ) throws(CaptureError) -> Int {
    let index = Int(key.point.interface)
    let given = section.isCopied ? section.interfaces.count : interfaces.count
    if section.isCopied || key.point.section == 0, index < given,
      section.interfaces[index].linkType == key.linkType
    {
      return index
    }
    if let known = section.added[key] { return known }
    let made = try addInterface(CaptureInterface(linkType: key.linkType))
    section.added[key] = made
    return made
  }

  /// Interface statistics blocks at the end of a live capture (section 4.6); nothing in pcap.
  ///
  /// - Parameters:
  ///   - statistics: Counts of the interfaces given at the start, by their position.
  ///   - time: When they were counted.
  /// - Throws: `CaptureError` of kind `.write`.
  public mutating func writeStatistics(
    _ statistics: [CaptureStatistics], at time: Timestamp
  ) throws(CaptureError) {
    guard format == .pcapng else { return }
    try begin()
    for counts in statistics where section.interfaces.indices.contains(counts.interface) {
      let bigEndian = section.isBigEndian
      var options: [(code: UInt16, value: [UInt8])] = []
      for (code, count) in [
        (PcapngOption.statisticsReceived, counts.received),
        (PcapngOption.statisticsDropped, counts.dropped),
      ] {
        guard let count else { continue }
        let stored = bigEndian ? count.bigEndian : count.littleEndian
        options.append((code, withUnsafeBytes(of: stored) { Array($0) }))
      }
      let ticks = section.interfaces[counts.interface].clock.ticks(time) ?? 0
      try writeBlock(.interfaceStatistics, body: 12, options) { sink, bigEndian in
        sink.put(UInt32(clamping: counts.interface), bigEndian: bigEndian)
        sink.put(UInt32(truncatingIfNeeded: ticks >> 32), bigEndian: bigEndian)
        sink.put(UInt32(truncatingIfNeeded: ticks), bigEndian: bigEndian)
      }
    }
  }

  /// Copies a block of another pcapng file; false when it is not part of a copied section.
  mutating func copyRaw(_ block: borrowing CaptureBlock) throws(CaptureError) -> Bool {
    guard block.kind == .section || section.isCopied else { return false }
    // "should not be copied to a new file by an application that manipulates it".
    if block.kind == .uncopiedCustom { return true }
    if block.kind == .section {
      hasBegun = true
      section = WrittenSection()
      section.isCopied = true
      section.isBigEndian = block.isBigEndian
    }
    let octets = block.octets
    try reserve(octets.count)
    let start = sink.buffer + sink.count
    sink.put(octets.bytes)
    switch block.kind {
    case .section:
      // Frames may be left out, and then the section is shorter than it said: -1 is "unspecified".
      start.storeBytes(of: -1 as Int64, toByteOffset: 16, as: Int64.self)
    case .interface:
      if let described = block.interfaceDescription {
        section.interfaces.append((described.interface.linkType, described.clock))
      }
    default: break
    }
    return true
  }

  /// A block: type, length, body, options and the length again.
  ///
  /// - Parameters:
  ///   - body: Octets that `fill` writes, a multiple of 4.
  ///   - options: Values of at most 65 535 octets.
  @inline(__always)
  private mutating func writeBlock(
    _ kind: CaptureBlock.Kind, body: Int, _ options: [(code: UInt16, value: [UInt8])],
    _ fill: (_ sink: inout OctetSink, _ bigEndian: Bool) -> Void
  ) throws(CaptureError) {
    var length = PcapngSection.emptyBlock &+ body
    for option in options { length += 4 + (option.value.count + 3) & ~3 }
    if !options.isEmpty { length += 4 }
    guard length <= CaptureFileReader.longestRecord else {
      throw unwritable("comments longer than a block may be", "")
    }
    try reserve(length)
    let bigEndian = section.isBigEndian
    sink.put(kind.rawValue, bigEndian: bigEndian)
    sink.put(UInt32(truncatingIfNeeded: length), bigEndian: bigEndian)
    fill(&sink, bigEndian)
    for option in options {
      sink.put(option.code, bigEndian: bigEndian)
      sink.put(UInt16(truncatingIfNeeded: option.value.count), bigEndian: bigEndian)
      sink.put(option.value.span.bytes)
      sink.pad(after: option.value.count)
    }
    if !options.isEmpty { sink.put(0 as UInt32) }
    sink.put(UInt32(truncatingIfNeeded: length), bigEndian: bigEndian)
  }
}
