import COpenSSL
import Glibc

/// A file that holds one Fernet key: its base64url text and perhaps a line ending.
public enum KeyFile {
  /// More than any key with spaces around it; a longer file is none.
  private static let longest = 256

  /// Whether something is there, readable or not.
  public static func exists(_ path: String) -> Bool {
    var facts = stat()
    return lstat(path, &facts) == 0
  }

  /// Reads the key in a file.
  ///
  /// - Parameter owner: Whose file it has to be; that of root is taken too when root asks.
  /// - Throws: `KeyFileError`. A file that group or others may read, write or execute is refused,
  ///   and so is one that is not a regular file of the user's own.
  public static func read(
    _ path: String, owner: KeyOwner = .current
  ) throws(KeyFileError) -> FernetKey {
    // Not to wait for the writer of a pipe, and not to get a terminal.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else { throw unopened(path, errno) }
    defer { close(descriptor) }
    // Of the open file, not of the path, which may lead elsewhere by now.
    var facts = stat()
    guard fstat(descriptor, &facts) == 0 else { throw unopened(path, errno) }
    try check(facts, path, owner)
    return try withUnsafeTemporaryAllocation(byteCount: longest, alignment: 8) {
      buffer throws(KeyFileError) -> FernetKey in
      defer { OPENSSL_cleanse(buffer.baseAddress, longest) }
      let text = UnsafeRawBufferPointer(rebasing: buffer[..<(try fill(buffer, descriptor, path))])
      do throws(FernetKey.Fault) {
        return try FernetKey(text: trimmed(text).bytes)
      } catch {
        throw KeyFileError(
          .malformed, "\(path) holds no Fernet key: \(error.text)",
          remedy: "a key is 32 octets as 44 characters of base64url on one line, "
            + "such as Fernet.generate_key() of Python's cryptography makes")
      }
    }
  }

  private static func check(
    _ facts: stat, _ path: String, _ owner: KeyOwner
  ) throws(KeyFileError) {
    guard facts.st_mode & S_IFMT == S_IFREG else {
      throw KeyFileError(
        .permission, "\(path) is not a regular file, so no key is read from it",
        remedy: "put the key into a file of its own: (umask 077; cat >FILE)")
    }
    guard facts.st_uid == owner.user || owner.effectiveUser == 0 && facts.st_uid == 0 else {
      throw KeyFileError(
        .permission, "\(path) belongs to user \(facts.st_uid), not to you (user \(owner.user))",
        remedy: "sudo chown \(owner.user) \(quoted(path))")
    }
    guard facts.st_mode & 0o077 == 0 else {
      throw KeyFileError(
        .permission, "\(path) is open to others, so the key in it is no secret",
        remedy: "chmod 600 \(quoted(path))")
    }
  }

  /// - Returns: Octets read. A file that fills the buffer is too long to be a key.
  private static func fill(
    _ buffer: UnsafeMutableRawBufferPointer, _ descriptor: Int32, _ path: String
  ) throws(KeyFileError) -> Int {
    var count = 0
    while count < buffer.count {
      let got = Glibc.read(
        descriptor, buffer.baseAddress.map { $0 + count }, buffer.count - count)
      if got < 0 {
        if errno == EINTR { continue }
        throw unopened(path, errno)
      }
      if got == 0 { return count }
      count += got
    }
    return count
  }

  /// The text of a key without the blanks and line endings around it.
  public static func trimmed(_ text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    func isBlank(_ octet: UInt8) -> Bool { octet == 32 || (9...13).contains(octet) }
    var rest = text[...]
    while let last = rest.last, isBlank(last) { rest.removeLast() }
    while let first = rest.first, isBlank(first) { rest.removeFirst() }
    return UnsafeRawBufferPointer(rebasing: rest)
  }

  private static func unopened(_ path: String, _ number: Int32) -> KeyFileError {
    let words = strerror(number).map { String(cString: $0) } ?? "error \(number)"
    switch number {
    case ENOENT, ENOTDIR:
      return KeyFileError(
        .missing, "there is no key file \(path)",
        remedy: "--key-file FILE names it; `ls -l \(quoted(path))` looks")
    case EACCES, EPERM:
      return KeyFileError(
        .permission, "you may not read the key file \(path)",
        remedy: "chmod 600 \(quoted(path)), or sudo chown $(id -u) \(quoted(path))")
    default:
      return KeyFileError(.unreadable, "the key file \(path) cannot be read: \(words)")
    }
  }

  /// The path as a word for a shell: as it is where the shell leaves it alone, else in quotes.
  public static func quoted(_ path: String) -> String {
    let isPlain = path.utf8.allSatisfy {
      (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
        || [0x2f, 0x2e, 0x2d, 0x5f].contains($0)
    }
    if isPlain, !path.hasPrefix("-") { return path }
    return "'"
      + path.split(separator: "'", omittingEmptySubsequences: false)
      .joined(separator: "'\\''") + "'"
  }
}
