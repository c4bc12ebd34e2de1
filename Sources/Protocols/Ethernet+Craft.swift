import PacketCore

extension Ethernet {
  /// A header whose type follows from what it carries.
  ///
  /// - Parameters:
  ///   - source: The station that sends.
  ///   - destination: The station that it is for.
  public init(source: MACAddress, destination: MACAddress) {
    self.init(destination: destination, source: source, type: 0)
  }

  /// The EtherType of the next layer; in front of LLC, and of octets that nobody claims where no
  /// type was given, the length. IEEE 802.3 3.2.6. Frames are not padded.
  public mutating func complete(_ surroundings: Surroundings) {
    type = surroundings.etherType(keeping: type)
  }
}

extension VLAN {
  /// A tag whose type follows from what it carries.
  ///
  /// - Parameters:
  ///   - identifier: 1 to 4094; 0 for a tag that only gives a priority.
  ///   - priority: 0 to 7.
  ///   - isDropEligible: Whether the frame may be dropped first.
  public init(identifier: UInt16, priority: UInt16 = 0, isDropEligible: Bool = false) {
    self.init(
      tag: (priority & 7) << 13 | (isDropEligible ? 0x1000 : 0) | identifier & 0xfff, type: 0)
  }

  /// As Ethernet does.
  public mutating func complete(_ surroundings: Surroundings) {
    type = surroundings.etherType(keeping: type)
  }
}

extension ProviderBridge {
  /// As Ethernet does.
  public mutating func complete(_ surroundings: Surroundings) {
    type = surroundings.etherType(keeping: type)
  }
}

extension Surroundings {
  /// What stands in a type field: an EtherType, or up to 1500 the number of octets behind it.
  func etherType(keeping present: UInt16) -> UInt16 {
    let type = number(in: .etherType, keeping: present)
    return type <= 1500 ? UInt16(clamping: payload.count) : type
  }
}
