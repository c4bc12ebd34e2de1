import COpenSSL

/// Octets from the operating system's secure source, by way of libcrypto.
public enum RandomBytes {
  /// - Parameter count: How many.
  /// - Returns: Nil when the source fails.
  public static func make(_ count: Int) -> [UInt8]? {
    guard count > 0 else { return [] }
    var octets = [UInt8](repeating: 0, count: count)
    return RAND_bytes(&octets, Int32(clamping: count)) == 1 ? octets : nil
  }
}
