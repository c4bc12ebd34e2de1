import COpenSSL

/// SHA-1, FIPS 180-4. Broken for signatures; WebSocket's handshake asks for it (RFC 6455 section
/// 4.2.2), where nothing depends on its strength.
public enum SHA1 {
  /// - Returns: 20 octets; nil when the machine's OpenSSL refuses the algorithm.
  public static func digest(_ octets: RawSpan) -> [UInt8]? {
    Algorithm.digest(octets, Algorithm.sha1, length: 20)
  }

  /// - Returns: 20 octets; nil when the machine's OpenSSL refuses the algorithm.
  public static func digest(_ octets: [UInt8]) -> [UInt8]? { digest(octets.span.bytes) }
}

/// SHA-256, FIPS 180-4.
public enum SHA256 {
  /// - Returns: 32 octets; nil when the machine's OpenSSL refuses the algorithm.
  public static func digest(_ octets: RawSpan) -> [UInt8]? {
    Algorithm.digest(octets, Algorithm.sha256, length: 32)
  }

  /// - Returns: 32 octets; nil when the machine's OpenSSL refuses the algorithm.
  public static func digest(_ octets: [UInt8]) -> [UInt8]? { digest(octets.span.bytes) }
}

extension Algorithm {
  fileprivate static func digest(
    _ octets: RawSpan, _ algorithm: OpaquePointer?, length: Int
  ) -> [UInt8]? {
    guard let algorithm else { return nil }
    var isDone = false
    let digest = [UInt8](unsafeUninitializedCapacity: length) { place, count in
      isDone = octets.withUnsafeBytes {
        EVP_Digest($0.baseAddress, $0.count, place.baseAddress, nil, algorithm, nil) == 1
      }
      count = isDone ? length : 0
    }
    return isDone ? digest : nil
  }
}
