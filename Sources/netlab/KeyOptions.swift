import ArgumentParser
import Cryptography

/// The keys that encrypted messages are read with.
struct KeyOptions: ParsableArguments {
  @Option(
    name: .customLong("key-file"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "Fernet key, base64url in a file that only you may read. Repeatable. "
        + "(default: ~/.config/netlab/fernet.key, if there)",
      valueName: "file"))
  var keyFiles: [String] = []

  /// The keys of the files named, or of the usual one. To be called before root is dropped: the
  /// files are the invoking user's, and checked to be so, but a folder may be open to root alone.
  ///
  /// The usual file is nobody's wish, so what is wrong with it is a warning.
  func load() throws -> [FernetKey] {
    let owner = KeyOwner.current
    if keyFiles.isEmpty {
      guard let path = owner.keyPath, KeyFile.exists(path) else { return [] }
      do throws(KeyFileError) {
        return [try KeyFile.read(path, owner: owner)]
      } catch {
        let warning = Failure(error)
        write(standardError: warning.text)
        return []
      }
    }
    var keys: [FernetKey] = []
    for path in keyFiles {
      do throws(KeyFileError) {
        keys.append(try KeyFile.read(path, owner: owner))
      } catch {
        throw Failure(error)
      }
    }
    return keys
  }
}

extension Failure {
  /// A key file that cannot be used.
  init(_ error: KeyFileError) {
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
