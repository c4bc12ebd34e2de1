import PacketCore

/// One element of a `Sec-WebSocket-Extensions` header: an extension's name and parameters. RFC 6455
/// section 9.1.
public struct WebSocketExtension: Sendable, Equatable {
  /// A parameter, and its value where it has one.
  public struct Parameter: Sendable, Equatable {
    public var name: String
    public var value: String?

    public init(_ name: String, _ value: String? = nil) {
      self.name = name
      self.value = value
    }
  }

  public var name: String
  public var parameters: [Parameter]

  public init(_ name: String, _ parameters: [Parameter] = []) {
    self.name = name
    self.parameters = parameters
  }

  /// The element as the header has it.
  public var text: String {
    parameters.reduce(name) { $0 + "; " + $1.name + ($1.value.map { "=" + $0 } ?? "") }
  }

  /// The elements of a header; of several headers joined with commas too.
  ///
  /// - Returns: Nil when it is not of the header's grammar.
  public static func parse(_ header: String) -> [WebSocketExtension]? {
    var scan = HeaderScan(Array(header.utf8))
    var found: [WebSocketExtension] = []
    while true {
      // RFC 9110 section 5.6.1: "A recipient MUST parse and ignore a reasonable number of empty list
      // elements".
      scan.skipSpace()
      if scan.take(0x2c) { continue }
      guard !scan.isAtEnd else { return found.isEmpty ? nil : found }
      guard let name = scan.token() else { return nil }
      var one = WebSocketExtension(name)
      scan.skipSpace()
      while scan.take(0x3b) {
        scan.skipSpace()
        guard let parameter = scan.parameter() else { return nil }
        one.parameters.append(parameter)
        scan.skipSpace()
      }
      found.append(one)
      guard scan.isAtEnd || scan.take(0x2c) else { return nil }
    }
  }
}

/// A cursor over a header's value.
private struct HeaderScan {
  private let octets: [UInt8]
  private var at = 0

  init(_ octets: [UInt8]) { self.octets = octets }

  var isAtEnd: Bool { at >= octets.count }

  mutating func skipSpace() {
    while at < octets.count, octets[at] == 32 || octets[at] == 9 { at += 1 }
  }

  mutating func take(_ octet: UInt8) -> Bool {
    guard at < octets.count, octets[at] == octet else { return false }
    at += 1
    return true
  }

  /// RFC 9110 section 5.6.2.
  private static func isTokenOctet(_ octet: UInt8) -> Bool {
    switch octet {
    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
    case 0x21, 0x23...0x27, 0x2a, 0x2b, 0x2d, 0x2e, 0x5e...0x60, 0x7c, 0x7e: true
    default: false
    }
  }

  mutating func token() -> String? {
    let start = at
    while at < octets.count, Self.isTokenOctet(octets[at]) { at += 1 }
    return at > start ? String(decoding: octets[start..<at], as: UTF8.self) : nil
  }

  mutating func parameter() -> WebSocketExtension.Parameter? {
    guard let name = token() else { return nil }
    skipSpace()
    guard take(0x3d) else { return WebSocketExtension.Parameter(name) }
    skipSpace()
    guard let value = take(0x22) ? quoted() : token() else { return nil }
    return WebSocketExtension.Parameter(name, value)
  }

  /// RFC 6455 section 9.1: "the value after quoted-string unescaping MUST conform to the 'token'
  /// ABNF".
  private mutating func quoted() -> String? {
    var value: [UInt8] = []
    while at < octets.count {
      var octet = octets[at]
      at += 1
      if octet == 0x22 { return value.isEmpty ? nil : String(decoding: value, as: UTF8.self) }
      if octet == 0x5c {
        guard at < octets.count else { return nil }
        octet = octets[at]
        at += 1
      }
      guard Self.isTokenOctet(octet) else { return nil }
      value.append(octet)
    }
    return nil
  }
}
