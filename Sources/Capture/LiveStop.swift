import CLinux
import Glibc

/// Ends a live capture from elsewhere: a signal handler, another thread, the capture's own body.
///
/// An eventfd that the capture polls next to its interfaces. The first signal ends the capture
/// after the frames that were captured before it; a second one ends it at once.
public final class LiveStop: Sendable {
  /// The eventfd; adding to it is what `signal()` does.
  public let descriptor: Int32

  /// - Throws: `CaptureError(.interface)` when the process has no descriptor left.
  public init() throws(CaptureError) {
    descriptor = netlab_eventfd()
    guard descriptor >= 0 else {
      throw CaptureError(
        .interface, "no descriptor left for the capture: \(systemMessage(errno))",
        remedy: "raise the limit with ulimit -n")
    }
  }

  deinit { close(descriptor) }

  /// Ends the capture. Safe from any thread.
  public func signal() { netlab_eventfd_signal(descriptor) }

  /// From now on SIGINT and SIGTERM (and SIGHUP, unless nohup is in force) end the capture; each
  /// only once, so that a second Ctrl-C kills a program that hangs. One object of a process at a
  /// time; it must live as long as signals may come.
  public func catchSignals() {
    _ = netlab_stop_on_signal(SIGINT, descriptor, 0)
    _ = netlab_stop_on_signal(SIGTERM, descriptor, 0)
    _ = netlab_stop_on_signal(SIGHUP, descriptor, 1)
  }

  /// Takes the signals given so far; zero when there were none.
  func take() -> UInt64 { netlab_eventfd_take(descriptor) }
}
