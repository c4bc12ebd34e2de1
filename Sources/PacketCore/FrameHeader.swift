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
public struct FrameHeader: Sendable, BitwiseCopyable {
  /// Position in the capture, from 1. Filled in by whoever counts (`Dissector`).
  public var number: Int
  /// When it was captured.
  public var time: Timestamp
  /// Octets in the capture.
  public var capturedLength: Int
  /// Octets on the wire; more than `capturedLength` when a snap length cut the frame.
  public var originalLength: Int
  /// What the first octet is the start of.
  public var linkType: LinkType
  /// Where it was captured.
  public var point: CapturePoint
  /// Decimal digits of the seconds that the source resolves: 6 for microseconds, 9 for nanoseconds.
  public var timeDigits: UInt8
  /// False where the source states no time (a pcapng simple packet block).
  public var hasTime: Bool
  /// False where the source does not tell interfaces apart (a pcap file).
  public var hasInterface: Bool

  public init(
    number: Int = 0, time: Timestamp = Timestamp(seconds: 0, nanoseconds: 0), capturedLength: Int,
    originalLength: Int, linkType: LinkType, point: CapturePoint = CapturePoint(),
    timeDigits: UInt8 = 6, hasTime: Bool = true,
    hasInterface: Bool = true
  ) {
    self.number = number
    self.time = time
    self.capturedLength = capturedLength
    self.originalLength = originalLength
    self.linkType = linkType
    self.point = point
    self.timeDigits = timeDigits
    self.hasTime = hasTime
    self.hasInterface = hasInterface
  }
}
