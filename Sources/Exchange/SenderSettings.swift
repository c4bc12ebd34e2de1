/// How a sender tries: how often, how long it waits, and how many parts are under way at once.
///
/// All lengths of time are nanoseconds. A value of this type was checked when it was made, so that
/// whoever works with it need not ask again.
public struct SenderSettings: Sendable, Hashable {
  /// What is sent again when an answer stays out.
  public enum Recovery: Sendable, Hashable, CaseIterable {
    /// One part at a time; the next one goes when it is acknowledged.
    case stopAndWait
    /// Up to `window` parts under way, one timer; when it ends, all of them go again. The receiver
    /// keeps no part that comes out of order.
    case goBackN
    /// Up to `window` parts under way, each with a timer of its own; only what is missing goes
    /// again.
    case selectiveRepeat
  }

  /// How long a try waits for its answer.
  public enum Timer: Sendable, Hashable {
    /// `interval`, longer by `backoff` from try to try.
    case fixed
    /// As RFC 6298 has it, from the round trips seen so far; see `RetransmissionTimer`.
    ///
    /// - Parameter minimum: The least wait. RFC 6298 section 2.4 asks for 1 s; Linux takes 200 ms,
    ///   which suits a local network.
    case rfc6298(minimum: Int64 = RetransmissionTimer.standardMinimum)
  }

  /// Why settings cannot be used.
  public struct Fault: Error, Sendable, Equatable {
    /// One sentence without a full stop.
    public var message: String
  }

  /// Tries after the first one, for each part.
  public let retries: Int
  /// Nanoseconds from the first try to the second.
  public let interval: Int64
  /// What each further wait is longer by than the one before: 1 keeps them all the same, 2 doubles.
  public let backoff: Double
  /// Nanoseconds after which a message is given up, whatever else; nil for no such bound.
  public let timeout: Int64?
  /// Parts that may be under way at once.
  public let window: Int
  public let recovery: Recovery
  public let timer: Timer

  /// Bounds of the values; within them no sum overflows.
  public static let retriesRange = 0...10_000
  /// 1 µs to 1 h.
  public static let intervalRange: ClosedRange<Int64> = 1_000...3_600_000_000_000
  public static let backoffRange = 1.0...16.0
  /// 1 µs to a week.
  public static let timeoutRange: ClosedRange<Int64> = 1_000...604_800_000_000_000
  public static let windowRange = 1...1024

  /// One first try and three more, a second apart, one part at a time.
  public static let standard = SenderSettings()

  private init() {
    retries = 3
    interval = 1_000_000_000
    backoff = 1
    timeout = nil
    window = 1
    recovery = .stopAndWait
    timer = .fixed
  }

  /// - Parameters: As the properties.
  /// - Throws: `Fault` that names the value that is out of its bounds.
  public init(
    retries: Int = 3, interval: Int64 = 1_000_000_000, backoff: Double = 1, timeout: Int64? = nil,
    window: Int = 1, recovery: Recovery = .stopAndWait, timer: Timer = .fixed
  ) throws(Fault) {
    func check(_ holds: Bool, _ message: String) throws(Fault) {
      if !holds { throw Fault(message: message) }
    }
    try check(
      Self.retriesRange.contains(retries),
      "the number of retries is 0 to \(Self.retriesRange.upperBound), not \(retries)")
    try check(
      Self.intervalRange.contains(interval), "the time between two tries is 1 µs to 1 h")
    // NaN lies in no range.
    try check(Self.backoffRange.contains(backoff), "the backoff is 1 to 16")
    if let timeout {
      try check(Self.timeoutRange.contains(timeout), "the timeout is 1 µs to 7 days")
    }
    try check(
      Self.windowRange.contains(window),
      "the window is 1 to \(Self.windowRange.upperBound) parts, not \(window)")
    try check(
      recovery != .stopAndWait || window == 1,
      "stop-and-wait has a window of 1: for \(window) parts choose go-back-n or selective-repeat")
    if case .rfc6298(let minimum) = timer {
      try check(
        (1_000...RetransmissionTimer.longest).contains(minimum),
        "the least retransmission timeout is 1 µs to 60 s")
    }
    self.retries = retries
    self.interval = interval
    self.backoff = backoff
    self.timeout = timeout
    self.window = window
    self.recovery = recovery
    self.timer = timer
  }

  /// How long the try of this number waits with the fixed timer, at most as long as an interval may
  /// be.
  ///
  /// - Parameter number: From 1.
  public func wait(afterTry number: Int) -> Int64 {
    let most = Double(Self.intervalRange.upperBound)
    var wait = Double(interval)
    guard backoff > 1 else { return interval }
    for _ in 1..<max(number, 1) {
      wait *= backoff
      if wait >= most { return Self.intervalRange.upperBound }
    }
    return Int64(wait)
  }
}
