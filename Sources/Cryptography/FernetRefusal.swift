/// Why a Fernet token is not taken.
public enum FernetRefusal: Error, Equatable, Sendable {
  /// The text is no token: the rule broken, and at which octet of the text.
  case malformed(Rule, at: Int)
  /// The code does not fit the key: damaged on the way, or made with another key.
  case badHMAC
  /// Older than it may be, in seconds.
  case expired(age: UInt64)
  /// Made later than now, by so many seconds.
  case fromTheFuture(ahead: UInt64)
  /// The code fits, but what was encrypted does not end in padding: its maker is at fault.
  case badPadding

  /// What the text of a token has to be.
  public enum Rule: UInt8, Sendable, CaseIterable {
    case alphabet, base64Padding, base64Length, version, tooShort, blockSize

    /// A sentence without a full stop.
    public var text: StaticString {
      switch self {
      case .alphabet: "a character that is not base64url"
      case .base64Padding: "base64 padding is missing or misplaced"
      case .base64Length: "base64 text ends inside an octet"
      case .version: "the version is not 0x80"
      case .tooShort: "shorter than the smallest token, 73 octets"
      case .blockSize: "the ciphertext is not whole blocks of 16 octets"
      }
    }
  }

  /// A sentence without a full stop; nothing of the key or the text in it.
  public var text: String {
    switch self {
    case .malformed(let rule, let offset): "malformed token: \(rule.text) (octet \(offset))"
    case .badHMAC: "bad HMAC: damaged on the way, or made with another key"
    case .expired(let age): "expired: \(age) s old"
    case .fromTheFuture(let ahead): "from the future: made \(ahead) s from now"
    case .badPadding: "bad padding behind a good HMAC"
    }
  }
}
