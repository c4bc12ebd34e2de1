import Cryptography
import Glibc

/// The folder that the chat's files are in.
public struct DataFolder: Sendable, Equatable {
  public let path: String
  /// Whose the files are.
  public let owner: KeyOwner

  /// A folder that the user named.
  public init(_ path: String, owner: KeyOwner = .current) {
    self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    self.owner = owner
  }

  /// The usual one, `netlab` in the user's data folder; nil when nobody knows a home.
  public init?(of owner: KeyOwner) {
    guard let data = owner.data else { return nil }
    self.init(data + "/netlab", owner: owner)
  }

  /// Makes the folder, and an empty file in it unless there is one; both for the owner alone.
  func makeFile(_ name: String) throws(ChatFileError) {
    try make()
    let file = path + "/" + name
    let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw ChatFileError(file, errno) }
    defer { close(descriptor) }
    var facts = stat()
    guard fstat(descriptor, &facts) == 0 else { throw ChatFileError(file, errno) }
    guard facts.st_mode & 0o077 == 0 || fchmod(descriptor, 0o600) == 0 else {
      throw ChatFileError(file, errno)
    }
    if owner.user != owner.effectiveUser { _ = fchown(descriptor, owner.user, owner.group) }
  }

  private func make() throws(ChatFileError) {
    var missing: [String] = []
    var folder = path
    var facts = stat()
    while lstat(folder, &facts) != 0, folder != "/", folder != ".", !folder.isEmpty {
      missing.append(folder)
      guard let slash = folder.lastIndex(of: "/") else { break }
      folder = String(folder[..<slash])
    }
    for folder in missing.reversed() {
      guard mkdir(folder, 0o700) == 0 || errno == EEXIST else {
        throw ChatFileError(folder, errno)
      }
      if owner.user != owner.effectiveUser { _ = lchown(folder, owner.user, owner.group) }
    }
  }
}

/// What is wrong with the chat's files, in one sentence, and what to do next.
public struct ChatFileError: Error, Equatable, Sendable {
  /// Decides on the exit code.
  public enum Kind: Sendable {
    case permission, unwritable, busy, damaged, otherKey
  }

  public let kind: Kind
  public let message: String
  /// Empty when there is nothing to do.
  public let remedy: String

  init(_ kind: Kind, _ message: String, remedy: String) {
    self.kind = kind
    self.message = message
    self.remedy = remedy
  }

  init(_ path: String, _ number: Int32) {
    let words = strerror(number).map { String(cString: $0) } ?? "error \(number)"
    self.init(
      number == EACCES || number == EPERM ? .permission : .unwritable,
      "\(path) cannot be made: \(words)",
      remedy: "name a folder that you may write to: --data DIR, or keep nothing: --ephemeral")
  }
}
