import PacketCore

/// Ethernet II and IPv4 in the form that nearly all packets have: no options, no fragment, a sum that
/// is right, and nothing that a finding would be about. Both headers are 34 octets that stand where
/// they always do.
enum PlainIPv4 {
  static let way: [(number: PayloadType, layer: any ErasedLayer.Type)] = [
    (.linkType(.ethernet), Ethernet.self), (.etherType(0x0800), IPv4.self),
  ]

  private static let start = 14
  private static let headerEnd = 34

  /// Where its data stands.
  struct Data {
    let protocolNumber: UInt8
    let start = PlainIPv4.headerEnd
    let end: Int
    let reportedEnd: Int
    /// The dissection's, in registers: read back from there they would have to be waited for.
    let ends: Endpoints
  }

  /// The addresses, and the ports or whatever else the first four octets behind the header are, where all of
  /// them are there. Nothing was looked at yet.
  @inline(__always)
  static func endsAndPorts(_ bytes: RawSpan) -> (ends: UInt64, ports: UInt32)? {
    guard _fastPath(bytes.byteCount >= headerEnd &+ 4) else { return nil }
    return (word(bytes, 26, UInt64.self), word(bytes, headerEnd, UInt32.self))
  }

  /// Records both layers and names the packet's ends.
  ///
  /// - Parameter reportedEnd: Octets on the wire.
  /// - Returns: Nil for a frame of another form, of which nothing was recorded.
  @inline(__always)
  static func read(
    _ bytes: RawSpan, reportedEnd: Int, into dissection: inout Dissection
  ) -> Data? {
    let end = bytes.byteCount
    guard _fastPath(end >= headerEnd && word(bytes, 12, UInt16.self) == 0x0800) else { return nil }
    let first = word(bytes, 14, UInt64.self)
    let second = word(bytes, 22, UInt64.self)
    let destination = word(bytes, 30, UInt32.self)
    let headerAndData = Int(first &>> 32 & 0xffff)
    let timeToLive = UInt8(truncatingIfNeeded: second &>> 56)
    guard
      _fastPath(first &>> 56 == 0x45 && first & 0x3fff == 0),
      // A group cannot have sent it.
      _fastPath(bytes.unsafeLoad(fromUncheckedByteOffset: 6, as: UInt8.self) & 1 == 0),
      // As long as it says, or cut by the capture: nothing beyond the frame.
      _fastPath(headerAndData >= 20 && start &+ headerAndData <= max(reportedEnd, end)),
      _fastPath(timeToLive >= 5 && destination &>> 8 != 0xe0_0000)
    else { return nil }
    var sum = InternetChecksum()
    sum.add(first)
    sum.add(second)
    sum.add(destination)
    guard _fastPath(sum.isRight) else { return nil }

    let wireEnd = max(reportedEnd, end)
    _ = dissection.record(
      Ethernet.self, as: .linkType, header: 0..<start, end: end, reportedEnd: wireEnd,
      isOutermost: true)
    let dataEnd = start &+ headerAndData
    let index = dissection.record(
      IPv4.self, as: .etherType, header: start..<headerEnd, end: min(end, dataEnd),
      reportedEnd: dataEnd, isOutermost: true)
    let ends = Endpoints(
      source: Address(IPv4Address(UInt32(truncatingIfNeeded: second))),
      destination: Address(IPv4Address(destination)))
    dissection.setEndpoints(source: ends.source, destination: ends.destination)
    dissection.setNote(
      IPNote(
        verdict: ChecksumVerdict(.good, expected: UInt16(truncatingIfNeeded: second &>> 32)),
        timeToLive: timeToLive),
      at: index)
    return Data(
      protocolNumber: UInt8(truncatingIfNeeded: second &>> 48), end: min(end, dataEnd),
      reportedEnd: dataEnd, ends: ends)
  }

  /// Network byte order; the caller has seen that the octets are there.
  @inline(__always)
  private static func word<T: FixedWidthInteger & BitwiseCopyable>(
    _ bytes: RawSpan, _ offset: Int, _ type: T.Type
  ) -> T {
    T(bigEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: T.self))
  }
}
