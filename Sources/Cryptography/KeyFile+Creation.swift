import COpenSSL
import Glibc

extension KeyFile {
  /// Writes a key to a new file that only its owner may read, and to the disk behind it.
  ///
  /// Folders that are missing are made, for the owner alone.
  ///
  /// - Throws: `KeyFileError`; `.exists` rather than overwrite a key, without which tokens could
  ///   never be opened again.
  public static func create(
    _ path: String, key: FernetKey, owner: KeyOwner = .current
  ) throws(KeyFileError) {
    try makeFolders(of: path, owner)
    // O_EXCL: nothing is followed or overwritten, whatever appeared there meanwhile.
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw unmade(path, errno) }
    var text = key.exportedText() + [0x0a]
    defer { text.wipe() }
    func isWritten() -> Bool {
      // The umask may have taken more than it should.
      guard fchmod(descriptor, 0o600) == 0 else { return false }
      if owner.user != owner.effectiveUser, fchown(descriptor, owner.user, owner.group) != 0 {
        return false
      }
      var count = 0
      while count < text.count {
        let put = text.withUnsafeBytes {
          write(descriptor, $0.baseAddress.map { $0 + count }, text.count - count)
        }
        if put < 0, errno == EINTR { continue }
        guard put > 0 else { return false }
        count += put
      }
      return fsync(descriptor) == 0
    }
    let isDone = isWritten()
    let failure = errno
    guard close(descriptor) == 0, isDone else {
      unlink(path)
      throw unmade(path, isDone ? errno : failure)
    }
    // The name too has to reach the disk.
    let folder = open(parent(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if folder >= 0 {
      fsync(folder)
      close(folder)
    }
  }

  private static func makeFolders(of path: String, _ owner: KeyOwner) throws(KeyFileError) {
    var missing: [String] = []
    var folder = parent(of: path)
    while !exists(folder), folder != "/", folder != "." {
      missing.append(folder)
      folder = parent(of: folder)
    }
    for folder in missing.reversed() {
      guard mkdir(folder, 0o700) == 0 || errno == EEXIST else { throw unmade(path, errno) }
      if owner.user != owner.effectiveUser { _ = lchown(folder, owner.user, owner.group) }
    }
  }

  private static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func unmade(_ path: String, _ number: Int32) -> KeyFileError {
    if number == EEXIST {
      return KeyFileError(
        .exists, "\(path) is there already, and a key is never overwritten",
        remedy: "name another file, or move it away: mv \(quoted(path)) \(quoted(path + ".old"))")
    }
    let words = strerror(number).map { String(cString: $0) } ?? "error \(number)"
    let isRefused = number == EACCES || number == EPERM
    return KeyFileError(
      isRefused ? .permission : .unwritable, "the key file \(path) cannot be made: \(words)",
      remedy: isRefused ? "name a folder that you may write to" : "")
  }
}
