import ArgumentParser
import Console
import Cryptography
import Protocols

/// The keys that encrypted messages are read with.
struct KeyOptions: ParsableArguments {
  @Option(
    name: .customLong("key-file"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "Fernet key, base64url in a file that only you may read. Repeatable. "
        + "(default: ~/.config/netlab/fernet.key, if there)",
      valueName: "file"))
  var keyFiles: [String] = []

  @Option(
    name: .customLong("fernet-ttl"),
    help: ArgumentHelp(
      "Fernet tokens that are older when they are captured are expired. (default: none is)",
      valueName: "seconds"))
  var timeToLive: UInt64?

  /// What Fernet tokens are read with.
  func load() throws -> TokenReading { TokenReading(keys: try loadKeys(), timeToLive: timeToLive) }

  /// The keys of the files named, or of the usual one. To be called before root is dropped: the
  /// files are the invoking user's, and checked to be so, but a folder may be open to root alone.
  ///
  /// The usual file is nobody's wish, so what is wrong with it is a warning.
  private func loadKeys() throws -> [FernetKey] {
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

/// What Fernet tokens are read with, to be handed to a dissector.
struct TokenReading {
  var keys: [FernetKey] = []
  /// Seconds that a token may be old; nil for any age.
  var timeToLive: UInt64?

  func apply(to memory: FernetKeys?) {
    if !keys.isEmpty { memory?.keys = keys }
    memory?.ttl = timeToLive
  }
}
