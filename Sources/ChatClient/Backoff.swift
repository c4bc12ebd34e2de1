/// The pauses between attempts to connect: twice as long each time up to a limit, and scattered, so
/// that a room full of clients does not come back in the same moment.
struct Backoff: Sendable, Equatable {
  var first: Duration = .milliseconds(500)
  var longest: Duration = .seconds(5)
  /// Part of the pause that is random.
  var scatter = 0.5
  private(set) var attempts = 0

  /// The next pause.
  ///
  /// - Parameter random: From 0 up to 1.
  mutating func next(_ random: Double) -> Duration {
    var pause = first
    for _ in 0..<min(attempts, 32) where pause < longest { pause *= 2 }
    attempts += 1
    let bounded = min(pause, longest)
    return bounded - bounded * (scatter * min(max(random, 0), 1))
  }

  /// A connection came about.
  mutating func reset() { attempts = 0 }
}
