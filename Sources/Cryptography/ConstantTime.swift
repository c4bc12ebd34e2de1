import COpenSSL

/// Comparison of secrets.
public enum ConstantTime {
  /// Whether two runs of octets are equal; the time it takes tells nothing but their lengths.
  public static func areEqual(_ one: RawSpan, _ other: RawSpan) -> Bool {
    guard one.byteCount == other.byteCount else { return false }
    guard one.byteCount > 0 else { return true }
    return one.withUnsafeBytes { one in
      other.withUnsafeBytes { CRYPTO_memcmp(one.baseAddress, $0.baseAddress, one.count) == 0 }
    }
  }

  /// Whether two runs of octets are equal; the time it takes tells nothing but their lengths.
  public static func areEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    areEqual(one.span.bytes, other.span.bytes)
  }
}
