import Capture
import Console
import Glibc

/// How far a long job is: on stderr, on a terminal only, after half a second, erased at the end.
struct Progress {
  private let isShown: Bool
  private let start = MonotonicTime.now
  private var frames = 0
  private var isVisible = false

  /// - Parameter isShown: False when the packets themselves are seen on the terminal.
  init(isShown: Bool) { self.isShown = isShown && isatty(STDERR_FILENO) == 1 }

  /// One more frame.
  @inline(__always)
  mutating func count() {
    frames &+= 1
    if _slowPath(frames & 0xffff == 0) { show() }
  }

  @inline(never)
  private mutating func show() {
    guard isShown, MonotonicTime.now >= start.advanced(byNanoseconds: 500_000_000) else { return }
    isVisible = true
    write(standardError: "\r\(frames) packets")
  }

  /// Takes the line away again.
  mutating func erase() {
    guard isVisible else { return }
    isVisible = false
    write(standardError: "\r\u{1b}[K")
  }
}
