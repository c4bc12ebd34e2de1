import Cryptography
import PacketCore

/// The keys that tokens are opened with, and how their time is judged. Set by whoever has the keys,
/// through `Dissector.memory(of: Fernet.self)`.
public final class FernetKeys: LayerMemory {
  /// The keys, tried in this order.
  public var keys: [FernetKey] = [] {
    didSet {
      ciphers = keys.map { FernetCipher($0) }
      hasVerified = false
    }
  }
  /// Seconds that a token may be old when it is captured; nil for any age.
  public var ttl: UInt64?
  /// Seconds that a token may be ahead of the capture's clock.
  public var skew = FernetCipher.usualSkew

  /// Contexts set up once a key, and used for every token.
  private var ciphers: [FernetCipher?] = []
  /// A key has fitted a token of this capture.
  private(set) var hasVerified = false

  public init(limits: Limits) {}

  /// The key that made the token, and its number from 1.
  func find(_ token: FernetToken) -> (number: Int, cipher: FernetCipher)? {
    for (index, cipher) in ciphers.enumerated() {
      guard let cipher, cipher.verifies(token) else { continue }
      hasVerified = true
      return (index + 1, cipher)
    }
    return nil
  }
}
