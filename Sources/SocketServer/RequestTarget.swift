import NIOHTTP1

/// NIO's; the inspector has a layer of this name.
typealias RequestHead = HTTPRequestHead

extension HTTPVersion {
  /// HTTP/1.1 or higher: connections last unless somebody says otherwise. RFC 9112 section 9.3.
  var isPersistent: Bool { major > 1 || major == 1 && minor >= 1 }
}

/// The path and the query of a request target. RFC 9112 section 3.2.
struct RequestTarget: Equatable {
  var path: String
  /// As sent.
  var query: String

  init(_ uri: String) {
    var rest = Substring(uri)
    // Section 3.2.2: "a server MUST accept the absolute-form in requests".
    if let scheme = rest.range(of: "://"), !rest.hasPrefix("/") {
      let authority = rest[scheme.upperBound...]
      rest = authority.firstIndex { $0 == "/" || $0 == "?" }.map { authority[$0...] } ?? ""
    }
    let mark = rest.firstIndex(of: "?")
    query = mark.map { String(rest[rest.index(after: $0)...]) } ?? ""
    let octets = Self.percentDecoded(mark.map { rest[..<$0] } ?? rest)
    path = String(decoding: octets, as: UTF8.self)
    if !path.hasPrefix("/") { path = "/" + path }
  }

  /// RFC 3986 section 2.1; a percent sign without two digits stands for itself.
  private static func percentDecoded(_ text: Substring) -> [UInt8] {
    var octets: [UInt8] = []
    var rest = text.utf8[...]
    while let octet = rest.popFirst() {
      if octet == 0x25, let value = rest.prefix(2).hexadecimal {
        octets.append(value)
        rest.removeFirst(2)
      } else {
        octets.append(octet)
      }
    }
    return octets
  }

  /// The first value of a parameter of a query, as sent; nil without.
  static func parameter(_ name: String, of query: String) -> String? {
    for pair in query.split(separator: "&") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if parts[0] == name { return parts.count > 1 ? String(parts[1]) : "" }
    }
    return nil
  }
}

extension StringProtocol {
  /// Without Foundation.
  fileprivate func range(of wanted: String) -> Range<Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(wanted) {
        return start..<index(start, offsetBy: wanted.count)
      }
      start = index(after: start)
    }
    return nil
  }
}

extension Collection where Element == UInt8 {
  /// The value of two hexadecimal digits; nil when it is anything else.
  fileprivate var hexadecimal: UInt8? {
    guard count == 2 else { return nil }
    var value: UInt8 = 0
    for octet in self {
      switch octet {
      case 0x30...0x39: value = value &<< 4 | (octet &- 0x30)
      case 0x41...0x46: value = value &<< 4 | (octet &- 0x37)
      case 0x61...0x66: value = value &<< 4 | (octet &- 0x57)
      default: return nil
      }
    }
    return value
  }
}

extension HTTPResponse {
  /// An answer whose body is its status in words.
  static func plain(_ status: HTTPResponseStatus) -> HTTPResponse {
    HTTPResponse(
      status, headers: ["content-type": "text/plain; charset=utf-8"],
      body: Array("\(status.code) \(status.reasonPhrase)\n".utf8))
  }
}

/// From which pages requests are taken that change something. A browser says in Origin which page
/// sends a request (RFC 6454); programs send none, and have no cookies of others to abuse.
struct OriginRule {
  let allowed: Set<String>

  init(_ configuration: ServerConfiguration) { allowed = configuration.allowedOrigins }

  func allows(_ headers: HTTPHeaders) -> Bool {
    let origins = headers["origin"]
    guard let origin = origins.first else { return true }
    guard origins.count == 1 else { return false }
    return isAllowed(origin) || isSame(origin, headers["host"])
  }

  /// Named by the configuration.
  func isAllowed(_ origin: String) -> Bool {
    allowed.contains(origin) || allowed.contains("*")
  }

  private func isSame(_ origin: String, _ hosts: [String]) -> Bool {
    guard hosts.count == 1 else { return false }
    for (scheme, port) in [("http://", ":80"), ("https://", ":443")]
    where origin.lowercased().hasPrefix(scheme) {
      func withPort(_ host: String) -> String {
        let end = host.lastIndex(of: "]").map { host[$0...] } ?? host[...]
        return end.contains(":") ? host : host + port
      }
      let place = String(origin.lowercased().dropFirst(scheme.count))
      return withPort(place) == withPort(hosts[0].lowercased())
    }
    return false
  }
}
