/// How fast one client may send: bursts are allowed, a flood would be refused. A little below what
/// `netlab serve` allows, so that the network's own bursts do no harm.
struct Pace {
  private static let burst: Int64 = 16
  private static let interval: Duration = .milliseconds(110)
  /// When the last of the burst is used up; each message moves it on.
  private var full: Duration?

  /// When the next message may go.
  private(set) var next: Duration?

  /// Whether a message may go now.
  mutating func take(at now: Duration) -> Bool {
    let start = max(full ?? now, now)
    guard start - now <= Self.interval * (Self.burst - 1) else { return false }
    full = start + Self.interval
    next = max(start + Self.interval - Self.interval * (Self.burst - 1), now)
    return true
  }
}
