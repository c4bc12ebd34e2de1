/// Where a chat server is: `http://10.0.0.33:5000`, `http://[fe80::1%wlan0]:5000`, `10.0.0.33:5000`.
public struct ServerAddress: Sendable, Equatable {
  /// A name or an address, without the brackets of IPv6.
  public var host: String
  public var port: Int
  /// The path that Socket.IO is served at, slashes at both ends.
  public var path: String

  /// Why a text is no such address, for a person.
  public struct Fault: Error, Equatable, Sendable {
    public var message: String
    /// What to do; empty when the message says it.
    public var remedy = ""
  }

  /// - Parameters:
  ///   - url: A path in it, such as that of the chat's pages, is left out.
  ///   - path: The path that Socket.IO is served at.
  public init(_ url: String, path: String = "/socket.io/") throws(Fault) {
    var rest = Substring(url)
    if let mark = url.firstRange(of: "://") {
      let scheme = url[..<mark.lowerBound].lowercased()
      switch scheme {
      case "http", "ws": break
      case "https", "wss":
        throw Fault(
          message: "\(scheme):// needs TLS, which is not in this build",
          remedy: "give the server's http:// address, as `netlab serve` prints it")
      default:
        throw Fault(
          message: "the address of a chat server begins with http://, not \(Self.shown(scheme))://")
      }
      rest = url[mark.upperBound...]
    }
    let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    // Not repeated in the message: it may hold a password.
    guard !authority.contains("@") else {
      throw Fault(message: "the address of a chat server holds no user name and password")
    }
    let (host, digits) = try Self.split(authority, url)
    guard !host.isEmpty, host.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value != 0x7f })
    else { throw Self.fault(url) }
    self.host = host
    switch digits {
    case nil: port = 80
    case let text?:
      guard text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let number = Int(text),
        (1...65535).contains(number)
      else {
        throw Fault(
          message: "the port is a number from 1 to 65535, not '\(Self.shown(String(text)))'")
      }
      port = number
    }
    self.path = try Self.path(path)
  }

  /// Host and port; RFC 3986 section 3.2.2 puts an IPv6 address into brackets.
  private static func split(
    _ authority: Substring, _ url: String
  ) throws(Fault) -> (host: String, port: Substring?) {
    guard authority.first == "[" else {
      let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
      guard parts.count <= 2 else {
        throw Fault(
          message: "an IPv6 address stands in brackets",
          remedy: "try http://[\(Self.shown(String(authority)))]:5000")
      }
      return (String(parts.first ?? ""), parts.count == 2 ? parts[1] : nil)
    }
    guard let end = authority.firstIndex(of: "]") else { throw fault(url) }
    var host = String(authority[authority.index(after: authority.startIndex)..<end])
    // RFC 6874: the zone is behind %25; people write % alone.
    if let zone = host.firstRange(of: "%25") { host.replaceSubrange(zone, with: "%") }
    guard host.contains(":") else { throw fault(url) }
    let behind = authority[authority.index(after: end)...]
    guard !behind.isEmpty else { return (host, nil) }
    guard behind.first == ":" else { throw fault(url) }
    return (host, behind.dropFirst())
  }

  private static func path(_ path: String) throws(Fault) -> String {
    // It goes into a request line.
    guard path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != 0x3f && $0 != 0x23 }) else {
      throw Fault(message: "the path is ASCII without spaces, ? and #: '\(shown(path))'")
    }
    let inner = path.split(separator: "/").joined(separator: "/")
    return inner.isEmpty ? "/" : "/\(inner)/"
  }

  private static func fault(_ url: String) -> Fault {
    Fault(
      message: "not the address of a chat server: '\(shown(url))'",
      remedy: "it looks like http://10.0.0.33:5000")
  }

  private static func shown(_ text: String) -> String { TerminalText.escaped(text) }

  /// The host as it stands in a URL and in the Host field: without a zone, which is this machine's
  /// own affair (RFC 6874 section 4: "MUST remove").
  private var literal: String {
    guard host.contains(":") else { return host }
    return "[\(host.prefix { $0 != "%" })]"
  }

  /// The value of the Host field.
  public var hostField: String { port == 80 ? literal : "\(literal):\(port)" }

  /// What others may give to their clients and browsers.
  public var url: String {
    let name = host.contains(":") ? "[\(host)]" : host
    return port == 80 ? "http://\(name)" : "http://\(name):\(port)"
  }
}
