import COpenSSL

/// The secret that two ends of Fernet share: 16 octets to sign, then 16 to encrypt.
///
/// Has no description and no coding, so that it gets into no log and no message by accident; its
/// memory is wiped when the last owner lets go.
public final class FernetKey: Sendable {
  /// Octets of a key.
  public static let length = 32

  /// Why text is no key. Says where, but nothing of the text itself.
  public enum Fault: Error, Equatable, Sendable {
    case base64(Base64.Fault)
    /// Octets that the text stands for, which are not 32.
    case length(Int)

    /// A sentence without a full stop.
    public var text: String {
      switch self {
      case .base64(let fault):
        switch fault.rule {
        case .alphabet: "character \(fault.offset + 1) is not base64url"
        case .padding: "its base64 padding is missing or misplaced"
        case .length: "its base64 text ends inside an octet"
        }
      case .length(let count): "it holds \(count) octets, not 32"
      }
    }
  }

  // Written once, before anyone else can see it.
  nonisolated(unsafe) private let secret: UnsafeMutableRawPointer

  private init(copying octets: RawSpan) {
    secret = .allocate(byteCount: Self.length, alignment: 8)
    octets.withUnsafeBytes { octets in
      UnsafeMutableRawBufferPointer(start: secret, count: Self.length).copyMemory(from: octets)
    }
  }

  /// - Parameter octets: The key, 32 octets.
  /// - Returns: Nil for another number.
  public convenience init?(octets: RawSpan) {
    guard octets.byteCount == Self.length else { return nil }
    self.init(copying: octets)
  }

  /// A key from its base64url text; padding may be missing.
  public convenience init(text: RawSpan) throws(Fault) {
    var decoded: Base64.Decoded
    do {
      decoded = try Base64.decode(text, .url, padding: .optional)
    } catch {
      throw .base64(error)
    }
    defer { decoded.octets.wipe() }
    let count = decoded.octets.count
    guard count == Self.length else { throw .length(count) }
    self.init(copying: decoded.octets.span.bytes)
  }

  deinit {
    OPENSSL_cleanse(secret, Self.length)
    secret.deallocate()
  }

  /// A new key from the system's secure source; nil when that fails.
  public static func generate() -> FernetKey? {
    guard var octets = RandomBytes.make(length) else { return nil }
    defer { octets.wipe() }
    return FernetKey(octets: octets.span.bytes)
  }

  /// The key's base64url text, 44 characters: for a key file, and for whoever asked to see it.
  public func exportedText() -> [UInt8] {
    Base64.encode(UnsafeRawBufferPointer(start: secret, count: Self.length).bytes, .url)
  }

  /// Lends the two halves.
  func withHalves<R>(_ body: (_ signing: RawSpan, _ encryption: RawSpan) -> R) -> R {
    let all = UnsafeRawBufferPointer(start: secret, count: Self.length).bytes
    return body(all.extracting(0..<16), all.extracting(16..<32))
  }

  /// Whether two keys are the same, compared in constant time.
  public func isSame(as other: FernetKey) -> Bool {
    CRYPTO_memcmp(secret, other.secret, Self.length) == 0
  }
}

extension [UInt8] {
  /// Overwrites a secret in a way that no compiler leaves out.
  mutating func wipe() {
    withUnsafeMutableBytes { octets in
      if let start = octets.baseAddress { OPENSSL_cleanse(start, octets.count) }
    }
  }
}
