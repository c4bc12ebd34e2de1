import Glibc

/// Whose an address is.
enum AddressNetwork {
  /// The address itself, of IPv6 its /64 network: that is what one subscriber has, RFC 6177.
  static func name(_ address: String) -> String {
    guard address.utf8.contains(0x3a) else { return address }
    let plain = address.split(separator: "%").first.map(String.init) ?? address
    var octets = in6_addr()
    guard inet_pton(AF_INET6, plain, &octets) == 1 else { return address }
    let words = withUnsafeBytes(of: octets) { octets in
      (0..<4).map { UInt16(octets[$0 * 2]) << 8 | UInt16(octets[$0 * 2 + 1]) }
    }
    // ::ffff:10.0.0.33, an IPv4 address on a socket of both families. RFC 4291 section 2.5.5.2.
    if plain.hasPrefix("::ffff:"), plain.utf8.contains(0x2e) { return String(plain.dropFirst(7)) }
    return words.map { String($0, radix: 16) }.joined(separator: ":") + "::/64"
  }
}
