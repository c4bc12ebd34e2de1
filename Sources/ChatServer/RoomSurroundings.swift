import NIOCore

/// What all rooms have in common.
struct RoomSurroundings: Sendable {
  var eventLoop: any EventLoop
  var history: any History
  var path: (any MessagePath)?
  var limits: ChatLimits
  var clock: ChatClock
  /// Nanoseconds that somebody whose last socket has gone is waited for.
  var grace: Int64 = 2_000_000_000
}
