import Console
import Glibc

/// A file of text that a command writes beside its packets.
final class TextFile {
  private let path: String
  private let descriptor: Int32

  /// Creates the file, or empties it; `-` is standard output.
  /// - Throws: `Failure` that names the file.
  init(_ path: String) throws {
    self.path = path
    descriptor =
      path == "-" ? STDOUT_FILENO : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    if descriptor < 0 { throw Self.failure(path) }
  }

  deinit { if descriptor > STDERR_FILENO { _ = Glibc.close(descriptor) } }

  /// Appends octets.
  func write(_ octets: UnsafeRawBufferPointer) throws {
    var rest = octets
    while !rest.isEmpty {
      let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
      if written < 0 {
        if errno == EINTR { continue }
        if errno == EPIPE { throw OutputClosed() }
        throw Self.failure(path)
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[written...])
    }
  }

  private static func failure(_ path: String) -> Failure {
    let code = errno
    return Failure(
      code == EACCES || code == EPERM ? .permission : .write,
      "cannot write \(path): " + String(cString: strerror(code)),
      remedy: code == ENOSPC
        ? "make room on the disk, or write elsewhere" : "choose another place with --truth FILE")
  }
}
