import Cryptography

/// The key that the two ends of an exchange share: the one that `--key-file` names, or the usual
/// one. `send`, `receive`, `serve` and the dissector find the same.
package enum SharedKey {
  /// How the other host gets it, so that the key is in no argument and in nobody's history.
  package static let transport = "netlab key show | ssh OTHER netlab key import"

  /// Where the key is, or is to be.
  ///
  /// - Parameter keyFile: What the user named, if anything.
  package static func path(_ keyFile: String?, of owner: KeyOwner = .current) throws -> String {
    guard let path = keyFile ?? owner.keyPath else {
      throw Failure(
        .file, "nobody knows where your key is: neither HOME nor passwd names a home",
        remedy: "name it: --key-file FILE")
    }
    return path
  }

  /// The key in the file named, or the usual one, which the first command that needs it makes.
  ///
  /// To be called before root is dropped: the file is the invoking user's, but its folder may be
  /// open to root alone. A file that was named and is not there is an error: made by a slip of the
  /// pen, it would be a key that nobody else has.
  package static func load(_ keyFile: String?) throws -> FernetKey {
    let owner = KeyOwner.current
    let path = try path(keyFile, of: owner)
    do throws(KeyFileError) {
      if keyFile != nil || KeyFile.exists(path) { return try KeyFile.read(path, owner: owner) }
    } catch {
      throw failure(error, keyFile)
    }
    let fresh = try make()
    do throws(KeyFileError) {
      try KeyFile.create(path, key: fresh, owner: owner)
    } catch {
      // Another command was faster: its key is the key.
      guard error.kind == .exists else { throw failure(error, keyFile) }
      return try read(path, owner, keyFile)
    }
    write(
      standardError: "netlab: made a new key: \(path)\n"
        + "  the other host gets it by: \(transport)\n")
    return fresh
  }

  /// The keys that the usual one took the place of, the newest first, as far as they can be read.
  package static func replaced(of owner: KeyOwner = .current) -> [(path: String, key: FernetKey)] {
    guard let usual = owner.keyPath else { return [] }
    var found: [(path: String, key: FernetKey)] = []
    for path in KeyFile.replaced(usual) {
      if let key = try? KeyFile.read(path, owner: owner) { found.append((path, key)) }
    }
    return found
  }

  /// The key in a file.
  package static func read(_ path: String, _ owner: KeyOwner, _ keyFile: String?) throws
    -> FernetKey
  {
    do throws(KeyFileError) {
      return try KeyFile.read(path, owner: owner)
    } catch {
      throw failure(error, keyFile)
    }
  }

  /// A key that nobody has.
  package static func make() throws -> FernetKey {
    guard let fresh = FernetKey.generate() else {
      throw Failure(.internal, "this machine's OpenSSL gives no random octets")
    }
    return fresh
  }

  /// What is wrong with the file, and which command of ours mends it.
  package static func failure(_ error: KeyFileError, _ keyFile: String?) -> Failure {
    let options = keyFile.map { " --key-file " + KeyFile.quoted($0) } ?? ""
    switch error.kind {
    case .missing:
      return Failure(
        .file, error.message,
        remedy: "netlab key generate\(options) makes one; another host's comes by: "
          + transport + options)
    case .exists:
      return Failure(
        .usage, error.message,
        remedy: "--replace puts the new one there and keeps the old one beside it; "
          + "netlab key show\(options) shows it")
    default:
      return Failure(error)
    }
  }
}

extension Failure {
  /// A key file that cannot be used.
  package init(_ error: KeyFileError) {
    let status: ExitStatus =
      switch error.kind {
      case .missing, .unreadable: .file
      case .permission: .permission
      case .malformed, .exists: .usage
      case .unwritable: .write
      }
    self.init(status, error.message, remedy: error.remedy)
  }
}
