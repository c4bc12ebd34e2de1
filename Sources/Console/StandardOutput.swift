import Capture
import Glibc
import PacketCore

/// Whoever read our output went away: the end of the work, not an error.
package struct OutputClosed: Error {
  package init() {}
}

/// Standard output behind one reused buffer.
package struct StandardOutput: ~Copyable {
  /// What is to be written; `flushIfFull` and `flush` pass it on.
  package var buffer = TextBuffer(capacity: 1 << 17)

  package init() {}

  /// True when a person is watching.
  package static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

  /// Columns of the terminal; nil when there is none, or it does not say.
  package static var width: Int? {
    var size = winsize()
    guard isTerminal, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
      return nil
    }
    return Int(size.ws_col)
  }

  /// Passes the text on once 64 KiB have gathered.
  @inlinable
  package mutating func flushIfFull() throws {
    if _slowPath(buffer.count >= 1 << 16) { try flush() }
  }

  /// Passes the text on.
  /// - Throws: `OutputClosed` when the reader went away, `Failure` when the disk is full.
  package mutating func flush() throws {
    defer { buffer.removeAll() }
    try buffer.withBytes { (bytes: UnsafeRawBufferPointer) throws in
      var rest = bytes
      while !rest.isEmpty {
        let written = Glibc.write(STDOUT_FILENO, rest.baseAddress, rest.count)
        if written >= 0 {
          rest = UnsafeRawBufferPointer(rebasing: rest[written...])
          continue
        }
        switch errno {
        case EINTR: continue
        case EAGAIN:
          var ready = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
          _ = poll(&ready, 1, -1)
        case EPIPE: throw OutputClosed()
        default:
          throw Failure(
            .write, "cannot write to standard output: " + String(cString: strerror(errno)),
            remedy: errno == ENOSPC ? "make room on the disk, or write elsewhere" : "")
        }
      }
    }
  }
}
