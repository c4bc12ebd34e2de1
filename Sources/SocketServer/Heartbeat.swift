import NIOCore

/// The heartbeat of one session: the server pings, the client answers. Engine.IO protocol revision 4.
/// Has no clock: times come along.
struct Heartbeat {
  enum Step: Equatable {
    /// Nothing yet.
    case wait
    case ping
    case timeout
  }

  let interval: TimeAmount
  let timeout: TimeAmount
  /// When something has to be done next.
  private(set) var next: NIODeadline
  private var isPinging = false

  init(interval: TimeAmount, timeout: TimeAmount, now: NIODeadline) {
    self.interval = interval
    self.timeout = timeout
    next = now + interval
  }

  /// Time has passed.
  mutating func pass(_ now: NIODeadline) -> Step {
    guard now >= next else { return .wait }
    if isPinging { return .timeout }
    isPinging = true
    next = now + timeout
    return .ping
  }

  /// A pong came. One without a ping changes nothing.
  mutating func pong(_ now: NIODeadline) {
    guard isPinging else { return }
    isPinging = false
    next = now + interval
  }
}
