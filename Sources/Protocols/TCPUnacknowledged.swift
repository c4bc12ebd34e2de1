/// The segments that wait for an acknowledgment, of all connections: lists in one block of memory, which
/// is this value's alone, as those of `TCPConnectionTable` are; places come from the lists themselves.
///
/// A segment costs a place from the first free one and gives it back when it is acknowledged. Two
/// bounds hold the memory: a direction waits with at most `TCPUnacknowledged.perDirection` segments
/// (those behind are not waited for, as in Wireshark), and all together with at most `limit`.
struct TCPUnacknowledged: ~Copyable {
  /// One direction's segments in the order of capture.
  struct List: Sendable {
    var first: UInt32 = 0
    var last: UInt32 = 0
    var count: UInt16 = 0
    /// The lowest number waiting and the number after the highest, counted from the base.
    var lowest: UInt32 = 0
    var highest: UInt32 = 0
  }

  /// A segment that was sent and not acknowledged yet.
  struct Segment: Sendable {
    var sequence: UInt32
    /// The number after its last.
    var next: UInt32
    var frame: UInt32
    /// Place of the segment captured after it, or of the next free one.
    var link: UInt32
    var time: Int64
  }

  static let perDirection: UInt16 = 10_000

  private var segments: UnsafeMutablePointer<Segment>
  /// Places in use or free, and room for more.
  private(set) var places = 0
  private var capacity = 64
  /// Place + 1 of the first free segment, 0 for none. Places count from 1 throughout.
  private var free: UInt32 = 0
  private(set) var inUse = 0
  let limit: Int

  init(limit: Int) {
    self.limit = limit
    segments = .allocate(capacity: capacity)
  }

  deinit { segments.deallocate() }

  /// What stands in a place, from 1; of a free one the link alone means something.
  subscript(place: UInt32) -> Segment {
    @inline(__always) _read { yield segments[Int(place) &- 1] }
    @inline(__always) nonmutating _modify { yield &segments[Int(place) &- 1] }
  }

  /// Whether no place is left before the limit.
  var isFull: Bool { free == 0 && places >= limit }

  /// Waits for one more segment; the caller has seen to it that there is room.
  mutating func append(
    _ sequence: UInt32, next: UInt32, frame: UInt32, time: Int64,
    to direction: inout TCPDirection
  ) {
    let segment = Segment(sequence: sequence, next: next, frame: frame, link: 0, time: time)
    let place: UInt32
    if free != 0 {
      place = free
      free = self[place].link
      self[place] = segment
    } else {
      if _slowPath(places == capacity) { grow() }
      (segments + places).initialize(to: segment)
      places &+= 1
      place = UInt32(truncatingIfNeeded: places)
    }
    inUse &+= 1
    let base = direction.base
    let wraps = next &- base < sequence &- base
    if direction.unacknowledged.count == 0 {
      direction.unacknowledged = List(
        first: place, last: place, count: 1, lowest: sequence, highest: next)
      direction.bits.insert(.isOrdered)
      direction.bits.remove(.wraps)
      if wraps { direction.bits.insert(.wraps) }
      return
    }
    if wraps { direction.bits.insert(.wraps) }
    self[direction.unacknowledged.last].link = place
    direction.unacknowledged.last = place
    direction.unacknowledged.count &+= 1
    if sequence &- base < direction.unacknowledged.highest &- base {
      direction.bits.remove(.isOrdered)
    }
    if sequence &- base < direction.unacknowledged.lowest &- base {
      direction.unacknowledged.lowest = sequence
    }
    if next &- base > direction.unacknowledged.highest &- base {
      direction.unacknowledged.highest = next
    }
  }

  /// Takes out what an acknowledgment covers; of a segment covered in part the rest stays.
  ///
  /// Ordered lists, nearly all of them, are served from the front; only while a retransmission is
  /// among the segments is the whole list looked through.
  ///
  /// - Returns: The first captured segment that ends exactly where the acknowledgment does.
  mutating func acknowledge(_ acknowledgment: UInt32, in direction: inout TCPDirection)
    -> (frame: UInt32, time: Int64)?
  {
    guard direction.unacknowledged.count > 0 else { return nil }
    // Which comes first is a matter of less than half the way around: only within a quarter of it
    // do conclusions about one segment hold for those behind it.
    let quarter: UInt32 = 1 << 30
    let lowest = direction.unacknowledged.lowest
    let isNarrow =
      direction.unacknowledged.highest &- lowest < quarter && !direction.bits.contains(.wraps)
    if isNarrow, lowest &- acknowledgment < quarter { return nil }
    let isOrdered = isNarrow && direction.bits.contains(.isOrdered)
    let base = direction.base
    var match: (frame: UInt32, time: Int64)?
    var place = direction.unacknowledged.first
    var kept: UInt32 = 0
    var list = List()
    var ordered = true
    while place != 0 {
      var segment = self[place]
      let link = segment.link
      let isExact = acknowledgment == segment.next
      let isPartial =
        !isExact && acknowledgment.isAfter(segment.sequence)
        && acknowledgment.isAtMost(segment.next)
      if isPartial {
        segment.sequence = acknowledgment
        self[place].sequence = acknowledgment
      }
      if isExact || !isPartial && !segment.next.isAfter(acknowledgment) {
        if isExact, match == nil { match = (segment.frame, segment.time) }
        if kept != 0 { self[kept].link = link }
        release(place)
        direction.unacknowledged.count &-= 1
      } else {
        if isOrdered, segment.next &- acknowledgment < quarter {
          direction.unacknowledged.first = place
          direction.unacknowledged.lowest = segment.sequence
          return match
        }
        if kept == 0 {
          list = List(
            first: place, last: place, count: 0, lowest: segment.sequence, highest: segment.next)
        } else {
          if segment.sequence &- base < list.highest &- base { ordered = false }
          if segment.sequence &- base < list.lowest &- base { list.lowest = segment.sequence }
          if segment.next &- base > list.highest &- base { list.highest = segment.next }
        }
        kept = place
      }
      place = link
    }
    list.last = kept
    list.count = direction.unacknowledged.count
    direction.unacknowledged = list
    if ordered { direction.bits.insert(.isOrdered) }
    return match
  }

  /// The segment that has waited longest.
  func oldest(in direction: TCPDirection) -> Segment? {
    let place = direction.unacknowledged.first
    return place == 0 ? nil : self[place]
  }

  /// Counts the lowest and the highest number anew, from another base.
  func measure(_ direction: inout TCPDirection) {
    let base = direction.base
    var place = direction.unacknowledged.first
    guard place != 0 else { return }
    direction.unacknowledged.lowest = self[place].sequence
    direction.unacknowledged.highest = self[place].next
    direction.bits.remove(.isOrdered)
    direction.bits.insert(.wraps)
    while place != 0 {
      let segment = self[place]
      if segment.sequence &- base < direction.unacknowledged.lowest &- base {
        direction.unacknowledged.lowest = segment.sequence
      }
      if segment.next &- base > direction.unacknowledged.highest &- base {
        direction.unacknowledged.highest = segment.next
      }
      place = segment.link
    }
  }

  /// Waits for none of a direction's segments any more.
  mutating func forget(_ direction: inout TCPDirection) {
    var place = direction.unacknowledged.first
    while place != 0 {
      let link = self[place].link
      release(place)
      place = link
    }
    direction.unacknowledged = List()
    direction.bits.insert(.isOrdered)
  }

  @inline(never)
  private mutating func grow() {
    let larger = UnsafeMutablePointer<Segment>.allocate(capacity: capacity * 2)
    larger.moveInitialize(from: segments, count: places)
    segments.deallocate()
    segments = larger
    capacity *= 2
  }

  private mutating func release(_ place: UInt32) {
    self[place].link = free
    free = place
    inUse &-= 1
  }
}
