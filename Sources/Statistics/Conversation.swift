import PacketCore

/// The layers whose conversations and endpoints are counted. tshark's words of `-z conv,…`.
public enum ConversationKind: String, CaseIterable, Sendable {
  case ethernet = "eth"
  case ipv4 = "ip"
  case ipv6 = "ipv6"
  case tcp = "tcp"
  case udp = "udp"

  /// Its name for people.
  var title: String {
    switch self {
    case .ethernet: "Ethernet"
    case .ipv4: "IPv4"
    case .ipv6: "IPv6"
    case .tcp: "TCP"
    case .udp: "UDP"
    }
  }

  /// Whether its ends have ports.
  var hasPorts: Bool { self == .tcp || self == .udp }
}

/// Both ends of a conversation in one order, whichever sent the packet.
struct ConversationKey: TableKey {
  private var lowHigh: UInt64
  private var lowLow: UInt64
  private var highHigh: UInt64
  private var highLow: UInt64
  private var ports: UInt32
  /// Tells apart what has the same ends: the number of the TCP connection.
  var stream: UInt32
  private var family: Address.Family

  /// - Parameter isReversed: Set to whether the packet goes from the high end to the low one.
  @inline(__always)
  init(_ ends: Ends, stream: UInt32, isReversed: inout Bool) {
    let (from, to) = (ends.source, ends.destination)
    isReversed =
      from.high != to.high
      ? from.high > to.high
      : from.low != to.low ? from.low > to.low : ends.sourcePort > ends.destinationPort
    let (low, high) = isReversed ? (to, from) : (from, to)
    lowHigh = low.high
    lowLow = low.low
    highHigh = high.high
    highLow = high.low
    ports =
      isReversed
      ? UInt32(ends.destinationPort) &<< 16 | UInt32(ends.sourcePort)
      : UInt32(ends.sourcePort) &<< 16 | UInt32(ends.destinationPort)
    self.stream = stream
    family = from.family
  }

  @inline(__always)
  var hash: UInt64 {
    // Odd multipliers spread each word over the upper bits, which are the ones taken.
    var hash = (lowLow ^ lowHigh &* 0x9E37_79B9_7F4A_7C15) &* 0xBF58_476D_1CE4_E5B9
    hash ^= hash &>> 32 ^ highLow ^ highHigh &* 0x94D0_49BB_1331_11EB
    hash = hash &* 0x9E37_79B9_7F4A_7C15
    hash ^= hash &>> 29 ^ UInt64(ports) &<< 32 ^ UInt64(stream)
    return hash &* 0xBF58_476D_1CE4_E5B9
  }

  /// The ends, the low one as the source.
  var ends: Ends {
    func address(_ high: UInt64, _ low: UInt64) -> Address {
      switch family {
      case .ipv4: Address(IPv4Address(UInt32(truncatingIfNeeded: low)))
      case .ipv6: Address(IPv6Address(high: high, low: low))
      case .mac: Address(MACAddress(low))
      case .none: .none
      }
    }
    return Ends(
      source: address(lowHigh, lowLow), destination: address(highHigh, highLow),
      sourcePort: UInt16(truncatingIfNeeded: ports >> 16),
      destinationPort: UInt16(truncatingIfNeeded: ports))
  }
}

/// Packets and octets that went one way.
struct Traffic: Equatable {
  var packets: UInt64 = 0
  var octets: UInt64 = 0

  @inline(__always)
  mutating func add(_ octets: UInt64) {
    packets &+= 1
    self.octets &+= octets
  }

  static func + (one: Traffic, other: Traffic) -> Traffic {
    Traffic(packets: one.packets &+ other.packets, octets: one.octets &+ other.octets)
  }
}

/// What was counted of one conversation.
struct Conversation {
  var fromLow = Traffic()
  var fromHigh = Traffic()
  /// Nanoseconds since the capture's first packet.
  var first: Int64
  var last: Int64
  /// Whether the high end sent the first packet, and stands first for that.
  var beganHigh: Bool

  var total: Traffic { fromLow + fromHigh }
}

/// The conversations of one kind.
struct ConversationTable {
  let kind: ConversationKind
  private(set) var table: BoundedTable<ConversationKey, Conversation>
  /// What found no room.
  private(set) var leftOut = Traffic()

  init(_ kind: ConversationKind, limits: Limits) {
    self.kind = kind
    table = BoundedTable(limit: kind == .tcp ? limits.connections : limits.exchanges)
  }

  /// Counts a packet of so many octets.
  @inline(__always)
  mutating func count(_ ends: Ends, stream: UInt32 = 0, octets: UInt64, at time: Int64) {
    var isReversed = false
    let key = ConversationKey(ends, stream: stream, isReversed: &isReversed)
    guard
      let position = table.position(
        of: key, orAppend: Conversation(first: time, last: time, beganHigh: isReversed))
    else { return leftOut.add(octets) }
    Self.count(octets, isReversed, time, in: &table[position])
  }

  private static func count(
    _ octets: UInt64, _ isReversed: Bool, _ time: Int64, in conversation: inout Conversation
  ) {
    if isReversed { conversation.fromHigh.add(octets) } else { conversation.fromLow.add(octets) }
    // A clock may be set back, and files may be out of order.
    if time < conversation.first { conversation.first = time }
    if time > conversation.last { conversation.last = time }
  }
}
