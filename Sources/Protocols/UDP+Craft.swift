import PacketCore

extension UDP {
  /// A header whose length and checksum follow from what it carries.
  ///
  /// - Parameters:
  ///   - sourcePort: 0 where no answer is wanted.
  ///   - destinationPort: The receiver's port.
  public init(sourcePort: UInt16, destinationPort: UInt16) {
    self.init(sourcePort: sourcePort, destinationPort: destinationPort, length: 0, checksum: 0)
  }

  /// Length and checksum. RFC 768; without IP below, the checksum stays.
  public mutating func complete(_ surroundings: Surroundings) {
    // RFC 2675 section 4: the length of a jumbogram is zero here.
    length = UInt16(exactly: 8 + surroundings.payload.count) ?? 0
    guard var sum = PseudoHeader.sum(surroundings, protocolNumber: 17, headerLength: 8) else {
      return
    }
    checksum = 0
    sum.add(self)
    // "If the computed checksum is zero, it is transmitted as all ones": zero means none.
    checksum = sum.value == 0 ? 0xffff : sum.value
  }
}
