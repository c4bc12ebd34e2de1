/// The kind of link a frame was captured from, as in the capture file formats.
/// Source: the LINKTYPE_ registry of tcpdump.org.
public struct LinkType: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  public var rawValue: UInt16
  @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// BSD loopback: address family, 4 octets, the capturing machine's byte order.
  public static let null = LinkType(rawValue: 0)
  /// Ethernet II and IEEE 802.3.
  public static let ethernet = LinkType(rawValue: 1)
  /// IPv4 or IPv6 with nothing before it.
  public static let raw = LinkType(rawValue: 101)
  /// OpenBSD loopback: address family, 4 octets, network byte order.
  public static let loop = LinkType(rawValue: 108)
  /// Linux "cooked" capture, version 1.
  public static let linuxSLL = LinkType(rawValue: 113)
  /// IPv4 with nothing before it.
  public static let ipv4 = LinkType(rawValue: 228)
  /// IPv6 with nothing before it.
  public static let ipv6 = LinkType(rawValue: 229)
  /// Linux "cooked" capture, version 2, as the interface `any` gives.
  public static let linuxSLL2 = LinkType(rawValue: 276)
}

/// Where a frame was seen: which interface of which section of the capture. Flows are kept apart
/// by it, so that a packet seen on two interfaces is not called a retransmission.
public struct CapturePoint: Hashable, Sendable, BitwiseCopyable {
  /// Section of a pcapng file, from 0; 0 for everything else.
  public var section: UInt16
  /// Interface within the section, from 0.
  public var interface: UInt16

  @inlinable
  public init(section: UInt16 = 0, interface: UInt16 = 0) {
    self.section = section
    self.interface = interface
  }
}

/// What the capture says about one frame: everything but its octets.
///
/// Four words that are written and read as words, so that a header is handed on in registers. Written to
/// memory field by field and read from there as a whole, it would have the processor wait at each frame
/// until the fields have arrived.
public struct FrameHeader: Sendable, BitwiseCopyable {
  /// Seconds of the time.
  @usableFromInline var seconds: Int64
  /// Position in the upper half, nanoseconds in the lower.
  @usableFromInline var positionAndFraction: UInt64
  /// Length on the wire in the upper half, length in the capture in the lower.
  @usableFromInline var lengths: UInt64
  /// Section, interface and link type, 16 bits each, digits of the time in 8, and in the lowest 8 what the
  /// source does not tell: 1 for times, 2 for interfaces.
  @usableFromInline var source: UInt64

  /// - Parameters:
  ///   - capturedLength: 0 to 2³² - 1, as in every format of captures.
  ///   - originalLength: The same.
  @inlinable
  public init(
    number: Int = 0, time: Timestamp = Timestamp(seconds: 0, nanoseconds: 0), capturedLength: Int,
    originalLength: Int, linkType: LinkType, point: CapturePoint = CapturePoint(),
    timeDigits: UInt8 = 6, hasTime: Bool = true,
    hasInterface: Bool = true
  ) {
    seconds = time.seconds
    positionAndFraction = UInt64(
      upper: UInt32(truncatingIfNeeded: number), lower: time.nanoseconds)
    lengths = UInt64(
      upper: UInt32(truncatingIfNeeded: originalLength),
      lower: UInt32(truncatingIfNeeded: capturedLength))
    source = 0
    self.linkType = linkType
    self.point = point
    self.timeDigits = timeDigits
    self.hasTime = hasTime
    self.hasInterface = hasInterface
  }

  /// Position in the capture, from 1, in 32 bits as with other tools. Filled in by whoever counts
  /// (`Dissector`).
  @inlinable public var number: Int {
    get { Int(positionAndFraction.upperHalf) }
    set { positionAndFraction.upperHalf = UInt32(truncatingIfNeeded: newValue) }
  }

  /// When it was captured.
  @inlinable public var time: Timestamp {
    get { Timestamp(seconds: seconds, nanoseconds: positionAndFraction.lowerHalf) }
    set { (seconds, positionAndFraction.lowerHalf) = (newValue.seconds, newValue.nanoseconds) }
  }

  /// Octets in the capture.
  @inlinable public var capturedLength: Int {
    get { Int(lengths.lowerHalf) }
    set { lengths.lowerHalf = UInt32(truncatingIfNeeded: newValue) }
  }

  /// Octets on the wire; more than `capturedLength` when a snap length cut the frame.
  @inlinable public var originalLength: Int {
    get { Int(lengths.upperHalf) }
    set { lengths.upperHalf = UInt32(truncatingIfNeeded: newValue) }
  }

  /// What the first octet is the start of.
  @inlinable public var linkType: LinkType {
    get { LinkType(rawValue: UInt16(truncatingIfNeeded: source &>> 16)) }
    set { source = source & ~0xffff_0000 | UInt64(newValue.rawValue) &<< 16 }
  }

  /// Where it was captured.
  @inlinable public var point: CapturePoint {
    get {
      CapturePoint(
        section: UInt16(truncatingIfNeeded: source &>> 48),
        interface: UInt16(truncatingIfNeeded: source &>> 32))
    }
    set {
      source =
        source & 0xffff_ffff | UInt64(newValue.section) &<< 48
        | UInt64(newValue.interface) &<< 32
    }
  }

  /// Decimal digits of the seconds that the source resolves: 6 for microseconds, 9 for nanoseconds.
  @inlinable public var timeDigits: UInt8 {
    get { UInt8(truncatingIfNeeded: source &>> 8) }
    set { source = source & ~0xff00 | UInt64(newValue) &<< 8 }
  }

  /// False where the source states no time (a pcapng simple packet block).
  @inlinable public var hasTime: Bool {
    get { source & 1 == 0 }
    set { source = source & ~1 | (newValue ? 0 : 1) }
  }

  /// False where the source does not tell interfaces apart (a pcap file).
  @inlinable public var hasInterface: Bool {
    get { source & 2 == 0 }
    set { source = source & ~2 | (newValue ? 0 : 2) }
  }
}
