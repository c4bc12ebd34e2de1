import PacketCore

extension IPv4 {
  /// A header whose lengths, protocol and checksum follow from what it carries.
  ///
  /// - Parameters:
  ///   - timeToLive: Routers that the packet may cross.
  ///   - identification: What fragments have in common.
  ///   - flagsAndOffset: 0x4000 is "do not fragment", 0x2000 "more fragments"; the offset counts
  ///     eights of octets.
  ///   - differentiatedServices: DSCP and ECN.
  ///   - protocol: Kept where the next layer has no number of its own, such as a `Payload`.
  ///   - options: At most 40 octets, padded with end-of-options to whole words.
  public init(
    source: IPv4Address, destination: IPv4Address, timeToLive: UInt8 = 64,
    identification: UInt16 = 0, flagsAndOffset: UInt16 = 0, differentiatedServices: UInt8 = 0,
    protocol: UInt8 = 0, options: [UInt8] = []
  ) {
    self.options = HeaderOptions(options).padded
    versionAndLength = 0x40 | UInt8(5 + self.options.count / 4)
    self.differentiatedServices = differentiatedServices
    totalLength = 0
    self.identification = identification
    self.flagsAndOffset = flagsAndOffset
    self.timeToLive = timeToLive
    self.protocol = `protocol`
    checksum = 0
    self.source = source
    self.destination = destination
  }

  /// Header length, total length, protocol and checksum. RFC 791 section 3.1.
  public mutating func complete(_ surroundings: Surroundings) {
    options = options.padded
    let header = 20 + options.count
    versionAndLength = 0x40 | UInt8(truncatingIfNeeded: header / 4)
    // What no packet can say is left open, as senders do whose network card cuts large packets.
    totalLength = UInt16(exactly: header + surroundings.payload.count) ?? 0
    `protocol` = surroundings.ipProtocol(keeping: `protocol`)
    checksum = 0
    checksum = InternetChecksum(over: self).value
  }

  /// The destination is the last one of a source route: RFC 793 section 3.1 has it in the sum.
  public var endpoints: Endpoints? {
    Endpoints(
      source: Address(source),
      destination: Address(options.count > 0 ? finalDestination : destination))
  }
}

extension InternetChecksum {
  /// The sum over a layer's own header.
  init(over layer: some Layer) {
    self.init()
    add(layer)
  }

  /// Adds a layer's own header.
  mutating func add(_ layer: some Layer) {
    var writer = ByteWriter(capacity: 64)
    layer.write(to: &writer)
    add(writer.bytes.span.bytes)
  }
}
