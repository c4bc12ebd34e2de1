import Glibc

/// A key on its way into a file: written and on the disk, before anybody can see it under the name
/// that it is to have.
///
/// It has no name at all where the filesystem knows such files (`O_TMPFILE`, open(2)), so that a
/// program that is killed while it makes a key leaves none behind; elsewhere one that nobody guesses.
struct KeyDraft: ~Copyable {
  private let descriptor: Int32
  /// Its own name; nil while it has none.
  private var name: String?

  /// Not imported: fcntl.h makes it of two numbers, the second of which depends on the processor.
  private static let nameless: Int32 = 0o20000000 | O_DIRECTORY
  private static let modes: mode_t = 0o600

  /// Opens an empty one in the folder of a path.
  ///
  /// - Parameter mayBeNameless: False as if the filesystem knew no such files.
  /// - Returns: nil when none can be made; `errno` says why.
  init?(beside path: String, in folder: String, mayBeNameless: Bool = true) {
    let nameless =
      mayBeNameless ? open(folder, O_WRONLY | O_CLOEXEC | Self.nameless, Self.modes) : -1
    if nameless >= 0 {
      // It gets its name by way of /proc, which a container may be without.
      if KeyFile.exists(Self.link(to: nameless)) {
        descriptor = nameless
        return
      }
      close(nameless)
    }
    let draft = Self.freeName(path)
    // O_EXCL: nothing is followed or overwritten, whatever appeared there meanwhile.
    let named = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, Self.modes)
    guard named >= 0 else { return nil }
    descriptor = named
    name = draft
  }

  deinit {
    if let name { unlink(name) }
    close(descriptor)
  }

  /// Fills it, for its owner alone, and has the disk keep it.
  ///
  /// - Returns: 0, or the error number of what failed.
  func write(_ text: [UInt8], _ owner: KeyOwner) -> Int32 {
    // The umask may have taken more than it should.
    guard fchmod(descriptor, Self.modes) == 0 else { return errno }
    if owner.user != owner.effectiveUser, fchown(descriptor, owner.user, owner.group) != 0 {
      return errno
    }
    var count = 0
    while count < text.count {
      let put = text.withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress.map { $0 + count }, text.count - count)
      }
      if put < 0, errno == EINTR { continue }
      guard put > 0 else { return put < 0 ? errno : EIO }
      count += put
    }
    return fsync(descriptor) == 0 ? 0 : errno
  }

  /// Gives it a name that nothing else has. link(2) does not follow or overwrite what stands there.
  ///
  /// - Returns: 0, or the error number.
  func appear(as path: String) -> Int32 {
    let result =
      name.map { Glibc.link($0, path) }
      ?? linkat(AT_FDCWD, Self.link(to: descriptor), AT_FDCWD, path, AT_SYMLINK_FOLLOW)
    return result == 0 ? 0 : errno
  }

  /// Puts it in the place of what has the name now.
  ///
  /// - Returns: 0, or the error number.
  mutating func takeThePlace(of path: String) -> Int32 {
    // rename(2) alone puts one file in the place of another at one moment, and needs a name.
    let draft = name ?? Self.freeName(path)
    if name == nil {
      let failure = appear(as: draft)
      guard failure == 0 else { return failure }
      name = draft
    }
    guard rename(draft, path) == 0 else { return errno }
    name = nil
    return 0
  }

  private static func link(to descriptor: Int32) -> String { "/proc/self/fd/\(descriptor)" }

  private static func freeName(_ path: String) -> String {
    path + ".new" + String(UInt64.random(in: 0 ... .max), radix: 36)
  }
}
