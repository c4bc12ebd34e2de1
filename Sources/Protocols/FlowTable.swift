import PacketCore

/// What makes packets one conversation: both addresses, both ports, and where they were captured,
/// the same for both directions.
struct FlowKey: Equatable {
  private let first: Address
  private let second: Address
  /// The port of `first` in the upper half.
  private let ports: UInt32
  private let point: CapturePoint

  @inline(__always)
  init(
    _ endpoints: Endpoints, _ sourcePort: UInt16, _ destinationPort: UInt16, _ point: CapturePoint
  ) {
    let (source, destination) = (endpoints.source, endpoints.destination)
    let isOrdered =
      source.high != destination.high
      ? source.high < destination.high
      : source.low != destination.low
        ? source.low < destination.low : sourcePort <= destinationPort
    first = isOrdered ? source : destination
    second = isOrdered ? destination : source
    ports =
      isOrdered
      ? UInt32(sourcePort) << 16 | UInt32(destinationPort)
      : UInt32(destinationPort) << 16 | UInt32(sourcePort)
    self.point = point
  }

  /// Spread over all bits, the upper ones best.
  @inline(__always)
  var hash: UInt64 {
    var hash = first.low ^ first.high &* 0x9E37_79B9_7F4A_7C15
    hash = (hash ^ hash &>> 29) &* 0xBF58_476D_1CE4_E5B9
    hash ^= second.low ^ second.high &* 0x94D0_49BB_1331_11EB
    hash = (hash ^ hash &>> 32) &* 0x9E37_79B9_7F4A_7C15
    hash ^= UInt64(ports) ^ UInt64(point.interface) &<< 32 ^ UInt64(point.section) &<< 48
    return (hash ^ hash &>> 29) &* 0xBF58_476D_1CE4_E5B9
  }

  /// The same in sixteen octets, when both ends are IPv4 addresses.
  @inline(__always)
  fileprivate var ipv4: IPv4FlowKey? {
    guard first.family == .ipv4, second.family == .ipv4 else { return nil }
    return IPv4FlowKey(
      first: UInt32(truncatingIfNeeded: first.low), second: UInt32(truncatingIfNeeded: second.low),
      ports: ports, point: point)
  }
}

private struct IPv4FlowKey: FlowHashable {
  var first: UInt32
  var second: UInt32
  var ports: UInt32
  var point: CapturePoint

  @inline(__always)
  var hash: UInt64 {
    var hash = (UInt64(first) &<< 32 | UInt64(second)) &* 0x9E37_79B9_7F4A_7C15
    hash ^= UInt64(ports) ^ UInt64(point.interface) &<< 32 ^ UInt64(point.section) &<< 48
    hash = (hash ^ hash &>> 32) &* 0xBF58_476D_1CE4_E5B9
    return (hash ^ hash &>> 29) &* 0x94D0_49BB_1331_11EB
  }
}

private protocol FlowHashable: Equatable {
  /// Spread over all bits, the upper ones best.
  var hash: UInt64 { get }
}

extension FlowKey: FlowHashable {}

/// What tells the values of one conversation apart.
protocol FlowTag: Equatable {
  /// Mixed into the conversation's hash.
  var spread: UInt64 { get }
}

extension UInt64: FlowTag {
  @inline(__always) var spread: UInt64 { self &* 0x9E37_79B9_7F4A_7C15 }
}

/// For one value a conversation.
struct NoTag: FlowTag {
  @inline(__always) var spread: UInt64 { 0 }
}

/// Values by conversation and a tag within it, bounded: what is idle longest goes first.
///
/// IPv4 conversations stand apart, in half the room: a capture holds hundreds of thousands of them,
/// most a question and its answer.
struct FlowTable<Tag: FlowTag, Value> {
  private var ipv4: FlowHalves<IPv4FlowKey, Tag, Value>
  private var other: FlowHalves<FlowKey, Tag, Value>

  /// - Parameter limit: Values held at most over IPv4; half as many over everything else.
  init(limit: Int) {
    ipv4 = FlowHalves(limit: limit)
    other = FlowHalves(limit: limit / 2)
  }

  /// Values held.
  var count: Int { ipv4.count + other.count }

  /// The value of a conversation and tag, if it is known.
  subscript(_ key: FlowKey, _ tag: Tag) -> Value? {
    mutating get {
      if let short = key.ipv4 { return ipv4.value(short, tag) }
      return other.value(key, tag)
    }
    set {
      guard let newValue else { return }
      if let short = key.ipv4 {
        ipv4.set(short, tag, newValue)
      } else {
        other.set(key, tag, newValue)
      }
    }
  }
}

/// When half of the room is used up, the present half becomes the old one, and the old one with
/// all that was not asked for since is forgotten.
private struct FlowHalves<Key: FlowHashable, Tag: FlowTag, Value> {
  private typealias Half = FlowHalf<Key, Tag, Value>
  private var present = Half()
  private var old = Half()
  private let halfLimit: Int

  init(limit: Int) { halfLimit = min(max(limit / 2, 1), Half.mostEntries) }

  var count: Int { present.count + old.count }

  mutating func value(_ key: Key, _ tag: Tag) -> Value? {
    let hash = key.hash ^ tag.spread
    if let position = present.position(key, tag, hash) { return present[position].value }
    guard old.count > 0, let position = old.position(key, tag, hash) else { return nil }
    let value = old[position].value
    insert(key, tag, value)
    return value
  }

  mutating func set(_ key: Key, _ tag: Tag, _ value: Value) {
    if let position = present.position(key, tag, key.hash ^ tag.spread) {
      present[position].value = value
    } else {
      insert(key, tag, value)
    }
  }

  private mutating func insert(_ key: Key, _ tag: Tag, _ value: Value) {
    if present.count >= halfLimit {
      old = present
      present = Half()
    }
    present.append(FlowEntry(key: key, tag: tag, value: value))
  }
}

private struct FlowEntry<Key: FlowHashable, Tag: FlowTag, Value> {
  var key: Key
  var tag: Tag
  var value: Value

  @inline(__always) var hash: UInt64 { key.hash ^ tag.spread }
}

/// An open-addressing table of numbers; the entries themselves stand still in blocks, so that a
/// growing table copies four octets an entry and no room is taken ahead.
private struct FlowHalf<Key: FlowHashable, Tag: FlowTag, Value> {
  private static var blockShift: Int { 9 }
  private static var blockMask: Int { (1 << blockShift) - 1 }
  private static var numberMask: UInt32 { (1 << 20) - 1 }
  /// As many as a slot can number.
  static var mostEntries: Int { Int(numberMask) - 1 }

  /// Twelve bits of the hash, which spare a look at most entries that are not meant, and the number
  /// of the entry + 1 in twenty; 0 is free.
  private var slots: ContiguousArray<UInt32> = ContiguousArray(repeating: 0, count: 64)
  private var blocks: [ContiguousArray<FlowEntry<Key, Tag, Value>>] = []
  private(set) var count = 0

  subscript(position: Int) -> FlowEntry<Key, Tag, Value> {
    _read { yield blocks[position >> Self.blockShift][position & Self.blockMask] }
    _modify { yield &blocks[position >> Self.blockShift][position & Self.blockMask] }
  }

  func position(_ key: Key, _ tag: Tag, _ hash: UInt64) -> Int? {
    let mask = slots.count &- 1
    var index = Int(truncatingIfNeeded: hash &>> 32) & mask
    while true {
      let slot = slots[index]
      if slot == 0 { return nil }
      if (slot ^ UInt32(truncatingIfNeeded: hash)) & ~Self.numberMask == 0 {
        let position = Int(slot & Self.numberMask) &- 1
        if self[position].tag == tag, self[position].key == key { return position }
      }
      index = (index &+ 1) & mask
    }
  }

  mutating func append(_ entry: FlowEntry<Key, Tag, Value>) {
    if (count + 1) * 2 > slots.count {
      slots = ContiguousArray(repeating: 0, count: slots.count * 2)
      for position in 0..<count { occupy(self[position].hash, position) }
    }
    if count & Self.blockMask == 0 {
      var block = ContiguousArray<FlowEntry<Key, Tag, Value>>()
      block.reserveCapacity(count == 0 ? 16 : 1 << Self.blockShift)
      blocks.append(block)
    }
    blocks[count >> Self.blockShift].append(entry)
    occupy(entry.hash, count)
    count += 1
  }

  private mutating func occupy(_ hash: UInt64, _ position: Int) {
    let mask = slots.count - 1
    var index = Int(truncatingIfNeeded: hash &>> 32) & mask
    while slots[index] != 0 { index = (index + 1) & mask }
    slots[index] =
      UInt32(truncatingIfNeeded: hash) & ~Self.numberMask
      | UInt32(truncatingIfNeeded: position &+ 1)
  }
}
