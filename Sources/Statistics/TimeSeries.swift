/// Values over time in fixed memory: a few hundred slots of equal length. When the time is longer
/// than they reach, neighbours are joined and the slots become twice as long.
struct TimeSeries {
  /// What happened in one slot.
  struct Slot {
    var count: UInt64 = 0
    var sum: Double = 0
    var least: Int64 = .max
    var most: Int64 = .min

    var mean: Double { count == 0 ? 0 : sum / Double(count) }

    mutating func join(_ other: Slot) {
      count &+= other.count
      sum += other.sum
      least = min(least, other.least)
      most = max(most, other.most)
    }
  }

  static let count = 512
  private(set) var slots = ContiguousArray(repeating: Slot(), count: Self.count)
  /// Nanoseconds of a slot.
  private(set) var length: Int64 = 1 << 16

  /// Takes a value at a time, both in nanoseconds; times before the first packet count as that.
  mutating func add(_ value: Int64, at time: Int64) {
    var place = max(time, 0) / length
    while place >= Self.count {
      double()
      place = max(time, 0) / length
    }
    slots[Int(place)].count &+= 1
    slots[Int(place)].sum += Double(value)
    slots[Int(place)].least = min(slots[Int(place)].least, value)
    slots[Int(place)].most = max(slots[Int(place)].most, value)
  }

  private mutating func double() {
    length &*= 2
    for place in 0..<Self.count / 2 {
      var slot = slots[place * 2]
      slot.join(slots[place * 2 + 1])
      slots[place] = slot
    }
    for place in Self.count / 2..<Self.count { slots[place] = Slot() }
  }
}
