import Glibc

/// How often a full buffer is waited for before sending fails: about two seconds in all, so that a
/// link that takes nothing any more cannot hold up the program.
struct SendPatience {
  private var triesLeft = 200
  /// Of the last failed call.
  private(set) var number: Int32 = 0

  /// To be asked when a call failed: waits a moment where that helps.
  ///
  /// - Returns: Whether to try again.
  mutating func mayRetry(_ descriptor: Int32) -> Bool {
    number = errno
    switch number {
    case EINTR: return true
    case EAGAIN, ENOBUFS, ENOMEM:
      guard triesLeft > 0 else { return false }
      triesLeft -= 1
      var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      poll(&wait, 1, 10)
      // A socket that is writable while the queue behind it is full gives no wait.
      if wait.revents != 0 { poll(nil, 0, 1) }
      return true
    default: return false
    }
  }
}
