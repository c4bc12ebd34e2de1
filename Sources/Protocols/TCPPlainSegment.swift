import PacketCore

/// The bulk of all segments, read and followed in one go: an acknowledgment with or without the next
/// data of a known connection, its checksum right, no option but timestamps, nothing that waits for
/// it. What Van Jacobson's header prediction (RFC 1144 appendix B.3, for receivers) is to a kernel.
///
/// Everything is looked at before anything is changed; a segment that is anything else is left to
/// `walkDecoded`, which does the same and more.
extension TCP {
  public static func walk(
    _ bytes: RawSpan, from start: Int, to end: Int, reportedEnd: Int,
    into dissection: inout Dissection, memory: Unmanaged<AnyObject>
  ) throws(ParseError) -> PayloadType {
    if dissection.mayTakeShortcut, dissection.space == .ipProtocol,
      let plain = TCPPlainSegment(bytes, from: start, to: end, reportedEnd: reportedEnd)
    {
      let ends = dissection.endpoints
      let next = memory._withUnsafeGuaranteedRef { memory in
        let conversations = unsafeDowncast(memory, to: TCPConversations.self)
        return conversations.follow(
          plain, ends, bytes, conversations.hint(ends, plain.sourcePort, plain.destinationPort),
          isOutermost: false, in: &dissection)
      }
      if let next { return next }
    }
    return try walkDecoded(
      bytes, from: start, to: end, reportedEnd: reportedEnd, into: &dissection, memory: memory)
  }
}

/// Ethernet, IPv4 and TCP in the form that nearly all packets have.
enum PlainSegment: Shortcut {
  static let way = PlainIPv4.way + [(.ipProtocol(TCP.ipProtocol), TCP.self)]

  static func walk(
    _ bytes: RawSpan, from start: Int, to end: Int, reportedEnd: Int,
    into dissection: inout Dissection, memories: UnsafePointer<Unmanaged<AnyObject>>
  ) -> PayloadType? {
    guard let words = PlainIPv4.endsAndPorts(bytes) else { return nil }
    let memory = memories[2]
    let hint = memory._withUnsafeGuaranteedRef {
      unsafeDowncast($0, to: TCPConversations.self).hint(words.ends, words.ports)
    }
    guard let data = PlainIPv4.read(bytes, reportedEnd: reportedEnd, into: &dissection) else {
      return nil
    }
    if data.protocolNumber == TCP.ipProtocol,
      let plain = TCPPlainSegment(
        bytes, from: data.start, to: data.end, reportedEnd: data.reportedEnd)
    {
      let next = memory._withUnsafeGuaranteedRef {
        unsafeDowncast($0, to: TCPConversations.self).follow(
          plain, data.ends, bytes, hint, isOutermost: true, in: &dissection)
      }
      if let next { return next }
    }
    return .ipProtocol(data.protocolNumber)
  }
}

/// Such a segment's header, by its words.
struct TCPPlainSegment {
  /// Ports and sequence number.
  private let first: UInt64
  /// Acknowledgment number, data offset, flags and window.
  private let second: UInt64
  /// Checksum and urgent pointer.
  private let third: UInt32
  let header: Range<Int>
  let end: Int

  var sourcePort: UInt16 { UInt16(truncatingIfNeeded: first &>> 48) }
  var destinationPort: UInt16 { UInt16(truncatingIfNeeded: first &>> 32) }
  var sequence: UInt32 { UInt32(truncatingIfNeeded: first) }
  var acknowledgment: UInt32 { UInt32(truncatingIfNeeded: second &>> 32) }
  /// Put together so that the compiler knows which are not there, and leaves out what asks for them.
  var flags: TCPFlags {
    TCPFlags(rawValue: UInt16(truncatingIfNeeded: second &>> 16) & 0x008 | 0x010)
  }
  var window: UInt16 { UInt16(truncatingIfNeeded: second) }
  var checksum: UInt16 { UInt16(truncatingIfNeeded: third &>> 16) }
  var data: Range<Int> { header.upperBound..<end }
  var length: Int { end &- header.upperBound }

  /// Nil for any other header, and for a segment that is not all here.
  @inline(__always)
  init?(_ bytes: RawSpan, from start: Int, to end: Int, reportedEnd: Int) {
    guard
      _fastPath(
        start >= 0 && end &- start >= TCP.fixedLength && end <= bytes.byteCount
          && reportedEnd <= end)
    else { return nil }
    first = Self.word(bytes, start, UInt64.self)
    second = Self.word(bytes, start &+ 8, UInt64.self)
    third = Self.word(bytes, start &+ 16, UInt32.self)
    self.end = end
    // ACK, and perhaps PSH; no urgent pointer.
    guard _fastPath(second &>> 16 & 0xff7 == 0x010 && third & 0xffff == 0) else { return nil }
    switch second &>> 28 & 15 {
    case 5: header = start..<start &+ 20
    case 8:
      // The layout of RFC 7323 appendix A: see `HeaderOptions.isPaddedTimestamps`.
      guard end &- start >= 32, Self.word(bytes, start &+ 20, UInt32.self) == 0x0101_080a else {
        return nil
      }
      header = start..<start &+ 32
    default: return nil
    }
  }

  @inline(__always)
  private static func word<T: FixedWidthInteger & BitwiseCopyable>(
    _ bytes: RawSpan, _ offset: Int, _ type: T.Type
  ) -> T {
    T(bigEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: T.self))
  }

  /// The timestamps, if it has them. RFC 7323 section 3.2.
  @inline(__always)
  func timestamps(_ bytes: RawSpan) -> (value: UInt32, echo: UInt32)? {
    guard header.count == 32 else { return nil }
    let both = Self.word(bytes, header.lowerBound &+ 24, UInt64.self)
    return (UInt32(truncatingIfNeeded: both &>> 32), UInt32(truncatingIfNeeded: both))
  }

  /// Whether the checksum is right. RFC 9293 section 3.1.
  @inline(__always)
  func isSumRight(_ bytes: RawSpan, _ ends: Endpoints) -> Bool {
    guard checksum != 0xffff,
      var sum = PseudoHeader.sum(
        ends, protocolNumber: TCP.ipProtocol, length: end &- header.lowerBound)
    else { return false }
    sum.add(bytes.extracting(header.lowerBound..<end))
    return sum.isRight
  }
}

extension TCPConversations {
  /// Takes a plain segment into its connection and its stream, and records the layer.
  ///
  /// - Parameters:
  ///   - hint: Of the connection.
  ///   - isOutermost: See `Dissection.record`.
  /// - Returns: What follows; nil when there is more to it, and nothing was done.
  @inline(__always)
  fileprivate func follow(
    _ plain: TCPPlainSegment, _ ends: Endpoints, _ bytes: RawSpan, _ hint: TCPHint,
    isOutermost: Bool, in dissection: inout Dissection
  ) -> PayloadType? {
    // A finding of a layer below may mean that the receiver throws the packet away.
    guard _fastPath(dissection.findings.isEmpty),
      let place = plainConnection(
        ends, plain.sourcePort, plain.destinationPort, dissection.frame.point, hint),
      plain.length > 0
        ? streams.isNext(plain.sequence, place.number, place.stream, fromHigh: place.isFromHigh)
        : streams.ignoresAcknowledgments(place.number, place.stream),
      _fastPath(plain.isSumRight(bytes, ends))
    else { return nil }

    let index = dissection.record(
      TCP.self, as: .ipProtocol, header: plain.header, end: plain.end, reportedEnd: plain.end,
      isOutermost: isOutermost)
    if isAnalysing {
      judge(plain, place, at: index, in: &dissection)
    } else {
      pass(place.number)
    }
    if plain.length > 0 {
      streams.takeNext(
        place.number, plain.sequence, plain.data, bytes, fromHigh: place.isFromHigh, at: index,
        in: dissection)
      dissection.resumeStream()
    }
    return .ports(.tcpPort, plain.sourcePort, plain.destinationPort)
  }

  /// Holds a plain segment against its connection, and leaves a note.
  @inline(never)
  private func judge(
    _ plain: TCPPlainSegment, _ place: TCPPlainPlace, at index: Int,
    in dissection: inout Dissection
  ) {
    let segment = TCPSegment(
      sequence: plain.sequence, acknowledgment: plain.acknowledgment,
      length: UInt32(truncatingIfNeeded: plain.length), flags: plain.flags,
      window: UInt32(plain.window),
      frame: UInt32(truncatingIfNeeded: dissection.frame.number),
      time: dissection.frame.time.nanoseconds(since: dissection.firstTime))
    let note = dissection.noteRoom(TCPNote.self)
    note.initialize(to: TCPNote())
    note.pointee.facts = [.isWhole, .hasLength]
    note.pointee.length = segment.length
    note.pointee.checksum = ChecksumVerdict(.good, expected: plain.checksum)
    note.pointee.slot = place.number
    note.pointee.isFromHigh = place.isFromHigh
    followPlain(segment, place.number, fromHigh: place.isFromHigh, note: &note.pointee)
    dissection.keepNote(TCPNote.self, at: index)
    if _slowPath(!note.pointee.flags.isEmpty) {
      TCP.remarkAnalysis(note.pointee, at: index, in: &dissection)
    }
  }
}

/// Where a plain segment belongs.
struct TCPPlainPlace {
  /// Number of its connection in the table.
  let number: UInt32
  /// `tcp.stream`.
  let stream: UInt32
  /// Which end sent it.
  let isFromHigh: Bool
}

/// Which connection a segment probably belongs to: a place of the table's hints. See
/// `TCPConnectionTable.hint`.
struct TCPHint {
  let place: UnsafeMutablePointer<UInt32>

  /// The connection's number and which end sent the segment; nil where there is no hint yet.
  @inline(__always)
  var connection: (number: UInt32, isFromHigh: Bool)? {
    let hint = place.pointee
    return _fastPath(hint != TCPConnectionTable.none) ? (hint &>> 1, hint & 1 != 0) : nil
  }
}
