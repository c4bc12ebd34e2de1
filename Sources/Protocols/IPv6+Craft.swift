import PacketCore

extension IPv6 {
  /// A header whose length and next header follow from what it carries.
  ///
  /// - Parameters:
  ///   - hopLimit: Routers that the packet may cross.
  ///   - trafficClass: DSCP and ECN.
  ///   - flowLabel: 20 bits; 0 for none.
  ///   - nextHeader: Kept where the next layer has no number of its own; 59 is "none".
  public init(
    source: IPv6Address, destination: IPv6Address, hopLimit: UInt8 = 64, trafficClass: UInt8 = 0,
    flowLabel: UInt32 = 0, nextHeader: UInt8 = 59
  ) {
    versionClassFlow = 6 << 28 | UInt32(trafficClass) << 20 | flowLabel & 0xf_ffff
    payloadLength = 0
    self.nextHeader = nextHeader
    self.hopLimit = hopLimit
    self.source = source
    self.destination = destination
  }

  /// Version, payload length and next header. RFC 8200 section 3.
  public mutating func complete(_ surroundings: Surroundings) {
    versionClassFlow = 6 << 28 | versionClassFlow & 0xfff_ffff
    // RFC 2675 section 3: the length of a jumbogram is zero here.
    payloadLength = UInt16(exactly: surroundings.payload.count) ?? 0
    nextHeader = surroundings.ipProtocol(keeping: nextHeader)
  }

  /// Source and destination.
  public var endpoints: Endpoints? {
    Endpoints(source: Address(source), destination: Address(destination))
  }
}

extension IPv6HopByHop {
  /// The header that follows.
  public mutating func complete(_ surroundings: Surroundings) {
    options.nextHeader = surroundings.ipProtocol(keeping: options.nextHeader)
  }
}

extension IPv6DestinationOptions {
  /// The header that follows.
  public mutating func complete(_ surroundings: Surroundings) {
    options.nextHeader = surroundings.ipProtocol(keeping: options.nextHeader)
  }
}

extension IPv6Fragment {
  /// The header that follows; behind the first fragment it is that of the whole packet, and stays.
  public mutating func complete(_ surroundings: Surroundings) {
    if offset == 0 { nextHeader = surroundings.ipProtocol(keeping: nextHeader) }
  }
}

extension Surroundings {
  /// The next layer's protocol number.
  func ipProtocol(keeping present: UInt8) -> UInt8 {
    UInt8(truncatingIfNeeded: number(in: .ipProtocol, keeping: UInt16(present)))
  }
}
