import Glibc
import PacketCore

/// An address that a name stands for.
public struct HostAddress: Sendable, Equatable {
  public var address: Address
  /// Number of the interface of a link-local IPv6 address, else 0.
  public var zone: UInt32

  public init(address: Address, zone: UInt32 = 0) {
    self.address = address
    self.zone = zone
  }
}

/// A host, and perhaps a port, as users write them: `10.0.0.33:5000`, `db.local`, `::1`,
/// `[fe80::1%eth0]:5000`.
public struct HostName: Sendable, Equatable {
  /// Name or address, a zone with it, no brackets.
  public var host: String
  /// nil when none was written.
  public var port: UInt16?

  /// Takes the text apart. Brackets as in RFC 3986, section 3.2.2; an IPv6 address without brackets
  /// has no port.
  ///
  /// - Throws: `SocketFailure(.unknownHost)` with what is wrong.
  public init(_ text: String) throws(SocketFailure) {
    var rest: Substring
    if text.hasPrefix("[") {
      guard let end = text.firstIndex(of: "]") else {
        throw SocketFailure(.unknownHost, "\(text): the bracket is not closed")
      }
      host = String(text[text.index(after: text.startIndex)..<end])
      rest = text[text.index(after: end)...]
      guard rest.isEmpty || rest.hasPrefix(":") else {
        throw SocketFailure(.unknownHost, "\(text): only :PORT may follow the bracket")
      }
    } else if text.filter({ $0 == ":" }).count == 1, let colon = text.firstIndex(of: ":") {
      host = String(text[..<colon])
      rest = text[colon...]
    } else {
      host = text
      rest = ""
    }
    guard !host.isEmpty else {
      throw SocketFailure(.unknownHost, "\(text.isEmpty ? "an empty text" : text) names no host")
    }
    guard rest.hasPrefix(":") else { return }
    rest = rest.dropFirst()
    guard let number = UInt16(rest), number > 0, !rest.hasPrefix("+") else {
      throw SocketFailure(
        .unknownHost, "\(text): '\(rest)' is no port", remedy: "a port is 1 to 65535")
    }
    port = number
  }

  /// The addresses of the host, in the order in which to try them (RFC 6724).
  ///
  /// - Parameter family: Only these; nil for both.
  /// - Throws: `SocketFailure(.unknownHost)` in the resolver's words.
  public func addresses(_ family: Address.Family? = nil) throws(SocketFailure) -> [HostAddress] {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_family = family == .ipv4 ? AF_INET : family == .ipv6 ? AF_INET6 : AF_UNSPEC
    var first: UnsafeMutablePointer<addrinfo>?
    let result = getaddrinfo(host, nil, &hints, &first)
    guard result == 0 else { throw failure(result) }
    defer { freeaddrinfo(first) }
    var found: [HostAddress] = []
    var next = first
    while let entry = next {
      next = entry.pointee.ai_next
      guard let pointer = entry.pointee.ai_addr, let address = Address(pointer) else { continue }
      let zone =
        address.family == .ipv6
        ? UnsafeRawPointer(pointer).load(fromByteOffset: 24, as: UInt32.self) : 0
      let one = HostAddress(address: address, zone: zone)
      if !found.contains(one) { found.append(one) }
    }
    guard !found.isEmpty else {
      throw SocketFailure(.unknownHost, "\(host) has no address to send to")
    }
    return found
  }

  private func failure(_ result: Int32) -> SocketFailure {
    if let percent = host.firstIndex(of: "%"), host.contains(":") {
      let zone = String(host[host.index(after: percent)...])
      if if_nametoindex(zone) == 0, UInt32(zone) == nil {
        return SocketFailure(
          .interface, "\(host): there is no interface \(zone)",
          remedy: "netlab interfaces lists them")
      }
    }
    switch result {
    case EAI_NONAME, -5:  // -5: EAI_NODATA
      return SocketFailure(
        .unknownHost, "nobody knows the host \(host)", remedy: "an address works without names")
    case EAI_AGAIN:
      return SocketFailure(
        .unknownHost, "the host \(host) cannot be looked up now: no name server answers",
        remedy: "an address works without names")
    case EAI_FAMILY, -9:  // -9: EAI_ADDRFAMILY
      return SocketFailure(.unknownHost, "\(host) has no address of that family")
    default:
      let words = gai_strerror(result).map { String(cString: $0) } ?? "error \(result)"
      return SocketFailure(.unknownHost, "the host \(host) cannot be looked up: \(words)")
    }
  }
}
