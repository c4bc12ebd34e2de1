import COpenSSL
import Synchronization

/// SHA-1, FIPS 180-4. Broken for signatures; WebSocket's handshake asks for it (RFC 6455 section
/// 4.2.2), where nothing depends on its strength.
public enum SHA1 {
  private static let state = Mutex(DigestState(Algorithm.sha1, length: 20))

  /// - Returns: 20 octets; nil when the machine's OpenSSL refuses the algorithm.
  public static func digest(_ octets: RawSpan) -> [UInt8]? {
    state.withLock { $0.digest(octets) }
  }

  /// - Returns: 20 octets; nil when the machine's OpenSSL refuses the algorithm.
  public static func digest(_ octets: [UInt8]) -> [UInt8]? { digest(octets.span.bytes) }
}

/// SHA-256, FIPS 180-4.
public enum SHA256 {
  private static let state = Mutex(DigestState(Algorithm.sha256, length: 32))

  /// - Returns: 32 octets; nil when the machine's OpenSSL refuses the algorithm.
  public static func digest(_ octets: RawSpan) -> [UInt8]? {
    state.withLock { $0.digest(octets) }
  }

  /// - Returns: 32 octets; nil when the machine's OpenSSL refuses the algorithm.
  public static func digest(_ octets: [UInt8]) -> [UInt8]? { digest(octets.span.bytes) }
}

/// A hash at work in libcrypto, made once and used again: with a short text, making it takes longer than
/// hashing.
private struct DigestState: ~Copyable {
  private let algorithm: OpaquePointer?
  private let context: OpaquePointer?
  private let length: Int

  /// - Parameters:
  ///   - algorithm: Nil when the machine's OpenSSL refuses it.
  ///   - length: Octets of a digest.
  init(_ algorithm: OpaquePointer?, length: Int) {
    self.algorithm = algorithm
    self.length = length
    context = algorithm == nil ? nil : EVP_MD_CTX_new()
  }

  deinit { EVP_MD_CTX_free(context) }

  func digest(_ octets: RawSpan) -> [UInt8]? {
    guard let algorithm, let context else { return nil }
    var isDone = false
    let digest = [UInt8](unsafeUninitializedCapacity: length) { place, count in
      isDone = octets.withUnsafeBytes {
        EVP_DigestInit_ex(context, algorithm, nil) == 1
          && EVP_DigestUpdate(context, $0.baseAddress, $0.count) == 1
          && EVP_DigestFinal_ex(context, place.baseAddress, nil) == 1
      }
      count = isDone ? length : 0
    }
    return isDone ? digest : nil
  }
}
