import PacketCore

extension CaptureFileWriter {
  /// The file header of pcap, little-endian (draft-ietf-opsawg-pcap, section 4).
  mutating func writePcapHeader(_ nanoseconds: Bool) throws(CaptureError) {
    let snapLength = interfaces.first?.snapLength ?? 0
    try reserve(PcapLayout.headerSize)
    sink.put(nanoseconds ? 0xA1B2_3C4D : 0xA1B2_C3D4 as UInt32)
    sink.put(2 as UInt16)
    sink.put(4 as UInt16)
    // "Reserved1" and "Reserved2", once a time zone and an accuracy: "SHOULD be filled with 0".
    sink.put(0 as UInt32)
    sink.put(0 as UInt32)
    // "SnapLen ... MUST NOT be zero".
    sink.put(snapLength > 0 ? UInt32(clamping: snapLength) : 262_144)
    sink.put(UInt32((linkType ?? .ethernet).rawValue))
    headerInBuffer = PcapLayout.headerSize
  }

  /// A record: seconds, fraction, captured and original length, octets.
  @inline(__always)
  mutating func writePcapFrame(
    _ octets: RawSpan, _ header: FrameHeader, _ nanoseconds: Bool
  ) throws(CaptureError) {
    if linkType != header.linkType {
      if let linkType {
        throw CaptureFileWriter.mixedLinkTypes(sink.name, linkType, header.linkType)
      }
      linkType = header.linkType
    }
    if !hasBegun { try begin() }
    let captured = octets.byteCount
    guard let seconds = UInt32(exactly: header.time.seconds) else {
      throw unwritable("a time outside 1970 to 2106, which pcap cannot say", "pcapng")
    }
    guard captured <= CaptureFileReader.longestRecord,
      captured <= 256 << 10
        || captured
          <= PcapLayout.longestFrame(
            header.linkType, snapLength: UInt32(clamping: interfaces.first?.snapLength ?? 0))
    else {
      throw unwritable("\(captured) octets, more than readers of pcap take", "pcapng")
    }
    let length = PcapLayout.recordSize &+ captured
    try reserve(length)
    let record = sink.buffer + sink.count
    let fraction = nanoseconds ? header.time.nanoseconds : header.time.nanoseconds / 1000
    record.storeBytes(of: seconds.littleEndian, as: UInt32.self)
    record.storeBytes(of: fraction.littleEndian, toByteOffset: 4, as: UInt32.self)
    record.storeBytes(
      of: UInt32(truncatingIfNeeded: captured).littleEndian, toByteOffset: 8, as: UInt32.self)
    record.storeBytes(
      of: UInt32(clamping: header.originalLength).littleEndian, toByteOffset: 12, as: UInt32.self)
    sink.count &+= PcapLayout.recordSize
    sink.put(octets)
  }

  /// A frame that the format cannot hold.
  func unwritable(_ what: String, _ other: String) -> CaptureError {
    CaptureError(
      .write, "\(sink.name): frame \(framesWritten + 1) has \(what)",
      remedy: other.isEmpty ? "" : "write \(other) instead")
  }
}

extension OctetSink {
  /// Appends an integer, little-endian; room has been reserved.
  @inline(__always)
  mutating func put<T: FixedWidthInteger & BitwiseCopyable>(_ value: T, bigEndian: Bool = false) {
    (buffer + count).storeBytes(of: bigEndian ? value.bigEndian : value.littleEndian, as: T.self)
    count &+= MemoryLayout<T>.size
  }

  /// Appends octets; room has been reserved.
  @inline(__always)
  mutating func put(_ octets: RawSpan) {
    octets.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return }
      (buffer + count).copyMemory(from: start, byteCount: bytes.count)
    }
    count &+= octets.byteCount
  }

  /// Appends zeros up to a multiple of 4; room has been reserved.
  @inline(__always)
  mutating func pad(after length: Int) {
    for _ in 0..<(-length & 3) { put(0 as UInt8) }
  }
}
