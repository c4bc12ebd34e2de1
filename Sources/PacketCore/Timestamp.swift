/// A moment, in seconds and nanoseconds since 1970-01-01 00:00 UTC.
///
/// Two integers and not one, since nanoseconds since 1970 fit no JSON number, and 32-bit capture
/// times of broken clocks lie outside what 64-bit nanoseconds can say.
public struct Timestamp: Hashable, Comparable, Sendable, BitwiseCopyable {
  /// Whole seconds since 1970, before it negative.
  public var seconds: Int64
  /// 0 ..< 1 000 000 000, always counted forward.
  public var nanoseconds: UInt32

  /// - Parameters:
  ///   - seconds: Whole seconds since 1970.
  ///   - nanoseconds: 0 ..< 1 000 000 000.
  @inlinable
  public init(seconds: Int64, nanoseconds: UInt32) {
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }

  @inlinable
  public static func < (left: Timestamp, right: Timestamp) -> Bool {
    left.seconds != right.seconds
      ? left.seconds < right.seconds : left.nanoseconds < right.nanoseconds
  }

  /// Nanoseconds from `earlier` to this moment, negative when it is later; saturating at the ends
  /// of 64 bits (292 years).
  @inlinable
  public func nanoseconds(since earlier: Timestamp) -> Int64 {
    let (difference, overflow) = seconds.subtractingReportingOverflow(earlier.seconds)
    let (whole, overflow2) = difference.multipliedReportingOverflow(by: 1_000_000_000)
    if overflow || overflow2 { return seconds < earlier.seconds ? .min : .max }
    let (sum, overflow3) = whole.addingReportingOverflow(
      Int64(nanoseconds) - Int64(earlier.nanoseconds))
    return overflow3 ? (whole < 0 ? .min : .max) : sum
  }
}
