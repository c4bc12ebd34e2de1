import PacketCore

/// How a pcap file is laid out (draft-ietf-opsawg-pcap): magic, version, snap length and link type
/// once, then records of seconds, fraction, captured and original length and the octets, all in the
/// writer's byte order.
struct PcapLayout {
  var isNanoseconds = false
  var linkType = LinkType.null
  /// A captured length beyond this is a damaged file.
  var longestFrame = 0
  /// Some writers before version 2.4 stored the two lengths the other way round.
  var lengthOrder = LengthOrder.captured

  enum LengthOrder {
    case captured
    /// Version 2.3: whichever is smaller was captured.
    case either
    case original
  }

  static let headerSize = 24
  static let recordSize = 16

  static func isMagic(_ octets: [UInt8]) -> Bool {
    octets == [0xD4, 0xC3, 0xB2, 0xA1] || octets == [0xA1, 0xB2, 0xC3, 0xD4]
      || octets == [0x4D, 0x3C, 0xB2, 0xA1] || octets == [0xA1, 0xB2, 0x3C, 0x4D]
  }

  /// The longest frame that readers take, libpcap and Wireshark among them, for files whose own
  /// snap length says less.
  static func longestFrame(_ linkType: LinkType, snapLength: UInt32) -> Int {
    let usual: Int =
      switch linkType.rawValue {
      // USB (189, 220, 249) and D-Bus (231) messages are larger than packets.
      case 189, 220, 231, 249: 128 << 20
      default: 256 << 10
      }
    return max(usual, min(Int(snapLength), CaptureFileReader.longestRecord))
  }
}

extension LinkType {
  /// From the link type field of a pcap file: the upper half says other things (the length of the
  /// frame check sequence, and whether it is known).
  init(pcapField: UInt32) {
    switch pcapField & 0xFFFF {
    // DLT_RAW of BSD systems, written by old programs instead of LINKTYPE_RAW.
    case 12, 14: self = .raw
    case let type: self.init(rawValue: UInt16(truncatingIfNeeded: type))
    }
  }
}

extension CaptureFileReader {
  /// No frame and no block is longer; a length beyond it is a damaged file.
  static let longestRecord = 256 << 20

  /// Reads the file header of pcap, whose magic has been seen.
  mutating func readPcapHeader(_ idle: () throws -> Void) throws {
    let size = PcapLayout.headerSize
    guard try source.have(size, idle: idle) else {
      try checkEnd(inside: "its header")
      return
    }
    let header = UnsafeRawBufferPointer(start: source.buffer + source.start, count: size).bytes
    current.isBigEndian = header.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt8.self) == 0xA1
    let big = current.isBigEndian
    pcap.isNanoseconds =
      header.load(UInt32.self, at: 0, bigEndian: big) == 0xA1B2_3C4D
    hasNanoseconds = pcap.isNanoseconds
    let major = header.load(UInt16.self, at: 4, bigEndian: big)
    let minor = header.load(UInt16.self, at: 6, bigEndian: big)
    // 543.0 is what the tcpdump of DG/UX wrote.
    guard major == 2 || (major == 543 && minor == 0) else {
      throw CaptureError(
        .file, "\(source.name) is a pcap file of version \(major).\(minor), only 2.x is known",
        remedy: "convert it: editcap \(source.name) converted.pcapng")
    }
    if major == 543 || minor < 3 {
      pcap.lengthOrder = .original
    } else if minor == 3 {
      pcap.lengthOrder = .either
    }
    let snapLength = header.load(UInt32.self, at: 16, bigEndian: big)
    pcap.linkType = LinkType(pcapField: header.load(UInt32.self, at: 20, bigEndian: big))
    pcap.longestFrame = PcapLayout.longestFrame(pcap.linkType, snapLength: snapLength)
    _ = interfaceTable.beginSection()
    _ = interfaceTable.add(
      CaptureInterface(linkType: pcap.linkType, snapLength: Int(snapLength)))
    source.start += size
    current.type = CaptureBlock.Kind.enhancedPacket.rawValue
    current.isFrame = true
    current.frameStart = PcapLayout.recordSize
    current.header.linkType = pcap.linkType
    current.header.hasInterface = false
    current.header.timeDigits = pcap.isNanoseconds ? 9 : 6
  }

  /// Moves to the next record of a pcap file; false at the end.
  @inline(__always)
  mutating func advancePcap(_ idle: () throws -> Void) throws -> Bool {
    let fixed = PcapLayout.recordSize
    if _slowPath(source.available < fixed), try !source.have(fixed, idle: idle) {
      try checkEnd(inside: "a frame")
      return false
    }
    // Inside the buffer: `source` has at least a record's fixed part.
    let record = UnsafeRawPointer(source.buffer + source.start)
    var seconds = record.loadUnaligned(as: UInt32.self)
    var fraction = record.loadUnaligned(fromByteOffset: 4, as: UInt32.self)
    var captured = record.loadUnaligned(fromByteOffset: 8, as: UInt32.self)
    var original = record.loadUnaligned(fromByteOffset: 12, as: UInt32.self)
    if _slowPath(current.isBigEndian) {
      seconds = UInt32(bigEndian: seconds)
      fraction = UInt32(bigEndian: fraction)
      captured = UInt32(bigEndian: captured)
      original = UInt32(bigEndian: original)
    }
    if _slowPath(pcap.lengthOrder != .captured),
      pcap.lengthOrder == .original || captured > original
    {
      swap(&captured, &original)
    }
    guard _fastPath(Int(captured) <= pcap.longestFrame) else {
      throw damaged(
        "frame \(frameCount + 1) claims \(captured) captured octets, \(pcap.longestFrame) are possible"
      )
    }
    let length = fixed &+ Int(captured)
    if _slowPath(source.available < length), try !source.have(length, idle: idle) {
      try checkEnd(inside: "a frame")
      return false
    }
    frameCount &+= 1
    var header = current.header
    header.number = frameCount
    header.time = pcapTime(seconds, fraction)
    header.capturedLength = Int(captured)
    header.originalLength = Int(original)
    current.header = header
    current.length = length
    return true
  }

  @inline(__always)
  private func pcapTime(_ seconds: UInt32, _ fraction: UInt32) -> Timestamp {
    var seconds = Int64(seconds)
    var fraction = fraction
    let unit: UInt32 = pcap.isNanoseconds ? 1_000_000_000 : 1_000_000
    if _slowPath(fraction >= unit) {
      // A broken writer: what is over a second is carried.
      seconds += Int64(fraction / unit)
      fraction %= unit
    }
    return Timestamp(
      seconds: seconds, nanoseconds: pcap.isNanoseconds ? fraction : fraction &* 1000)
  }
}
