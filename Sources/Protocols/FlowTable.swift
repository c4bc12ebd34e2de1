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

private struct IPv4FlowKey: Equatable {
  var first: UInt32
  var second: UInt32
  var ports: UInt32
  var point: CapturePoint
}

/// Values by conversation and a number within it, bounded: what is idle longest goes first.
///
/// IPv4 conversations stand apart, in half the room: a capture holds hundreds of thousands of them,
/// most a question and its answer.
struct FlowTable<Value> {
  private var ipv4: FlowHalves<IPv4FlowKey, Value>
  private var other: FlowHalves<FlowKey, Value>

  /// - Parameter limit: Values held at most over IPv4; half as many over everything else.
  init(limit: Int) {
    ipv4 = FlowHalves(limit: limit)
    other = FlowHalves(limit: limit / 2)
  }

  /// Values held.
  var count: Int { ipv4.count + other.count }

  /// The value of a conversation and number, if it is known.
  subscript(_ key: FlowKey, _ tag: UInt64 = 0) -> Value? {
    mutating get {
      let hash = key.hash ^ Self.spread(tag)
      if let short = key.ipv4 { return ipv4.value(short, tag, hash) }
      return other.value(key, tag, hash)
    }
    set {
      guard let newValue else { return }
      let hash = key.hash ^ Self.spread(tag)
      if let short = key.ipv4 {
        ipv4.set(short, tag, hash, newValue)
      } else {
        other.set(key, tag, hash, newValue)
      }
    }
  }

  private static func spread(_ tag: UInt64) -> UInt64 { tag &* 0x9E37_79B9_7F4A_7C15 }
}

/// When half of the room is used up, the present half becomes the old one, and the old one with
/// all that was not asked for since is forgotten.
private struct FlowHalves<Key: Equatable, Value> {
  private var present = FlowHalf<Key, Value>()
  private var old = FlowHalf<Key, Value>()
  private let halfLimit: Int

  init(limit: Int) { halfLimit = max(limit / 2, 1) }

  var count: Int { present.count + old.count }

  mutating func value(_ key: Key, _ tag: UInt64, _ hash: UInt64) -> Value? {
    if let position = present.position(key, tag, hash) { return present[position].value }
    guard old.count > 0, let position = old.position(key, tag, hash) else { return nil }
    let value = old[position].value
    insert(key, tag, hash, value)
    return value
  }

  mutating func set(_ key: Key, _ tag: UInt64, _ hash: UInt64, _ value: Value) {
    if let position = present.position(key, tag, hash) {
      present[position].value = value
    } else {
      insert(key, tag, hash, value)
    }
  }

  private mutating func insert(_ key: Key, _ tag: UInt64, _ hash: UInt64, _ value: Value) {
    if present.count >= halfLimit {
      old = present
      present = FlowHalf()
    }
    present.append(FlowEntry(key: key, tag: tag, value: value), hash)
  }
}

private struct FlowEntry<Key, Value> {
  var key: Key
  var tag: UInt64
  var value: Value
}

/// An open-addressing table of numbers; the entries themselves stand still in blocks, so that a
/// growing table copies eight octets an entry and no room is taken ahead.
private struct FlowHalf<Key: Equatable, Value> {
  private static var blockShift: Int { 9 }
  private static var blockMask: Int { (1 << blockShift) - 1 }

  /// Half of the hash in the upper half, number of the entry + 1 in the lower; 0 is free.
  private var slots: ContiguousArray<UInt64> = ContiguousArray(repeating: 0, count: 64)
  private var blocks: [ContiguousArray<FlowEntry<Key, Value>>] = []
  private(set) var count = 0

  subscript(position: Int) -> FlowEntry<Key, Value> {
    _read { yield blocks[position >> Self.blockShift][position & Self.blockMask] }
    _modify { yield &blocks[position >> Self.blockShift][position & Self.blockMask] }
  }

  func position(_ key: Key, _ tag: UInt64, _ hash: UInt64) -> Int? {
    let mask = slots.count &- 1
    var index = Int(truncatingIfNeeded: hash &>> 32) & mask
    while true {
      let slot = slots[index]
      if slot == 0 { return nil }
      if slot &>> 32 == hash &>> 32 {
        let position = Int(truncatingIfNeeded: slot & 0xffff_ffff) &- 1
        if self[position].tag == tag, self[position].key == key { return position }
      }
      index = (index &+ 1) & mask
    }
  }

  mutating func append(_ entry: FlowEntry<Key, Value>, _ hash: UInt64) {
    if (count + 1) * 2 > slots.count {
      let smaller = slots
      slots = ContiguousArray(repeating: 0, count: smaller.count * 2)
      for slot in smaller where slot != 0 { occupy(slot) }
    }
    if count & Self.blockMask == 0 {
      var block = ContiguousArray<FlowEntry<Key, Value>>()
      block.reserveCapacity(count == 0 ? 16 : 1 << Self.blockShift)
      blocks.append(block)
    }
    blocks[count >> Self.blockShift].append(entry)
    count += 1
    occupy(hash & 0xffff_ffff_0000_0000 | UInt64(truncatingIfNeeded: count))
  }

  private mutating func occupy(_ slot: UInt64) {
    let mask = slots.count - 1
    var index = Int(truncatingIfNeeded: slot &>> 32) & mask
    while slots[index] != 0 { index = (index + 1) & mask }
    slots[index] = slot
  }
}
