import PacketCore

/// Where the IP packet begins in a frame, and what the link header says besides.
struct IPStart: Equatable {
  /// Octets before the IP header.
  var offset: Int
  /// Number of the interface, where the link header tells (cooked, version 2).
  var interface: UInt32?
  /// The host sent it (PACKET_OUTGOING), where the link header tells.
  var isOutgoing = false
  /// It carries a VLAN tag.
  var isTagged = false

  /// - Returns: nil for frames that carry no IP and for link types that are not known here.
  init?(_ linkType: LinkType, _ octets: RawSpan) {
    var etherType: Int?
    switch linkType {
    case .raw, .ipv4, .ipv6: self.init(offset: 0)
    case .null, .loop: self.init(offset: 4)
    case .ethernet:
      guard octets.byteCount >= 14 else { return nil }
      self.init(offset: 14)
      etherType = 12
    case .linuxSLL:
      guard octets.byteCount >= 16 else { return nil }
      self.init(offset: 16)
      isOutgoing = Self.word(octets, 0) == 4
      etherType = 14
    case .linuxSLL2:
      guard octets.byteCount >= 20 else { return nil }
      self.init(offset: 20)
      interface = UInt32(Self.word(octets, 4)) << 16 | UInt32(Self.word(octets, 6))
      isOutgoing = octets.unsafeLoad(fromByteOffset: 10, as: UInt8.self) == 4
      etherType = 0
    default: return nil
    }
    if let place = etherType {
      var type = Self.word(octets, place)
      // IEEE 802.1Q: tag and type stand where the type stood; tags may be stacked.
      while type == 0x8100 || type == 0x88a8 || type == 0x9100 {
        guard octets.byteCount >= offset + 4 else { return nil }
        type = Self.word(octets, offset + 2)
        offset += 4
        isTagged = true
      }
      guard type == 0x0800 || type == 0x86dd else { return nil }
    }
    // The version in the header decides, not what the link says.
    guard offset < octets.byteCount else { return nil }
    let version = octets.unsafeLoad(fromByteOffset: offset, as: UInt8.self) >> 4
    guard version == 4 || version == 6 else { return nil }
  }

  init(
    offset: Int, interface: UInt32? = nil, isOutgoing: Bool = false, isTagged: Bool = false
  ) {
    self.offset = offset
    self.interface = interface
    self.isOutgoing = isOutgoing
    self.isTagged = isTagged
  }

  /// Octets of the packet that begins at `offset`, without what fills up a short Ethernet frame.
  func packetLength(_ octets: RawSpan) -> Int {
    let there = octets.byteCount - offset
    guard there >= 20 else { return there }
    let isIPv6 = octets.unsafeLoad(fromByteOffset: offset, as: UInt8.self) >> 4 == 6
    let stated =
      isIPv6 ? Int(Self.word(octets, offset + 4)) + 40 : Int(Self.word(octets, offset + 2))
    // Zero: longer than the field can say (a jumbogram, or a packet the card is to cut up).
    return stated >= 20 && stated < there && !(isIPv6 && stated == 40) ? stated : there
  }

  private static func word(_ octets: RawSpan, _ offset: Int) -> UInt16 {
    UInt16(bigEndian: octets.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
  }
}
