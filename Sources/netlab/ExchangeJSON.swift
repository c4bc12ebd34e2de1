import Capture
import Exchange
import PacketCore
import Projection
import Protocols

/// One moment on both clocks, so that what is counted on one can be told on the other.
struct MonotonicMoment {
  var monotonic = MonotonicTime(nanoseconds: 0)
  var wall = Timestamp(seconds: 0, nanoseconds: 0)

  /// The wall clock's time of another moment.
  func time(of moment: MonotonicTime) -> Timestamp {
    let total = Int64(wall.nanoseconds) &+ moment.nanoseconds &- monotonic.nanoseconds
    let (seconds, rest) = total.quotientAndRemainder(dividingBy: 1_000_000_000)
    let isBefore = rest < 0
    return Timestamp(
      seconds: wall.seconds &+ seconds &- (isBefore ? 1 : 0),
      nanoseconds: UInt32(isBefore ? rest + 1_000_000_000 : rest))
  }
}

extension TextBuffer {
  /// A member with what faults did; nothing when they did nothing.
  mutating func append(faults: [FaultRecord]) {
    guard !faults.isEmpty else { return }
    append(",\"faults\":[")
    for (position, fault) in faults.enumerated() {
      if position > 0 { append(",") }
      append("{\"kind\":\"\(fault.kind)\",\"id\":\(fault.id),\"detail\":")
      append(json: fault.detail)
      append("}")
    }
    append("]")
  }

  /// A member with why a segment was not taken.
  mutating func append(reason: CraftedReason) {
    append(",\"reason\":{\"code\":\"")
    append(reason.code.word)
    append("\"")
    if !reason.found.isEmpty || !reason.expected.isEmpty {
      append(",\"found\":")
      append(json: reason.found)
      append(",\"expected\":")
      append(json: reason.expected)
    }
    append("}")
  }

  /// Nanoseconds as milliseconds with one decimal.
  mutating func append(shortMilliseconds nanoseconds: Int64) {
    let tenths = max(nanoseconds, 0) / 100_000
    append("\(tenths / 10).\(tenths % 10) ms")
  }
}
