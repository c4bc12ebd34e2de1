import Glibc

/// What time it is; tests hand in their own.
public struct ChatClock: Sendable {
  /// Milliseconds since 1970, for what people and files see.
  public var wallTime: @Sendable () -> Int64
  /// Nanoseconds since some moment, never turned back: for whatever lasts a while.
  public var uptime: @Sendable () -> Int64

  public init(
    wallTime: @escaping @Sendable () -> Int64, uptime: @escaping @Sendable () -> Int64
  ) {
    self.wallTime = wallTime
    self.uptime = uptime
  }

  /// The machine's.
  public static let system = ChatClock(
    wallTime: { read(CLOCK_REALTIME) / 1_000_000 }, uptime: { read(CLOCK_MONOTONIC) })

  private static func read(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }
}
