import PacketCore

extension TCP {
  /// An option of a header to be sent.
  public enum Option: Sendable, Equatable {
    /// Kind 0: the list ends here.
    case end
    /// Kind 1: one octet that aligns what follows.
    case noOperation
    /// Kind 2, in a SYN: the largest segment that the sender will take. RFC 9293 section 3.7.1.
    case maximumSegmentSize(UInt16)
    /// Kind 3, in a SYN: windows are to be shifted left by this, at most 14. RFC 7323 section 2.
    case windowScale(UInt8)
    /// Kind 4, in a SYN. RFC 2018 section 2.
    case sackPermitted
    /// Kind 5: what arrived beyond the acknowledgment, at most four blocks of the number of the
    /// first octet and the one behind the last. RFC 2018 section 3; a first block below the
    /// acknowledgment reports octets that arrived twice, RFC 2883.
    case sack([(left: UInt32, right: UInt32)])
    /// Kind 8. RFC 7323 section 3.
    case timestamps(value: UInt32, echo: UInt32)
    /// Any other kind with its octets, kind and length left out.
    case other(kind: UInt8, [UInt8])

    /// The option's octets.
    public func write(to writer: inout ByteWriter) {
      switch self {
      case .end: writer.write(TCPOption.Kind.end)
      case .noOperation: writer.write(TCPOption.Kind.noOperation)
      case .maximumSegmentSize(let size):
        writer.write(UInt16(TCPOption.Kind.maximumSegmentSize) << 8 | 4)
        writer.write(size)
      case .windowScale(let shift):
        writer.write(UInt16(TCPOption.Kind.windowScale) << 8 | 3)
        writer.write(shift)
      case .sackPermitted: writer.write(UInt16(TCPOption.Kind.sackPermitted) << 8 | 2)
      case .sack(let blocks):
        writer.write(
          UInt16(TCPOption.Kind.sack) << 8 | UInt16(truncatingIfNeeded: 2 + 8 * blocks.count))
        for block in blocks {
          writer.write(block.left)
          writer.write(block.right)
        }
      case .timestamps(let value, let echo):
        writer.write(UInt16(TCPOption.Kind.timestamps) << 8 | 10)
        writer.write(value)
        writer.write(echo)
      case .other(let kind, let octets):
        writer.write(kind)
        writer.write(UInt8(truncatingIfNeeded: 2 + octets.count))
        writer.write(octets)
      }
    }

    /// Compares the octets.
    public static func == (left: Option, right: Option) -> Bool {
      HeaderOptions([left]) == HeaderOptions([right])
    }
  }

  /// A header with options by name.
  ///
  /// - Parameters:
  ///   - flags: SYN, ACK and so on; the data offset follows from the options.
  ///   - options: At most 40 octets of them, padded with end-of-options to whole words.
  public init(
    sourcePort: UInt16, destinationPort: UInt16, sequence: UInt32 = 0, acknowledgment: UInt32 = 0,
    flags: TCPFlags, window: UInt16 = 0, urgentPointer: UInt16 = 0, options: [Option]
  ) {
    self.init(
      sourcePort: sourcePort, destinationPort: destinationPort, sequence: sequence,
      acknowledgment: acknowledgment, flags: flags, window: window, urgentPointer: urgentPointer)
    self.options = HeaderOptions(options).padded
    offsetAndFlags = UInt16(5 + self.options.count / 4) << 12 | flags.rawValue & 0xfff
  }

  /// Data offset and checksum. RFC 9293 section 3.1; without IP below, the checksum stays.
  public mutating func complete(_ surroundings: Surroundings) {
    options = options.padded
    octetsPresent = 20
    let length = Self.fixedLength + options.count
    offsetAndFlags = UInt16(truncatingIfNeeded: length / 4) << 12 | offsetAndFlags & 0xfff
    guard
      var sum = PseudoHeader.sum(
        surroundings, protocolNumber: Self.ipProtocol, headerLength: length)
    else { return }
    checksum = 0
    sum.add(self)
    checksum = sum.value
  }
}

extension HeaderOptions {
  /// TCP options in this order; what is beyond 40 octets is left out.
  public init(_ options: [TCP.Option]) {
    var writer = ByteWriter()
    for option in options { option.write(to: &writer) }
    self.init(writer.bytes)
  }
}

extension PseudoHeader {
  /// The sum over the pseudo-header and everything behind a header that is being completed; nil
  /// where no IP is below.
  ///
  /// - Parameter headerLength: Octets of the header, an even number of them.
  static func sum(
    _ surroundings: Surroundings, protocolNumber: UInt8, headerLength: Int
  ) -> InternetChecksum? {
    guard let endpoints = surroundings.endpoints,
      var sum = sum(
        endpoints, protocolNumber: protocolNumber,
        length: headerLength + surroundings.payload.count)
    else { return nil }
    sum.add(surroundings.payload.span.bytes)
    return sum
  }
}
