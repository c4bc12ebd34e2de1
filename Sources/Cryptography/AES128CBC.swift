import COpenSSL

/// AES with a key of 128 bits in cipher block chaining mode, filled up to whole blocks.
/// FIPS 197, NIST SP 800-38A section 6.2, RFC 5652 section 6.3 (PKCS#7 padding).
///
/// Setting an initialisation vector by libcrypto's own call costs several times what the
/// decryption of a short message does, so the chain of blocks is never broken off: a message goes on
/// where the one before it ended, and its first block is arranged to come out as with its own
/// vector. Used from one thread at a time.
public final class AES128CBC {
  /// Octets of a block, a key and an initialisation vector.
  public static let block = 16
  /// The most that is taken at once, in octets.
  public static let largest = 1 << 30

  private let encryptor: OpaquePointer
  private let decryptor: OpaquePointer
  /// The last block that the encryptor put out; what it adds to the next one it takes in.
  private var chained: SIMD16<UInt8> = .zero

  /// - Parameter key: 16 octets.
  /// - Returns: Nil for another length, or when the machine's OpenSSL refuses the algorithm.
  public init?(key: RawSpan) {
    guard key.byteCount == Self.block, let algorithm = Algorithm.aes128CBC,
      let encryptor = EVP_CIPHER_CTX_new()
    else { return nil }
    guard let decryptor = EVP_CIPHER_CTX_new() else {
      EVP_CIPHER_CTX_free(encryptor)
      return nil
    }
    self.encryptor = encryptor
    self.decryptor = decryptor
    let zeros = [UInt8](repeating: 0, count: Self.block)
    let isReady = key.withUnsafeBytes { key in
      let key = key.baseAddress?.assumingMemoryBound(to: UInt8.self)
      return EVP_EncryptInit_ex(encryptor, algorithm, nil, key, zeros) == 1
        && EVP_DecryptInit_ex(decryptor, algorithm, nil, key, zeros) == 1
    }
    // The padding is put on and checked here, with fewer calls.
    guard isReady, EVP_CIPHER_CTX_set_padding(encryptor, 0) == 1,
      EVP_CIPHER_CTX_set_padding(decryptor, 0) == 1
    else { return nil }
  }

  deinit {
    EVP_CIPHER_CTX_free(encryptor)
    EVP_CIPHER_CTX_free(decryptor)
  }

  /// Octets that so many octets of plaintext become: the padding is 1 to 16 octets.
  public static func encryptedLength(of count: Int) -> Int { (count / block &+ 1) &* block }

  /// Encrypts; `place` has room for `encryptedLength(of:)`.
  func encrypt(
    _ plain: UnsafeRawBufferPointer, vector: UnsafeRawPointer, to place: UnsafeMutableRawPointer
  ) -> Bool {
    guard plain.count < Self.largest else { return false }
    let length = Self.encryptedLength(of: plain.count)
    if let start = plain.baseAddress { place.copyMemory(from: start, byteCount: plain.count) }
    // RFC 5652 section 6.3: each octet of the padding says how many there are.
    let padding = length &- plain.count
    (place + plain.count).initializeMemory(
      as: UInt8.self, repeating: UInt8(truncatingIfNeeded: padding), count: padding)
    // C1 = E(P1 ⊕ IV) is wanted, and E(input ⊕ last block) is what comes.
    let first = place.loadUnaligned(as: SIMD16<UInt8>.self)
    let vector = vector.loadUnaligned(as: SIMD16<UInt8>.self)
    place.storeBytes(of: first ^ vector ^ chained, as: SIMD16<UInt8>.self)
    let octets = place.assumingMemoryBound(to: UInt8.self)
    var written: Int32 = 0
    guard
      EVP_EncryptUpdate(encryptor, octets, &written, octets, Int32(truncatingIfNeeded: length))
        == 1, Int(written) == length
    else { return false }
    chained = (place + (length &- Self.block)).loadUnaligned(as: SIMD16<UInt8>.self)
    return true
  }

  /// Decrypts whole blocks; `place` has room for as many octets.
  ///
  /// - Returns: Octets of plaintext at `place`; nil for a wrong length or padding.
  func decrypt(
    _ encrypted: UnsafeRawBufferPointer, vector: UnsafeRawPointer,
    to place: UnsafeMutablePointer<UInt8>
  ) -> Int? {
    let length = encrypted.count
    guard length > 0, length % Self.block == 0, length < Self.largest,
      let source = encrypted.baseAddress?.assumingMemoryBound(to: UInt8.self)
    else { return nil }
    var written: Int32 = 0
    // P1 = D(C1) ⊕ IV: the vector stands where a block before the first would, so it is taken in as
    // one, and what comes out for it is thrown away.
    let block = Int32(truncatingIfNeeded: Self.block)
    let vector = vector.assumingMemoryBound(to: UInt8.self)
    guard EVP_DecryptUpdate(decryptor, place, &written, vector, block) == 1, written == block,
      EVP_DecryptUpdate(decryptor, place, &written, source, Int32(truncatingIfNeeded: length)) == 1,
      Int(written) == length
    else { return nil }
    return Self.lengthWithoutPadding(UnsafeBufferPointer(start: place, count: length))
  }

  /// Looks at all of the last block, whatever it holds: the time it takes tells nothing of it.
  private static func lengthWithoutPadding(_ plain: UnsafeBufferPointer<UInt8>) -> Int? {
    let padding = plain[plain.count &- 1]
    var wrong: UInt8 = 0
    for distance in 1...UInt8(16) {
      // All ones for the octets that belong to the padding.
      let belongs = 0 &- UInt8(truncatingIfNeeded: (Int(distance) &- Int(padding) &- 1) >> 8 & 1)
      wrong |= (plain[plain.count &- Int(distance)] ^ padding) & belongs
    }
    guard wrong == 0, padding >= 1, padding <= 16 else { return nil }
    return plain.count &- Int(padding)
  }

  /// Encrypts `plain`, padded to whole blocks.
  ///
  /// - Parameter vector: The initialisation vector, 16 octets that no other message had.
  /// - Returns: Nil for a vector of another length, or too long a message.
  public func encrypt(_ plain: RawSpan, vector: RawSpan) -> [UInt8]? {
    guard vector.byteCount == Self.block, plain.byteCount < Self.largest else { return nil }
    let length = Self.encryptedLength(of: plain.byteCount)
    var isDone = false
    let encrypted = [UInt8](unsafeUninitializedCapacity: length) { place, count in
      guard let start = place.baseAddress else { return }
      isDone = plain.withUnsafeBytes { plain in
        vector.withUnsafeBytes { vector in
          guard let vector = vector.baseAddress else { return false }
          return encrypt(plain, vector: vector, to: start)
        }
      }
      count = isDone ? length : 0
    }
    return isDone ? encrypted : nil
  }

  /// Decrypts whole blocks and takes the padding off.
  ///
  /// - Parameter vector: The initialisation vector, 16 octets.
  /// - Returns: Nil for a wrong length or padding.
  public func decrypt(_ encrypted: RawSpan, vector: RawSpan) -> [UInt8]? {
    guard vector.byteCount == Self.block, encrypted.byteCount < Self.largest else { return nil }
    var isDone = false
    let plain = [UInt8](unsafeUninitializedCapacity: max(encrypted.byteCount, Self.block)) {
      place, count in
      guard let start = place.baseAddress else { return }
      let length = encrypted.withUnsafeBytes { encrypted in
        vector.withUnsafeBytes { vector in
          vector.baseAddress.flatMap { decrypt(encrypted, vector: $0, to: start) }
        }
      }
      isDone = length != nil
      count = length ?? 0
    }
    return isDone ? plain : nil
  }
}
