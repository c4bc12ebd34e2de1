import Console
import Glibc
import PacketCore

/// A file that is drawn into, or standard output.
struct Drawing {
  /// `-` is standard output.
  let path: String

  /// Writes the whole of it.
  /// - Throws: `Failure` when the file cannot be made or written.
  func write(_ text: borrowing TextBuffer) throws {
    if path == "-" {
      var output = StandardOutput()
      output.buffer.append(text)
      return try output.flush()
    }
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw failure() }
    defer { close(descriptor) }
    try text.withBytes { (bytes: UnsafeRawBufferPointer) throws in
      var rest = bytes
      while !rest.isEmpty {
        let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
        if written < 0, errno == EINTR { continue }
        guard written > 0 else { throw failure() }
        rest = UnsafeRawBufferPointer(rebasing: rest[written...])
      }
    }
  }

  private func failure() -> Failure {
    Failure(
      .write, "cannot write \(path): " + String(cString: strerror(errno)),
      remedy: errno == ENOSPC ? "make room on the disk, or write elsewhere" : "")
  }
}
