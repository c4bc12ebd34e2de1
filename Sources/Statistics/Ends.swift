import PacketCore

/// The two ends of a packet as one layer names them.
struct Ends: Equatable {
  var source: Address
  var destination: Address
  var sourcePort: UInt16 = 0
  var destinationPort: UInt16 = 0

  /// The same, seen from the other end.
  var reversed: Ends {
    Ends(
      source: destination, destination: source, sourcePort: destinationPort,
      destinationPort: sourcePort)
  }
}

/// Where layers keep their two ends.
extension Ends {
  // Read from the octets and not from a decoded layer: options and flags are not asked for.

  /// The ends in a header of this protocol.
  @inline(__always)
  init(
    ethernet record: LayerRecord, _ dissection: borrowing Dissection, _ frame: RawSpan
  ) {
    self.init(
      source: Address(MACAddress(Self.word(record, dissection, frame, at: 6) &>> 16)),
      destination: Address(MACAddress(Self.word(record, dissection, frame, at: 0) &>> 16)))
  }

  /// The ends in a header of this protocol.
  @inline(__always)
  init(
    ipv4 record: LayerRecord, _ dissection: borrowing Dissection, _ frame: RawSpan
  ) {
    let both = Self.word(record, dissection, frame, at: 12)
    self.init(
      source: Address(IPv4Address(UInt32(truncatingIfNeeded: both &>> 32))),
      destination: Address(IPv4Address(UInt32(truncatingIfNeeded: both))))
  }

  /// The ends in a header of this protocol.
  @inline(__always)
  init(
    ipv6 record: LayerRecord, _ dissection: borrowing Dissection, _ frame: RawSpan
  ) {
    self.init(
      source: Address(
        IPv6Address(
          high: Self.word(record, dissection, frame, at: 8),
          low: Self.word(record, dissection, frame, at: 16))),
      destination: Address(
        IPv6Address(
          high: Self.word(record, dissection, frame, at: 24),
          low: Self.word(record, dissection, frame, at: 32))))
  }

  /// Takes the ports from a TCP or UDP header.
  @inline(__always)
  mutating func readPorts(
    _ record: LayerRecord, _ dissection: borrowing Dissection, _ frame: RawSpan
  ) {
    let ports = Self.word(record, dissection, frame, at: 0)
    sourcePort = UInt16(truncatingIfNeeded: ports &>> 48)
    destinationPort = UInt16(truncatingIfNeeded: ports &>> 32)
  }

  /// Eight octets of a layer, network byte order; zeros behind the end of the buffer.
  @inline(__always)
  private static func word(
    _ record: LayerRecord, _ dissection: borrowing Dissection, _ frame: RawSpan, at offset: Int
  ) -> UInt64 {
    let start = Int(record.start) &+ offset
    if record.buffer == 0 { return word(frame, at: start) }
    return dissection.withBytes(of: record.buffer, frame: frame) { word($0, at: start) }
  }

  @inline(__always)
  private static func word(_ bytes: RawSpan, at start: Int) -> UInt64 {
    if start &+ 8 <= bytes.byteCount {
      return UInt64(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt64.self))
    }
    var word: UInt64 = 0
    for index in 0..<8 where start &+ index < bytes.byteCount {
      let octet = bytes.unsafeLoad(fromByteOffset: start &+ index, as: UInt8.self)
      word |= UInt64(octet) &<< UInt64(56 &- 8 &* index)
    }
    return word
  }
}
