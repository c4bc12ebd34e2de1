import PacketCore

extension ICMP {
  /// A message whose checksum follows from what it carries.
  ///
  /// - Parameter rest: The second four octets.
  public init(type: UInt8, code: UInt8 = 0, rest: UInt32 = 0) {
    self.type = type
    self.code = code
    checksum = 0
    self.rest = rest
  }

  /// An echo request; its data is the next layer. RFC 792.
  public static func echoRequest(identifier: UInt16, sequence: UInt16) -> ICMP {
    ICMP(type: 8, rest: UInt32(identifier) << 16 | UInt32(sequence))
  }

  /// The reply to one, with the same data.
  public static func echoReply(identifier: UInt16, sequence: UInt16) -> ICMP {
    ICMP(type: 0, rest: UInt32(identifier) << 16 | UInt32(sequence))
  }

  /// The checksum, over the whole message.
  public mutating func complete(_ surroundings: Surroundings) {
    checksum = 0
    var sum = InternetChecksum(over: self)
    sum.add(surroundings.payload.span.bytes)
    checksum = sum.value
  }
}

extension ICMPv6 {
  /// A message whose checksum follows from what it carries.
  ///
  /// - Parameters:
  ///   - rest: The second four octets.
  ///   - body: What follows, for neighbour discovery and multicast listeners.
  public init(type: UInt8, code: UInt8 = 0, rest: UInt32 = 0, body: [UInt8] = []) {
    self.type = type
    self.code = code
    checksum = 0
    self.rest = rest
    self.body = body
  }

  /// An echo request; its data is the next layer. RFC 4443 section 4.1.
  public static func echoRequest(identifier: UInt16, sequence: UInt16) -> ICMPv6 {
    ICMPv6(type: 128, rest: UInt32(identifier) << 16 | UInt32(sequence))
  }

  /// The reply to one, with the same data.
  public static func echoReply(identifier: UInt16, sequence: UInt16) -> ICMPv6 {
    ICMPv6(type: 129, rest: UInt32(identifier) << 16 | UInt32(sequence))
  }

  /// The checksum, over the pseudo-header and the whole message. RFC 4443 section 2.3.
  public mutating func complete(_ surroundings: Surroundings) {
    guard
      var sum = PseudoHeader.sum(
        surroundings, protocolNumber: 58, headerLength: 8 + body.count)
    else { return }
    checksum = 0
    // The header is summed behind the payload; only a body of an odd number of octets would shift
    // the words, and its messages carry nothing behind it.
    sum.add(self)
    checksum = sum.value
  }
}
