import COctets

/// Values under two words that say whose they are, bounded: when half of the room is used up, the
/// present half becomes the old one, and what was not asked for since the turn before is forgotten.
///
/// One look-up is one or two cache lines; a Dictionary costs several times as much. Used by the one
/// thread that walks.
final class RecentTable<Value: BitwiseCopyable> {
  struct Key: Equatable, BitwiseCopyable {
    var session: UInt64
    var tag: UInt64

    /// Spread over all bits.
    @inline(__always) var hash: UInt64 {
      var hash = (session ^ tag &* 0x9E37_79B9_7F4A_7C15) &* 0xBF58_476D_1CE4_E5B9
      hash = (hash ^ hash &>> 31) &* 0x94D0_49BB_1331_11EB
      return hash ^ hash &>> 29
    }
  }

  private struct Slot: BitwiseCopyable {
    var isUsed: Bool
    var key: Key
    var value: Value
  }

  /// Slots are found by the hash, or directly behind. Of a free one only `isUsed` means something.
  private struct Half {
    var slots: UnsafeMutablePointer<Slot>
    var capacity: Int
    var count = 0

    init(capacity: Int) {
      self.capacity = capacity
      slots = .allocate(capacity: capacity)
      for index in 0..<capacity { isUsed(index).initialize(to: false) }
    }

    func deallocate() { slots.deallocate() }

    @inline(__always)
    func isUsed(_ index: Int) -> UnsafeMutablePointer<Bool> {
      // The first of a slot's properties.
      UnsafeMutableRawPointer(slots + index).assumingMemoryBound(to: Bool.self)
    }

    /// The slot of the key, or the free one where it would be.
    @inline(__always)
    func slot(_ key: Key) -> Int {
      let mask = capacity &- 1
      var index = Int(truncatingIfNeeded: key.hash) & mask
      while isUsed(index).pointee, slots[index].key != key { index = (index &+ 1) & mask }
      return index
    }

    @inline(__always)
    func expect(_ key: Key) {
      netlab_prefetch(slots + Int(truncatingIfNeeded: key.hash) & (capacity &- 1))
    }

    mutating func add(_ key: Key, _ value: Value) -> UnsafeMutablePointer<Value> {
      // Half of it free: a key is nearly always found where it is looked for first.
      if (count &+ 1) &* 2 > capacity { grow() }
      let index = slot(key)
      if !isUsed(index).pointee { count &+= 1 }
      (slots + index).initialize(to: Slot(isUsed: true, key: key, value: value))
      return Self.value(slots + index)
    }

    @inline(__always)
    static func value(_ slot: UnsafeMutablePointer<Slot>) -> UnsafeMutablePointer<Value> {
      let offset = MemoryLayout<Slot>.offset(of: \.value) ?? 0
      return (UnsafeMutableRawPointer(slot) + offset).assumingMemoryBound(to: Value.self)
    }

    private mutating func grow() {
      var larger = Half(capacity: capacity &* 2)
      for index in 0..<capacity where isUsed(index).pointee {
        _ = larger.add(slots[index].key, slots[index].value)
      }
      deallocate()
      self = larger
    }
  }

  // Used by the one thread that walks.
  @exclusivity(unchecked) private var present = Half(capacity: 64)
  @exclusivity(unchecked) private var old = Half(capacity: 1)
  private let halfLimit: Int

  /// - Parameter limit: Values held at most.
  init(limit: Int) { halfLimit = max(limit / 2, 1) }

  deinit {
    present.deallocate()
    old.deallocate()
  }

  /// Values held; those asked for again lately count twice.
  var count: Int { present.count + old.count }

  /// The value under a key, if it is known; the pointer is good until the next call.
  @inline(__always)
  func find(_ session: UInt64, _ tag: UInt64 = 0) -> UnsafeMutablePointer<Value>? {
    let key = Key(session: session, tag: tag)
    let index = present.slot(key)
    if _fastPath(present.isUsed(index).pointee) { return Half.value(present.slots + index) }
    return old.count == 0 ? nil : findOld(key)
  }

  /// A value will be asked for soon: the processor fetches it meanwhile.
  @inline(__always)
  func expect(_ session: UInt64, _ tag: UInt64 = 0) {
    present.expect(Key(session: session, tag: tag))
  }

  private func findOld(_ key: Key) -> UnsafeMutablePointer<Value>? {
    let index = old.slot(key)
    guard old.isUsed(index).pointee else { return nil }
    return insert(key, old.slots[index].value)
  }

  /// Keeps a value under a key; the pointer is good until the next call.
  @discardableResult
  func insert(
    _ session: UInt64, _ tag: UInt64 = 0, _ value: Value
  ) -> UnsafeMutablePointer<Value> {
    insert(Key(session: session, tag: tag), value)
  }

  private func insert(_ key: Key, _ value: Value) -> UnsafeMutablePointer<Value> {
    if present.count >= halfLimit {
      old.deallocate()
      old = present
      present = Half(capacity: 64)
    }
    return present.add(key, value)
  }
}
