import PacketCore

/// Transmission Control Protocol, the header of one segment. RFC 9293.
public struct TCP: Layer {
  /// Port of the sender.
  public var sourcePort: UInt16
  /// Port of the receiver.
  public var destinationPort: UInt16
  /// Sequence number of the first octet of data, or of SYN.
  public var sequence: UInt32
  /// The next sequence number the sender expects; means something only with ACK.
  public var acknowledgment: UInt32
  /// Header length in 32-bit words in the upper four bits, the flags in the lower twelve.
  public var offsetAndFlags: UInt16
  /// Octets the sender will take, not scaled.
  public var window: UInt16
  /// Over pseudo-header, header and data.
  public var checksum: UInt16
  /// Octets from `sequence` to the end of urgent data; means something only with URG.
  public var urgentPointer: UInt16
  /// The options, padding included; 0 to 40 octets.
  public var options: HeaderOptions
  /// Octets of the fixed header that the packet holds: 20, or at least 4 when it ends too early.
  /// Fields behind them are zero.
  public var octetsPresent: UInt8

  /// What the inspection found out.
  public typealias Note = TCPNote
  /// The connections so far.
  public typealias Memory = TCPConversations

  /// Behind IP's protocol number 6.
  public static let carriedBy: [PayloadType] = [.ipProtocol(6)]

  /// The number in the protocol field of IP.
  static let ipProtocol: UInt8 = 6
  static let fixedLength = 20

  /// - Parameters:
  ///   - flags: SYN, ACK and so on; the data offset follows from the options.
  ///   - options: At most 40 octets, padded with end-of-options to whole words.
  public init(
    sourcePort: UInt16, destinationPort: UInt16, sequence: UInt32 = 0, acknowledgment: UInt32 = 0,
    flags: TCPFlags, window: UInt16 = 0, checksum: UInt16 = 0, urgentPointer: UInt16 = 0,
    options: [UInt8] = []
  ) {
    self.sourcePort = sourcePort
    self.destinationPort = destinationPort
    self.sequence = sequence
    self.acknowledgment = acknowledgment
    let padding = (4 - options.count % 4) % 4
    self.options = HeaderOptions(options + Array(repeating: 0, count: padding))
    offsetAndFlags = UInt16(5 + self.options.count / 4) << 12 | flags.rawValue & 0xfff
    self.window = window
    self.checksum = checksum
    self.urgentPointer = urgentPointer
    octetsPresent = 20
  }

  /// Reads the header. RFC 9293 section 3.1.
  /// - Throws: `ParseError` only when not even the ports are there; see `octetsPresent`.
  @inline(__always)  // Read and looked at in one go, its fields stay in registers.
  public init(reading reader: inout ByteReader) throws(ParseError) {
    if reader.remaining >= Self.fixedLength {
      try self.init(readingWhole: &reader)
    } else {
      try self.init(readingPartOf: &reader)
    }
  }

  @inline(__always)
  private init(readingWhole reader: inout ByteReader) throws(ParseError) {
    let (first, second, third) = try reader.read(UInt64.self, UInt64.self, UInt32.self)
    sourcePort = UInt16(truncatingIfNeeded: first &>> 48)
    destinationPort = UInt16(truncatingIfNeeded: first &>> 32)
    sequence = UInt32(truncatingIfNeeded: first)
    acknowledgment = UInt32(truncatingIfNeeded: second &>> 32)
    offsetAndFlags = UInt16(truncatingIfNeeded: second &>> 16)
    window = UInt16(truncatingIfNeeded: second)
    checksum = UInt16(truncatingIfNeeded: third &>> 16)
    urgentPointer = UInt16(truncatingIfNeeded: third)
    octetsPresent = 20
    // A length below 20 or beyond the segment does not keep the other fields from being shown.
    let wanted = Int(offsetAndFlags >> 12) &* 4 &- Self.fixedLength
    options = try HeaderOptions(reading: &reader, count: min(max(wanted, 0), reader.remaining))
  }

  /// A header that ends before its twentieth octet: an ICMP error quotes eight of them, and a snap
  /// length may cut anywhere. The ports are worth showing.
  private init(readingPartOf reader: inout ByteReader) throws(ParseError) {
    sourcePort = try reader.read()
    destinationPort = try reader.read()
    let present = 4 + reader.remaining
    octetsPresent = UInt8(truncatingIfNeeded: present)
    sequence = present >= 8 ? try reader.read() : 0
    acknowledgment = present >= 12 ? try reader.read() : 0
    offsetAndFlags = present >= 14 ? try reader.read() : 0
    window = present >= 16 ? try reader.read() : 0
    checksum = present >= 18 ? try reader.read() : 0
    urgentPointer = 0
    options = HeaderOptions(try reader.array(reader.remaining))
  }

  /// Writes the octets that were there, as the fields say.
  public func write(to writer: inout ByteWriter) {
    writer.write(sourcePort)
    writer.write(destinationPort)
    let present = octetsPresent
    if present >= 8 { writer.write(sequence) }
    if present >= 12 { writer.write(acknowledgment) }
    if present >= 14 { writer.write(offsetAndFlags) }
    if present >= 16 { writer.write(window) }
    if present >= 18 { writer.write(checksum) }
    if present >= 20 { writer.write(urgentPointer) }
    options.write(to: &writer)
  }

  /// The flags alone.
  public var flags: TCPFlags { TCPFlags(rawValue: offsetAndFlags & 0xfff) }

  /// Octets of the header as its data offset says; not necessarily as many as there are.
  public var statedLength: Int { Int(offsetAndFlags >> 12) &* 4 }

  /// RFC 9293 section 3.1: the offset counts the fixed header too, so it is never below five.
  var offsetIsBogus: Bool { statedLength < Self.fixedLength }

  /// Whether sequence number, flags and window are all here.
  var isWhole: Bool { octetsPresent >= 16 }

  /// The ports name what follows; nothing does behind a reset or a header that lies.
  public var payloadType: PayloadType {
    // RFC 9293 section 3.5.2: data of a reset is text for people, not part of the stream.
    if offsetIsBogus || flags.contains(.rst) { return .nothing }
    return .ports(.tcpPort, sourcePort, destinationPort)
  }
}
