import COpenSSL

/// HMAC with SHA-256 under one key. RFC 2104, FIPS 198-1.
///
/// Both pads of the key are hashed once, when the key is set; a message begins with copies of those
/// two states. Used from one thread at a time.
public final class HMACSHA256 {
  /// Octets of a code.
  public static let length = 32

  // SHA-256 after the block K ⊕ ipad, after K ⊕ opad, and the one at work.
  private let inner: OpaquePointer
  private let outer: OpaquePointer
  private let work: OpaquePointer

  /// - Parameter key: Any number of octets; RFC 2104 section 3 advises at least 32.
  /// - Returns: Nil when the machine's OpenSSL refuses SHA-256.
  public init?(key: RawSpan) {
    guard let algorithm = Algorithm.sha256, let inner = EVP_MD_CTX_new() else { return nil }
    guard let outer = EVP_MD_CTX_new() else {
      EVP_MD_CTX_free(inner)
      return nil
    }
    guard let work = EVP_MD_CTX_new() else {
      EVP_MD_CTX_free(inner)
      EVP_MD_CTX_free(outer)
      return nil
    }
    self.inner = inner
    self.outer = outer
    self.work = work
    guard Self.absorb(key, algorithm, inner: inner, outer: outer) else { return nil }
  }

  deinit {
    // libcrypto wipes the states, from which codes could be made.
    EVP_MD_CTX_free(inner)
    EVP_MD_CTX_free(outer)
    EVP_MD_CTX_free(work)
  }

  /// RFC 2104 section 2: keys longer than a block are hashed first, shorter ones filled with zeros.
  private static func absorb(
    _ key: RawSpan, _ algorithm: OpaquePointer, inner: OpaquePointer, outer: OpaquePointer
  ) -> Bool {
    withUnsafeTemporaryAllocation(byteCount: 64, alignment: 8) { block in
      defer { OPENSSL_cleanse(block.baseAddress, 64) }
      block.initializeMemory(as: UInt8.self, repeating: 0)
      let isKept = key.withUnsafeBytes { key in
        guard key.count > 64 else {
          block.copyMemory(from: key)
          return true
        }
        return EVP_Digest(key.baseAddress, key.count, block.baseAddress, nil, algorithm, nil) == 1
      }
      guard isKept else { return false }
      for index in 0..<64 { block[index] ^= 0x36 }
      guard EVP_DigestInit_ex(inner, algorithm, nil) == 1,
        EVP_DigestUpdate(inner, block.baseAddress, 64) == 1
      else { return false }
      for index in 0..<64 { block[index] ^= 0x36 ^ 0x5c }
      return EVP_DigestInit_ex(outer, algorithm, nil) == 1
        && EVP_DigestUpdate(outer, block.baseAddress, 64) == 1
    }
  }

  /// Writes the 32 octets of the code to `place`.
  func authenticate(_ message: UnsafeRawBufferPointer, to place: UnsafeMutablePointer<UInt8>)
    -> Bool
  {
    EVP_MD_CTX_copy_ex(work, inner) == 1
      && EVP_DigestUpdate(work, message.baseAddress, message.count) == 1
      && EVP_DigestFinal_ex(work, place, nil) == 1
      && EVP_MD_CTX_copy_ex(work, outer) == 1
      && EVP_DigestUpdate(work, place, Self.length) == 1
      && EVP_DigestFinal_ex(work, place, nil) == 1
  }

  /// The code of a message, 32 octets; nil when libcrypto fails.
  public func code(of message: RawSpan) -> [UInt8]? {
    var isDone = false
    let code = [UInt8](unsafeUninitializedCapacity: Self.length) { place, count in
      guard let start = place.baseAddress else { return }
      isDone = message.withUnsafeBytes { authenticate($0, to: start) }
      count = isDone ? Self.length : 0
    }
    return isDone ? code : nil
  }

  /// Whether `code` is the message's, compared in constant time.
  public func verifies(_ message: RawSpan, _ code: RawSpan) -> Bool {
    guard code.byteCount == Self.length else { return false }
    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.length) { place in
      guard let start = place.baseAddress,
        message.withUnsafeBytes({ authenticate($0, to: start) })
      else { return false }
      return code.withUnsafeBytes { CRYPTO_memcmp(start, $0.baseAddress, Self.length) == 0 }
    }
  }
}
