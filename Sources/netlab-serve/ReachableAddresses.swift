import Glibc

/// Under which addresses others reach a socket of this machine.
enum ReachableAddresses {
  /// The hosts for URLs, IPv6 in brackets: the address itself, or for `0.0.0.0` and `::` those of
  /// all interfaces that are up, this machine's own first.
  static func hosts(listeningOn address: String) -> [String] {
    switch address {
    case "0.0.0.0": return interfaceAddresses(families: [AF_INET])
    // A socket on :: takes IPv4 too, ipv6(7).
    case "::": return interfaceAddresses(families: [AF_INET, AF_INET6])
    default: return [address.contains(":") ? "[" + address + "]" : address]
    }
  }

  private static func interfaceAddresses(families: [Int32]) -> [String] {
    var list: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&list) == 0 else { return [] }
    defer { freeifaddrs(list) }
    var found: [(rank: Int, host: String)] = []
    var next = list
    while let entry = next?.pointee {
      next = entry.ifa_next
      guard entry.ifa_flags & UInt32(IFF_UP) != 0, let address = entry.ifa_addr,
        let place = families.firstIndex(of: Int32(address.pointee.sa_family)),
        let host = host(of: address)
      else { continue }
      let isLoopback = entry.ifa_flags & UInt32(IFF_LOOPBACK) != 0
      found.append((place * 2 + (isLoopback ? 0 : 1), host))
    }
    // Stable within a rank: the kernel's order.
    return (0...3).flatMap { rank in found.lazy.filter { $0.rank == rank }.map(\.host) }
  }

  /// Nil for link-local IPv6, which no browser takes in a URL.
  private static func host(of address: UnsafeMutablePointer<sockaddr>) -> String? {
    let isIPv6 = Int32(address.pointee.sa_family) == AF_INET6
    if isIPv6 {
      let isLinkLocal = address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
        withUnsafeBytes(of: $0.pointee.sin6_addr) { $0[0] == 0xfe && $0[1] & 0xc0 == 0x80 }
      }
      if isLinkLocal { return nil }
    }
    let length = isIPv6 ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(NI_MAXHOST)) { text in
      guard let start = text.baseAddress,
        getnameinfo(
          address, socklen_t(length), start, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0
      else { return nil }
      let host = String(cString: start)
      return isIPv6 ? "[" + host + "]" : host
    }
  }
}
