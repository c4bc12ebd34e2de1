import PacketCore

/// One piece of a capture file, in the file's order: a frame, or what stands between the frames of
/// a pcapng file. Lent to a callback and gone after it, which is why it cannot be copied.
public struct CaptureBlock: ~Copyable {
  /// The block types of pcapng (draft-ietf-opsawg-pcapng, section 10.1).
  public enum Kind: UInt32, Sendable {
    case section = 0x0A0D_0D0A
    case interface = 1
    /// The obsolete packet block.
    case packet = 2
    case simplePacket = 3
    case nameResolution = 4
    case interfaceStatistics = 5
    case enhancedPacket = 6
    case decryptionSecrets = 10
    case custom = 0x0000_0BAD
    /// "should not be copied to a new file by an application that manipulates it".
    case uncopiedCustom = 0x4000_0BAD
  }

  /// The number of the block type; that of an enhanced packet for a frame of a pcap file.
  public var type: UInt32 { place.pointee.type }
  /// Whether it is a frame.
  @inlinable public var isFrame: Bool { place.pointee.isFrame }
  /// What the capture says about the frame; of other blocks, about the frame before them.
  @inlinable public var header: FrameHeader { place.pointee.header }
  /// The header; nil when this is no frame.
  public var frame: FrameHeader? { isFrame ? header : nil }
  /// The byte order of the section.
  public var isBigEndian: Bool { place.pointee.isBigEndian }

  // The reader's own, lent as the octets are.
  @usableFromInline let place: UnsafePointer<CaptureFileReader.CurrentBlock>
  /// The block's first octet.
  private let start: UnsafeRawPointer
  @inlinable var options: Range<Int> { place.pointee.options }

  /// The block as it stands in the file; empty for a frame of a pcap file.
  var octets: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: start, count: isPcapng ? place.pointee.length : 0)
  }
  /// The frame's octets; none when this is no frame.
  var frameOctets: UnsafeRawBufferPointer { place.pointee.frame(of: start) }

  init(_ current: UnsafePointer<CaptureFileReader.CurrentBlock>, at start: UnsafeRawPointer) {
    place = current
    self.start = start
  }

  /// The block type by name; nil for one that this reader does not know.
  public var kind: Kind? { Kind(rawValue: type) }

  /// True for a block of a pcapng file, which has octets of its own.
  public var isPcapng: Bool { place.pointee.isPcapng }

  /// True when the file says more about it than its header; only in pcapng files.
  @inlinable public var hasOptions: Bool { !options.isEmpty }

  /// The comments (`opt_comment`), in the file's order.
  public var comments: [String] {
    guard hasOptions else { return [] }
    var comments: [String] = []
    forEachOption { code, value in
      guard code == PcapngOption.comment else { return }
      comments.append(PcapngOption.text(value, 0..<value.byteCount))
    }
    return comments
  }

  /// Calls `body` with the code and value of each option; integers in it are in the section's
  /// byte order.
  public func forEachOption(_ body: (_ code: UInt16, _ value: RawSpan) -> Void) {
    guard hasOptions else { return }
    let span = octets.bytes.extracting(options)
    PcapngOption.forEach(in: span, bigEndian: isBigEndian) { code, range in
      body(code, span.extracting(range))
    }
  }

  /// The block as it stands in the file, from its type to its second length, in the section's byte
  /// order; nothing for a frame of a pcap file.
  public func withOctets<R>(_ body: (RawSpan) throws -> R) rethrows -> R {
    try body(octets.bytes)
  }

  /// The interface that an interface description block describes; nil for other blocks.
  public var interface: CaptureInterface? { interfaceDescription?.interface }

  var interfaceDescription: PcapngInterface? {
    guard kind == .interface, isPcapng, octets.count >= 20 else { return nil }
    return PcapngInterface(reading: octets.bytes, options: options, bigEndian: isBigEndian)
  }

  /// What a capturing program counted on an interface (an interface statistics block).
  public var statistics: CaptureStatistics? {
    guard kind == .interfaceStatistics, octets.count >= 24 else { return nil }
    let interface = octets.bytes.load(UInt32.self, at: 8, bigEndian: isBigEndian)
    var statistics = CaptureStatistics(interface: Int(interface))
    let bigEndian = isBigEndian
    forEachOption { code, value in
      guard value.byteCount == 8 else { return }
      let count = value.load(UInt64.self, at: 0, bigEndian: bigEndian)
      if code == PcapngOption.statisticsReceived { statistics.received = count }
      if code == PcapngOption.statisticsDropped { statistics.dropped = count }
    }
    return statistics
  }
}

/// How many frames an interface gave, and how many were lost, as told at the end of a capture.
public struct CaptureStatistics: Equatable, Sendable {
  /// Position of the interface in its section, from 0.
  public var interface: Int
  /// Frames received from the interface; nil when not counted.
  public var received: UInt64?
  /// Frames that the interface or the kernel dropped for lack of room; nil when not counted.
  public var dropped: UInt64?

  /// Counts of the interface at a position; those not given were not counted.
  public init(interface: Int, received: UInt64? = nil, dropped: UInt64? = nil) {
    self.interface = interface
    self.received = received
    self.dropped = dropped
  }
}
