import COpenSSL

/// Makes and opens Fernet tokens with one key; libcrypto's contexts are set up once and reused.
/// Used from one thread at a time.
public final class FernetCipher {
  private let hmac: HMACSHA256
  private let aes: AES128CBC

  /// Seconds that clocks may disagree by, as in Python's `cryptography`.
  public static let usualSkew: UInt64 = 60

  /// What an opened token holds.
  public struct Opened: Equatable, Sendable {
    public var plain: [UInt8]
    /// When the token was made: seconds since 1970.
    public var time: UInt64
    /// False when the token's base64 text has another spelling; no reason to refuse it.
    public var isCanonical: Bool
  }

  /// - Returns: Nil when the machine's OpenSSL refuses AES-128-CBC or SHA-256.
  public init?(_ key: FernetKey) {
    let parts = key.withHalves { signing, encryption in
      (HMACSHA256(key: signing), AES128CBC(key: encryption))
    }
    guard let hmac = parts.0, let aes = parts.1 else { return nil }
    self.hmac = hmac
    self.aes = aes
  }

  /// Whether the token's code was made with this key.
  public func verifies(_ token: FernetToken) -> Bool {
    let octets = token.octets.span.bytes
    return hmac.verifies(
      octets.extracting(0..<token.hmacPlace.lowerBound), octets.extracting(token.hmacPlace))
  }

  /// The message of a token that was verified; nil when its padding is wrong.
  public func decrypt(_ token: FernetToken) -> [UInt8]? {
    let octets = token.octets.span.bytes
    return aes.decrypt(
      octets.extracting(token.ciphertextPlace), vector: octets.extracting(token.vectorPlace))
  }

  /// Opens a token.
  ///
  /// The specification looks at the age before the HMAC. Whether a token is taken is the same in
  /// either order, but a damaged time must not be called expiry: so the HMAC is first.
  ///
  /// - Parameters:
  ///   - text: The token's base64url text, nothing before or behind it.
  ///   - now: Seconds since 1970; nil leaves out both looks at the time.
  ///   - ttl: Seconds that a token may be old; nil for any age.
  ///   - skew: Seconds that the maker's clock may be ahead of `now`.
  /// - Throws: The reason why not.
  public func open(
    _ text: RawSpan, now: UInt64?, ttl: UInt64? = nil, skew: UInt64 = usualSkew
  ) throws(FernetRefusal) -> Opened {
    let token = try FernetToken(text)
    guard verifies(token) else { throw .badHMAC }
    if let now, let refusal = Self.judge(time: token.time, now: now, ttl: ttl, skew: skew) {
      throw refusal
    }
    guard let plain = decrypt(token) else { throw .badPadding }
    return Opened(plain: plain, time: token.time, isCanonical: token.isCanonical)
  }

  /// Opens a token; as for spans.
  public func open(
    _ text: [UInt8], now: UInt64?, ttl: UInt64? = nil, skew: UInt64 = usualSkew
  ) throws(FernetRefusal) -> Opened {
    try open(text.span.bytes, now: now, ttl: ttl, skew: skew)
  }

  /// What is wrong with a token's time, if anything. A token is as old as `ttl` for the whole of
  /// that second, as in Python's `cryptography`.
  public static func judge(
    time: UInt64, now: UInt64, ttl: UInt64?, skew: UInt64 = usualSkew
  ) -> FernetRefusal? {
    if time > now { return time &- now > skew ? .fromTheFuture(ahead: time &- now) : nil }
    guard let ttl, now &- time > ttl else { return nil }
    return .expired(age: now &- time)
  }

  /// Makes a token.
  ///
  /// - Parameters:
  ///   - time: When, in seconds since 1970.
  ///   - vector: The initialisation vector, 16 octets that no other token has.
  /// - Returns: The base64url text; nil for a vector of another length, too long a message, or when
  ///   libcrypto fails.
  public func seal(_ plain: RawSpan, time: UInt64, vector: RawSpan) -> [UInt8]? {
    guard vector.byteCount == AES128CBC.block, plain.byteCount < AES128CBC.largest else {
      return nil
    }
    return vector.withUnsafeBytes { vector in
      plain.withUnsafeBytes { plain in
        vector.baseAddress.flatMap { seal(plain, time, $0) }
      }
    }
  }

  /// Makes a token with a vector drawn from the system's secure source.
  ///
  /// - Parameter time: When, in seconds since 1970.
  /// - Returns: The base64url text; nil for too long a message, or when libcrypto fails.
  public func seal(_ plain: RawSpan, time: UInt64) -> [UInt8]? {
    guard plain.byteCount < AES128CBC.largest else { return nil }
    return withUnsafeTemporaryAllocation(byteCount: AES128CBC.block, alignment: 16) { vector in
      guard let start = vector.baseAddress,
        RAND_bytes(start.assumingMemoryBound(to: UInt8.self), Int32(AES128CBC.block)) == 1
      else { return nil }
      return plain.withUnsafeBytes { seal($0, time, start) }
    }
  }

  private func seal(
    _ plain: UnsafeRawBufferPointer, _ time: UInt64, _ vector: UnsafeRawPointer
  ) -> [UInt8]? {
    let encrypted = AES128CBC.encryptedLength(of: plain.count)
    let length = FernetToken.overhead &+ encrypted
    return withUnsafeTemporaryAllocation(byteCount: length, alignment: 16) { token -> [UInt8]? in
      guard let start = token.baseAddress else { return nil }
      start.storeBytes(of: FernetToken.version, as: UInt8.self)
      (start + 1).storeBytes(of: time.bigEndian, as: UInt64.self)
      (start + 9).copyMemory(from: vector, byteCount: AES128CBC.block)
      let signed = FernetToken.headLength &+ encrypted
      guard aes.encrypt(plain, vector: vector, to: start + FernetToken.headLength),
        hmac.authenticate(
          UnsafeRawBufferPointer(start: start, count: signed),
          to: (start + signed).assumingMemoryBound(to: UInt8.self))
      else { return nil }
      return Base64.encode(UnsafeRawBufferPointer(token).bytes, .url)
    }
  }
}

extension FernetToken {
  /// Makes a token: what `FernetCipher.seal` does, under the name of what comes out.
  public static func seal(
    _ plain: [UInt8], time: UInt64, vector: [UInt8]? = nil, with cipher: FernetCipher
  ) -> [UInt8]? {
    guard let vector else { return cipher.seal(plain.span.bytes, time: time) }
    return cipher.seal(plain.span.bytes, time: time, vector: vector.span.bytes)
  }
}
