import PacketCore
import Protocols

/// The IP and TCP headers of a packet as far as the exchange needs them, read where they stand.
///
/// Every octet may be damaged: what cannot be is not trusted, and what is left is judged by the
/// sums.
struct SegmentHeaders {
  /// A checksum field's value, and the one that would have fitted.
  struct SumFault: Equatable {
    var found: UInt16
    var expected: UInt16
  }

  private(set) var ends: SegmentEnds
  private(set) var sequence: UInt32 = 0
  private(set) var acknowledgment: UInt32 = 0
  private(set) var flags: TCPFlags = []
  private(set) var payload = 0..<0
  /// The IPv4 header's sum does not fit.
  private(set) var headerFault: SumFault?
  /// The TCP header's length is less than a header has, or more than there is.
  private(set) var isBroken = false

  /// From TCP's first octet to the end.
  private var segment: Range<Int>
  private var pseudoHeader = InternetChecksum()

  private static let tcp: UInt8 = 6
  private static let fixedLength = 20

  /// - Returns: Nil when it is no TCP over IP, or a fragment.
  init?(_ packet: RawSpan) {
    guard packet.byteCount >= 20 else { return nil }
    let version = packet.octet(0) &>> 4
    ends = SegmentEnds(source: .none, destination: .none, sourcePort: 0, destinationPort: 0)
    segment = 0..<0
    guard version == 4 ? readIPv4(packet) : version == 6 && readIPv6(packet) else { return nil }
    guard segment.count >= Self.fixedLength else { return nil }
    readTCP(packet)
  }

  /// RFC 791 section 3.1.
  private mutating func readIPv4(_ packet: RawSpan) -> Bool {
    let length = Int(packet.octet(0) & 0xf) &* 4
    guard length >= 20, length <= packet.byteCount, packet.octet(9) == Self.tcp else {
      return false
    }
    var sum = InternetChecksum()
    sum.add(packet.extracting(0..<length))
    var end = Int(packet.word(2, as: UInt16.self))
    if sum.folded == 0xffff {
      // Whole packets only: the sender does not let its own be fragmented.
      guard packet.word(6, as: UInt16.self) & 0x1fff == 0 else { return false }
      end = min(end, packet.byteCount)
    } else {
      let found = packet.word(10, as: UInt16.self)
      sum.add(~found)  // RFC 1624: taking a word out is adding its complement.
      headerFault = SumFault(found: found, expected: sum.value)
      // The total length may be what is wrong.
      end = packet.byteCount
    }
    guard end >= length else { return false }
    let source = packet.word(12, as: UInt32.self)
    let destination = packet.word(16, as: UInt32.self)
    ends.source = Address(IPv4Address(source))
    ends.destination = Address(IPv4Address(destination))
    segment = length..<end
    // RFC 9293 section 3.1: addresses, protocol and TCP length are summed too.
    pseudoHeader.add(source)
    pseudoHeader.add(destination)
    pseudoHeader.add(UInt16(Self.tcp))
    // As long as the header says: of a packet that was cut the sum does not fit.
    let isWhole = headerFault == nil
    let claimed = isWhole ? Int(packet.word(2, as: UInt16.self)) &- length : segment.count
    pseudoHeader.add(UInt16(truncatingIfNeeded: claimed))
    return true
  }

  /// RFC 8200 section 3, and section 4 for what may stand before TCP.
  private mutating func readIPv6(_ packet: RawSpan) -> Bool {
    guard packet.byteCount >= 40 else { return false }
    let claimed = 40 &+ Int(packet.word(4, as: UInt16.self))
    let end = min(claimed, packet.byteCount)
    var next = packet.octet(6)
    var place = 40
    // Each turn passes over eight octets or more.
    while next != Self.tcp {
      guard place &+ 8 <= end else { return false }
      var length = (Int(packet.octet(place &+ 1)) &+ 1) &* 8
      switch next {
      case 0, 60: break  // Hop-by-hop and destination options.
      case 43:
        // With segments left the packet is not for this host yet.
        guard packet.octet(place &+ 3) == 0 else { return false }
      case 44:
        // RFC 6946: offset 0 and none to follow is a whole packet.
        guard packet.word(place &+ 2, as: UInt16.self) & 0xfff9 == 0 else { return false }
        length = 8
      default: return false
      }
      next = packet.octet(place)
      place &+= length
    }
    guard place <= end else { return false }
    let source = packet.address(8)
    let destination = packet.address(24)
    ends.source = Address(source)
    ends.destination = Address(destination)
    segment = place..<end
    // RFC 8200 section 8.1.
    pseudoHeader.add(source.high)
    pseudoHeader.add(source.low)
    pseudoHeader.add(destination.high)
    pseudoHeader.add(destination.low)
    // As long as the header says: of a packet that was cut the sum does not fit.
    pseudoHeader.add(UInt32(truncatingIfNeeded: claimed &- place))
    pseudoHeader.add(UInt16(Self.tcp))
    return true
  }

  private mutating func readTCP(_ packet: RawSpan) {
    let start = segment.lowerBound
    ends.sourcePort = packet.word(start, as: UInt16.self)
    ends.destinationPort = packet.word(start &+ 2, as: UInt16.self)
    sequence = packet.word(start &+ 4, as: UInt32.self)
    acknowledgment = packet.word(start &+ 8, as: UInt32.self)
    let offsetAndFlags = packet.word(start &+ 12, as: UInt16.self)
    flags = TCPFlags(rawValue: offsetAndFlags & 0xfff)
    let length = Int(offsetAndFlags &>> 12) &* 4
    isBroken = length < Self.fixedLength || length > segment.count
    payload = start &+ (isBroken ? Self.fixedLength : length)..<segment.upperBound
  }

  /// Whether it may be a segment of an exchange, damaged perhaps.
  func looksOurs(_ packet: RawSpan) -> Bool {
    Self.beginsLikeToken(packet, payload)
      // The length of the header may be what is damaged; those of an exchange have no options.
      || Self.beginsLikeToken(
        packet, segment.lowerBound &+ Self.fixedLength..<segment.upperBound)
  }

  /// Whether octets begin as tokens do: version 0x80 and a time before the year 8 000 000 make
  /// `gAAA`. Of a long one half of that is enough, so that damage there is called damage.
  private static func beginsLikeToken(_ packet: RawSpan, _ range: Range<Int>) -> Bool {
    guard range.count >= 4 else { return false }
    let differing = packet.word(range.lowerBound, as: UInt32.self) ^ 0x6741_4141
    if differing == 0 { return true }
    guard range.count >= 100 else { return false }
    var same = 0
    for place in 0..<4 where differing &>> (UInt32(place) &* 8) & 0xff == 0 { same &+= 1 }
    return same >= 2
  }

  /// What is wrong with the TCP checksum, if anything.
  func segmentFault(_ packet: RawSpan, isFromThisHost: Bool) -> SumFault? {
    var total = pseudoHeader
    total.add(packet.extracting(segment))
    let found = packet.word(segment.lowerBound &+ 16, as: UInt16.self)
    let verdict = ChecksumVerdict(found: found, total: total, pseudoHeader: pseudoHeader)
    switch verdict.status {
    case .good: return nil
    // Left for the network card: right where no card is on the way, wrong behind one.
    case .offloaded where isFromThisHost: return nil
    default: return SumFault(found: found, expected: verdict.expected)
    }
  }
}

extension RawSpan {
  /// The octet there; the place was checked.
  fileprivate func octet(_ place: Int) -> UInt8 {
    unsafeLoad(fromByteOffset: place, as: UInt8.self)
  }

  /// The number there in network order; the place was checked.
  fileprivate func word<T: FixedWidthInteger & BitwiseCopyable>(_ place: Int, as: T.Type) -> T {
    T(bigEndian: unsafeLoadUnaligned(fromByteOffset: place, as: T.self))
  }

  fileprivate func address(_ place: Int) -> IPv6Address {
    IPv6Address(high: word(place, as: UInt64.self), low: word(place &+ 8, as: UInt64.self))
  }
}
