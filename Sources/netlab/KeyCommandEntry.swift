import ChatClient
import Console
import Cryptography
import Glibc

/// A key on its way in by standard input: from a pipe, or typed without being seen.
enum KeyEntry {
  /// More than any key with blanks around it; longer text is none.
  private static let longest = 256

  /// Reads one key.
  ///
  /// - Throws: `Failure` that repeats nothing of what was read.
  static func read() throws -> FernetKey {
    try withUnsafeTemporaryAllocation(byteCount: longest, alignment: 8) { buffer in
      // What was typed is wiped, whatever comes of it; the key has its own copy.
      defer {
        if let start = buffer.baseAddress { explicit_bzero(start, buffer.count) }
      }
      guard let count = try octets(into: buffer) else {
        throw Failure(.usage, "no key was entered", remedy: SharedKey.transport)
      }
      let text = KeyFile.trimmed(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      guard !text.isEmpty else {
        throw Failure(
          .usage, "there is no key on standard input", remedy: SharedKey.transport)
      }
      guard count < longest else {
        throw refusal("it is longer than any key")
      }
      do throws(FernetKey.Fault) {
        return try FernetKey(text: text.bytes)
      } catch {
        throw refusal(error.text)
      }
    }
  }

  /// Reads to the end of the input, or of the line that is typed.
  ///
  /// - Returns: How many octets; nil when the user thought better of it.
  private static func octets(into buffer: UnsafeMutableRawBufferPointer) throws -> Int? {
    guard var terminal = RawTerminal(STDIN_FILENO) else { return try KeyEntryInput.all(buffer) }
    // In this order: who sees the prompt may type.
    terminal.take()
    write(standardError: "The key, which is not shown: ")
    let count = Result { try KeyEntryInput.line(buffer) }
    terminal.giveBack()
    write(standardError: "\n")
    return try count.get()
  }

  private static func refusal(_ why: String) -> Failure {
    Failure(
      .usage, "what came by standard input is no Fernet key: \(why)",
      remedy: "a key is 32 octets as 44 characters of base64url on one line, as "
        + "`netlab key show` prints it")
  }
}

/// Octets of standard input.
private enum KeyEntryInput {
  /// - Returns: How many there were, at most as many as fit.
  static func all(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    var count = 0
    while count < buffer.count, let got = try next(buffer, count), got > 0 { count += got }
    return count
  }

  /// A line that is typed on a terminal which edits nothing itself.
  static func line(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int? {
    var count = 0
    // Pasted text arrives in one piece, typed text octet by octet.
    while count < buffer.count, let got = try next(buffer, count, at: 1), got > 0 {
      switch buffer[count] {
      case 0x0d, 0x0a, 0x04: return count
      case 0x03, 0x1a: return nil
      case 0x08, 0x7f: count = max(0, count - 1)
      // Ctrl-U, as at every prompt.
      case 0x15: count = 0
      default: count += 1
      }
    }
    return count
  }

  private static func next(
    _ buffer: UnsafeMutableRawBufferPointer, _ place: Int, at most: Int = .max
  ) throws -> Int? {
    while true {
      let got = Glibc.read(
        STDIN_FILENO, buffer.baseAddress.map { $0 + place }, min(most, buffer.count - place))
      if got >= 0 { return got }
      guard errno == EINTR else {
        throw Failure(
          .read, "standard input cannot be read: " + String(cString: strerror(errno)))
      }
    }
  }
}
