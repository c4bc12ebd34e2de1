import ArgumentParser
import Console
import Cryptography

/// The key that the two ends of an exchange share.
struct SharedKeyOptions: ParsableArguments {
  @Option(
    name: .customLong("key-file"), parsing: .unconditional,
    help: ArgumentHelp(
      "Fernet key, base64url in a file that only you may read. "
        + "(default: ~/.config/netlab/fernet.key, made if missing)",
      valueName: "file"))
  var file: String?

  /// The key, ready for use. To be called before root is dropped, as `SharedKey.load`.
  func load() throws -> (key: FernetKey, cipher: FernetCipher) {
    let key = try SharedKey.load(file)
    guard let cipher = FernetCipher(key) else {
      throw Failure(.internal, "this machine's OpenSSL has no AES-128-CBC or SHA-256")
    }
    return (key, cipher)
  }
}
