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
}

/// Values by conversation and a number within it, in an open-addressing table over plain arrays.
///
/// Bounded: when half of the room is used up, the present half becomes the old one, and the old
/// one with all that was not asked for since is forgotten. So what is idle longest goes first.
struct FlowTable<Value> {
  private struct Half {
    var index: [UInt32] = Array(repeating: 0, count: 64)
    var keys: [FlowKey] = []
    var tags: [UInt64] = []
    var values: [Value] = []

    @inline(__always)
    func position(_ key: FlowKey, _ tag: UInt64, _ hash: UInt64) -> Int? {
      let mask = index.count &- 1
      var slot = Int(truncatingIfNeeded: hash &>> 32) & mask
      while index[slot] != 0 {
        let position = Int(index[slot]) &- 1
        if tags[position] == tag, keys[position] == key { return position }
        slot = (slot &+ 1) & mask
      }
      return nil
    }

    mutating func append(_ key: FlowKey, _ tag: UInt64, _ hash: UInt64, _ value: Value) {
      if (keys.count + 1) * 2 > index.count {
        index = Array(repeating: 0, count: index.count * 2)
        for position in keys.indices { place(position, keys[position].hash ^ tags[position]) }
      }
      keys.append(key)
      tags.append(tag)
      values.append(value)
      place(keys.count - 1, hash)
    }

    private mutating func place(_ position: Int, _ hash: UInt64) {
      let mask = index.count &- 1
      var slot = Int(truncatingIfNeeded: hash &>> 32) & mask
      while index[slot] != 0 { slot = (slot &+ 1) & mask }
      index[slot] = UInt32(truncatingIfNeeded: position &+ 1)
    }
  }

  private var present = Half()
  private var old = Half()
  private let halfLimit: Int

  /// - Parameter limit: Values held at most.
  init(limit: Int) { halfLimit = max(limit / 2, 1) }

  /// Values held.
  var count: Int { present.keys.count + old.keys.count }

  /// The value of a conversation and number, if it is known.
  @inline(__always)
  subscript(_ key: FlowKey, _ tag: UInt64 = 0) -> Value? {
    mutating get {
      let spread = tag &* 0x9E37_79B9_7F4A_7C15
      let hash = key.hash ^ spread
      if let position = present.position(key, spread, hash) { return present.values[position] }
      guard !old.keys.isEmpty, let position = old.position(key, spread, hash) else { return nil }
      let value = old.values[position]
      insert(key, spread, hash, value)
      return value
    }
    set {
      guard let newValue else { return }
      let spread = tag &* 0x9E37_79B9_7F4A_7C15
      let hash = key.hash ^ spread
      if let position = present.position(key, spread, hash) {
        present.values[position] = newValue
      } else {
        insert(key, spread, hash, newValue)
      }
    }
  }

  private mutating func insert(_ key: FlowKey, _ tag: UInt64, _ hash: UInt64, _ value: Value) {
    if present.keys.count >= halfLimit {
      old = present
      present = Half()
    }
    present.append(key, tag, hash, value)
  }
}
