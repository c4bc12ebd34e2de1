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
    if let scheme = rest.firstRange(of: "://"), !rest.hasPrefix("/") {
      let authority = rest[scheme.upperBound...]
      rest = authority.firstIndex { $0 == "/" || $0 == "?" }.map { authority[$0...] } ?? ""
    }
    let mark = rest.firstIndex(of: "?")
    query = mark.map { String(rest[rest.index(after: $0)...]) } ?? ""
    let octets = PercentEncoding.decode((mark.map { rest[..<$0] } ?? rest).utf8)
    path = String(decoding: octets, as: UTF8.self)
    if !path.hasPrefix("/") { path = "/" + path }
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
