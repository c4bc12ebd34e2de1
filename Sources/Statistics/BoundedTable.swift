/// What a `BoundedTable` is asked by.
protocol TableKey: Equatable {
  /// Spread over all bits; the upper half is taken.
  var hash: UInt64 { get }
}

/// Values by key in the order in which the keys were first seen, never more than a limit: those
/// that come when it is full are left out.
///
/// Open addressing over an array of plain values; `Dictionary` would cost twice as much a packet.
struct BoundedTable<Key: TableKey, Value> {
  /// Keys and values, in the order of their coming.
  private(set) var entries: ContiguousArray<(key: Key, value: Value)> = []
  /// Hash in the upper half, position + 1 in the lower; 0 is free.
  private var slots: ContiguousArray<UInt64> = ContiguousArray(repeating: 0, count: 64)
  private let limit: Int
  /// The position found last: packets come in runs.
  private var last = 0

  /// - Parameter limit: Entries at most.
  init(limit: Int) { self.limit = min(max(limit, 1), 1 << 30) }

  var count: Int { entries.count }

  /// The value at a position.
  subscript(position: Int) -> Value {
    _read { yield entries[position].value }
    _modify { yield &entries[position].value }
  }

  /// Where a key stands, put at the end with `value` when it is new; nil when there is no room.
  @inline(__always)
  mutating func position(of key: Key, orAppend value: @autoclosure () -> Value) -> Int? {
    if last < entries.count, entries[last].key == key { return last }
    let hash = key.hash &>> 32
    if let found = find(key, hash) {
      last = found
      return found
    }
    guard entries.count < limit else { return nil }
    append(key, value(), hash)
    return last
  }

  /// Where a key stands; nil when it does not.
  func position(of key: Key) -> Int? { find(key, key.hash &>> 32) }

  private func find(_ key: Key, _ hash: UInt64) -> Int? {
    let mask = slots.count &- 1
    var index = Int(truncatingIfNeeded: hash) & mask
    while true {
      let slot = slots[index]
      if slot == 0 { return nil }
      if slot &>> 32 == hash {
        let position = Int(truncatingIfNeeded: slot & 0xffff_ffff) &- 1
        if entries[position].key == key { return position }
      }
      index = (index &+ 1) & mask
    }
  }

  @inline(never)
  private mutating func append(_ key: Key, _ value: Value, _ hash: UInt64) {
    if (entries.count + 1) * 2 > slots.count {
      let old = slots
      slots = ContiguousArray(repeating: 0, count: old.count * 2)
      for slot in old where slot != 0 { occupy(slot) }
    }
    last = entries.count
    entries.append((key, value))
    occupy(hash << 32 | UInt64(entries.count))
  }

  private mutating func occupy(_ slot: UInt64) {
    let mask = slots.count - 1
    var index = Int(truncatingIfNeeded: slot >> 32) & mask
    while slots[index] != 0 { index = (index + 1) & mask }
    slots[index] = slot
  }
}
