import Glibc

/// A moment of the clock that only goes forward (CLOCK_MONOTONIC): what deadlines are counted in.
/// Nothing to do with the times of packets, which are `Timestamp`s.
public struct MonotonicTime: Hashable, Comparable, Sendable, BitwiseCopyable {
  /// Nanoseconds since some start.
  public var nanoseconds: Int64

  /// - Parameter nanoseconds: Since some start; tests begin at 0.
  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// This moment.
  public static var now: MonotonicTime {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return MonotonicTime(nanoseconds: Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec))
  }

  /// Earlier comes first.
  public static func < (left: MonotonicTime, right: MonotonicTime) -> Bool {
    left.nanoseconds < right.nanoseconds
  }

  /// The moment `nanoseconds` later, at most the end of 64 bits.
  public func advanced(byNanoseconds nanoseconds: Int64) -> MonotonicTime {
    let (sum, overflow) = self.nanoseconds.addingReportingOverflow(nanoseconds)
    return MonotonicTime(nanoseconds: overflow ? (nanoseconds < 0 ? .min : .max) : sum)
  }

  /// Milliseconds from now to this moment as poll(2) wants them: rounded up, so that a wait never
  /// ends before the moment; 0 when it is past.
  func pollTimeout(from now: MonotonicTime) -> Int32 {
    let (left, overflow) = nanoseconds.subtractingReportingOverflow(now.nanoseconds)
    if overflow { return nanoseconds < now.nanoseconds ? 0 : .max }
    if left <= 0 { return 0 }
    return Int32(clamping: (left - 1) / 1_000_000 + 1)
  }
}
