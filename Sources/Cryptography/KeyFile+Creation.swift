import COpenSSL
import Glibc

extension KeyFile {
  /// Writes a key to a new file that only its owner may read, and to the disk behind it.
  ///
  /// Folders that are missing are made, for the owner alone. The file appears with the key in it:
  /// of several programs that make it at once one succeeds, and the others find that one's key; one
  /// that is killed meanwhile leaves either that file or none.
  ///
  /// - Throws: `KeyFileError`; `.exists` rather than overwrite a key, without which tokens could
  ///   never be opened again.
  public static func create(
    _ path: String, key: FernetKey, owner: KeyOwner = .current
  ) throws(KeyFileError) {
    try makeFolders(of: path, owner)
    let draft = try draft(of: key, beside: path, owner)
    let failure = draft.appear(as: path)
    guard failure == 0 else { throw unmade(path, failure) }
    settleFolder(of: path)
  }

  /// Puts a key where another one is, which stays beside it as `.old`, `.old2` and so on.
  ///
  /// There is a key at every moment, the one or the other.
  ///
  /// - Returns: Where the old one is now; nil when there was none.
  /// - Throws: `KeyFileError`; the old one is where it was then.
  public static func replace(
    _ path: String, key: FernetKey, owner: KeyOwner = .current
  ) throws(KeyFileError) -> String? {
    try makeFolders(of: path, owner)
    var draft = try draft(of: key, beside: path, owner)
    var old: String?
    var number = 1
    while old == nil {
      let place = replaced(path, number)
      if link(path, place) == 0 {
        old = place
      } else if errno == EEXIST, number < 1_000 {
        number += 1
      } else if errno == ENOENT {
        break
      } else {
        throw unmade(place, errno)
      }
    }
    let failure = draft.takeThePlace(of: path)
    guard failure == 0 else {
      if let old { unlink(old) }
      throw unmade(path, failure)
    }
    settleFolder(of: path)
    return old
  }

  /// The files that `replace` left beside this one, the newest first.
  public static func replaced(_ path: String) -> [String] {
    var places: [String] = []
    while exists(replaced(path, places.count + 1)) {
      places.append(replaced(path, places.count + 1))
    }
    return places.reversed()
  }

  private static func replaced(_ path: String, _ number: Int) -> String {
    path + (number == 1 ? ".old" : ".old\(number)")
  }

  /// A key in the same folder, on the disk, that only waits for its name.
  private static func draft(
    of key: FernetKey, beside path: String, _ owner: KeyOwner
  ) throws(KeyFileError) -> KeyDraft {
    guard let draft = KeyDraft(beside: path, in: parent(of: path)) else {
      throw unmade(path, errno)
    }
    var text = key.exportedText() + [0x0a]
    defer { text.wipe() }
    let failure = draft.write(text, owner)
    guard failure == 0 else { throw unmade(path, failure) }
    return draft
  }

  /// A name too has to reach the disk.
  private static func settleFolder(of path: String) {
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
