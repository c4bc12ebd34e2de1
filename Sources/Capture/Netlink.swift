import Glibc
import PacketCore

/// Messages of rtnetlink(7), made and read as octets in the machine's own order. No I/O.
enum Netlink {
  static let getRoute: UInt16 = 26  // RTM_GETROUTE
  static let newRoute: UInt16 = 24
  static let getNeighbour: UInt16 = 30  // RTM_GETNEIGH
  static let newNeighbour: UInt16 = 28
  static let error: UInt16 = 2  // NLMSG_ERROR
  static let done: UInt16 = 3  // NLMSG_DONE
  static let headerLength = 16

  /// One attribute: struct rtattr and its octets.
  struct Attribute: Equatable {
    var type: UInt16
    var octets: [UInt8]

    init(_ type: UInt16, _ octets: [UInt8]) {
      self.type = type
      self.octets = octets
    }

    init(_ type: UInt16, _ number: UInt32) {
      self.init(type, withUnsafeBytes(of: number) { Array($0) })
    }

    /// Its first four octets as a number.
    var number: UInt32 { Netlink.load(octets, 0, UInt32.self) ?? 0 }

    /// Its octets as an address; nil when there are not 4 or 16 of them.
    var address: Address? { Address(networkOctets: octets) }

    /// The attributes within it.
    var nested: [Attribute] { Netlink.attributes(octets[...]) }
  }

  /// A message that arrived.
  struct Message: Equatable {
    var type: UInt16
    /// After the header: the fixed structure and the attributes.
    var body: ArraySlice<UInt8>
  }

  /// A whole message: struct nlmsghdr, the fixed structure, the attributes.
  static func message(
    _ type: UInt16, flags: UInt16, fixed: [UInt8], _ attributes: [Attribute]
  ) -> [UInt8] {
    var body = fixed
    for attribute in attributes {
      body += bytes(UInt16(truncatingIfNeeded: 4 + attribute.octets.count)) + bytes(attribute.type)
      body += attribute.octets + [UInt8](repeating: 0, count: -attribute.octets.count & 3)
    }
    return bytes(UInt32(truncatingIfNeeded: headerLength + body.count)) + bytes(type)
      + bytes(flags) + bytes(UInt32(1)) + bytes(UInt32(0)) + body
  }

  /// The messages of one datagram; what does not fit its own length ends the list.
  static func messages(_ datagram: [UInt8]) -> [Message] {
    var messages: [Message] = []
    var start = 0
    while let length = load(datagram, start, UInt32.self),
      let type = load(datagram, start + 4, UInt16.self),
      length >= UInt32(headerLength), Int(length) <= datagram.count - start
    {
      messages.append(
        Message(type: type, body: datagram[(start + headerLength)..<(start + Int(length))]))
      start += (Int(length) + 3) & ~3
    }
    return messages
  }

  /// The attributes in these octets.
  static func attributes(_ octets: ArraySlice<UInt8>) -> [Attribute] {
    let octets = Array(octets)
    var attributes: [Attribute] = []
    var start = 0
    while let length = load(octets, start, UInt16.self),
      let type = load(octets, start + 2, UInt16.self),
      length >= 4, Int(length) <= octets.count - start
    {
      // The upper two bits are flags: NLA_F_NESTED, NLA_F_NET_BYTEORDER.
      attributes.append(
        Attribute(type & 0x3fff, Array(octets[(start + 4)..<(start + Int(length))])))
      start += (Int(length) + 3) & ~3
    }
    return attributes
  }

  /// The error number in an NLMSG_ERROR; 0 is an acknowledgement.
  static func errorNumber(_ message: Message) -> Int32 {
    let number = load(Array(message.body), 0, Int32.self) ?? 0
    return number == .min ? .max : -number
  }

  static func load<T: FixedWidthInteger>(_ octets: [UInt8], _ offset: Int, _ type: T.Type) -> T? {
    guard offset >= 0, offset <= octets.count - MemoryLayout<T>.size else { return nil }
    return octets.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: T.self) }
  }

  private static func bytes<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
    withUnsafeBytes(of: value) { Array($0) }
  }

  /// Asks the kernel.
  ///
  /// - Parameter isList: The answer is many messages, ended by NLMSG_DONE.
  /// - Throws: `SocketFailure(.system)` when there is no socket or no answer.
  static func ask(_ request: [UInt8], isList: Bool = false) throws(SocketFailure) -> [Message] {
    // NETLINK_ROUTE is protocol 0.
    let descriptor = socket(AF_NETLINK, Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else {
      throw SocketFailure(.system, "the kernel cannot be asked for routes: \(systemMessage(errno))")
    }
    let owner = OwnedDescriptor(descriptor)
    guard send(owner.number, request, request.count, 0) == request.count else {
      throw SocketFailure(.system, "the kernel cannot be asked for routes: \(systemMessage(errno))")
    }
    var answers: [Message] = []
    var block = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = recv(owner.number, &block, block.count, 0)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        throw SocketFailure(.system, "no answer about routes: \(systemMessage(errno))")
      }
      let messages = messages(Array(block[..<count]))
      answers += messages
      if !isList || messages.contains(where: { $0.type == done || $0.type == error }) {
        return answers
      }
      if messages.isEmpty { return answers }
    }
  }
}

extension Address {
  /// The address of 4 or 16 octets in network order.
  init?(networkOctets octets: some Collection<UInt8>) {
    switch octets.count {
    case 4: self.init(IPv4Address(octets.reduce(0) { $0 << 8 | UInt32($1) }))
    case 16:
      self.init(
        IPv6Address(
          high: octets.prefix(8).reduce(0) { $0 << 8 | UInt64($1) },
          low: octets.suffix(8).reduce(0) { $0 << 8 | UInt64($1) }))
    default: return nil
    }
  }

  /// An IP address' octets in network order; none for others.
  var networkOctets: [UInt8] {
    if let ipv4 { return withUnsafeBytes(of: ipv4.value.bigEndian) { Array($0) } }
    if let ipv6 {
      return withUnsafeBytes(of: ipv6.high.bigEndian) { Array($0) }
        + withUnsafeBytes(of: ipv6.low.bigEndian) { Array($0) }
    }
    return []
  }
}
