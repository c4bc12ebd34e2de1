/// Octets of capture files, put together by hand from the format drafts and not with the writer
/// under test.
struct FileBytes {
  var bigEndian = false
  var octets: [UInt8] = []

  mutating func put<T: FixedWidthInteger>(_ value: T) {
    withUnsafeBytes(of: bigEndian ? value.bigEndian : value.littleEndian) { octets += $0 }
  }

  mutating func put(_ more: [UInt8]) { octets += more }

  static func pad(_ octets: [UInt8]) -> [UInt8] {
    octets + [UInt8](repeating: 0, count: -octets.count & 3)
  }

  // MARK: pcap

  static func pcap(
    bigEndian: Bool = false, magic: UInt32 = 0xA1B2_C3D4, minor: UInt16 = 4, snap: UInt32 = 65_535,
    link: UInt32 = 1
  ) -> FileBytes {
    var file = FileBytes(bigEndian: bigEndian)
    file.put(magic)
    file.put(2 as UInt16)
    file.put(minor)
    file.put(0 as UInt64)
    file.put(snap)
    file.put(link)
    return file
  }

  mutating func record(
    _ seconds: UInt32, _ fraction: UInt32, _ frame: [UInt8], original: Int? = nil,
    claimed: UInt32? = nil
  ) {
    put(seconds)
    put(fraction)
    put(claimed ?? UInt32(frame.count))
    put(UInt32(original ?? frame.count))
    put(frame)
  }

  // MARK: pcapng

  mutating func block(_ type: UInt32, _ body: [UInt8]) {
    let length = UInt32(12 + body.count)
    put(type)
    put(length)
    put(body)
    put(length)
  }

  /// A body put together in this file's byte order.
  func body(_ fill: (inout FileBytes) -> Void) -> [UInt8] {
    var body = FileBytes(bigEndian: bigEndian)
    fill(&body)
    return body.octets
  }

  mutating func option(_ code: UInt16, _ value: [UInt8], claimed: UInt16? = nil) {
    put(code)
    put(claimed ?? UInt16(value.count))
    put(FileBytes.pad(value))
  }

  mutating func endOfOptions() { put(0 as UInt32) }

  /// Begins a section in a byte order of its own.
  mutating func section(bigEndian: Bool = false, length: Int64 = -1) {
    self.bigEndian = bigEndian
    block(
      0x0A0D_0D0A,
      body {
        $0.put(0x1A2B_3C4D as UInt32)
        $0.put(1 as UInt16)
        $0.put(0 as UInt16)
        $0.put(length)
      })
  }

  mutating func interface(
    link: UInt16 = 1, snap: UInt32 = 65_535, _ options: (inout FileBytes) -> Void = { _ in }
  ) {
    block(
      1,
      body {
        $0.put(link)
        $0.put(0 as UInt16)
        $0.put(snap)
        options(&$0)
      })
  }

  mutating func enhancedPacket(
    _ interface: UInt32 = 0, ticks: UInt64, _ frame: [UInt8], original: Int? = nil,
    claimed: UInt32? = nil, _ options: (inout FileBytes) -> Void = { _ in }
  ) {
    block(
      6,
      body {
        $0.put(interface)
        $0.put(UInt32(truncatingIfNeeded: ticks >> 32))
        $0.put(UInt32(truncatingIfNeeded: ticks))
        $0.put(claimed ?? UInt32(frame.count))
        $0.put(UInt32(original ?? frame.count))
        $0.put(FileBytes.pad(frame))
        options(&$0)
      })
  }
}
