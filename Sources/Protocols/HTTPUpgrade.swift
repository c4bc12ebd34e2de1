import Cryptography
import PacketCore

/// The switch from HTTP to WebSocket, audited: RFC 6455 sections 4.1 and 4.2.
enum HTTPUpgrade {
  private static func kind(_ name: String, _ message: String) -> FindingKind {
    FindingKind("http.upgrade." + name, message, .error, .protocolError)
  }
  static let method = kind(
    "method", "WebSocket request: the method must be GET (RFC 6455 section 4.1)")
  static let version = kind(
    "version", "WebSocket request: the version must be HTTP/1.1 or higher (RFC 6455 section 4.1)")
  static let host = kind("host", "WebSocket request without Host (RFC 6455 section 4.1)")
  static let upgrade = kind(
    "header", "WebSocket request: Upgrade must name websocket (RFC 6455 section 4.1)")
  static let connection = kind(
    "connection", "WebSocket request: Connection must name Upgrade (RFC 6455 section 4.1)")
  static let key = kind(
    "key", "WebSocket request: Sec-WebSocket-Key is missing or wrong (RFC 6455 section 4.1)")
  static let webSocketVersion = kind(
    "websocket_version",
    "WebSocket request: Sec-WebSocket-Version must be 13 (RFC 6455 section 4.1)")
  static let answerUpgrade = kind(
    "answer.header", "WebSocket answer: Upgrade must be websocket (RFC 6455 section 4.2.2)")
  static let answerConnection = kind(
    "answer.connection", "WebSocket answer: Connection must name Upgrade (RFC 6455 section 4.2.2)")
  static let accept = kind(
    "accept", "WebSocket answer: Sec-WebSocket-Accept is wrong (RFC 6455 section 4.2.2)")
  static let noAccept = kind(
    "accept_missing", "WebSocket answer without Sec-WebSocket-Accept (RFC 6455 section 4.2.2)")
  static let subprotocol = kind(
    "protocol", "WebSocket answer: a subprotocol that was not offered (RFC 6455 section 4.1)")
  static let extensions = kind(
    "extension", "WebSocket answer: an extension that was not offered (RFC 6455 section 4.1)")
  static let parameter = kind(
    "extension_parameter",
    "Sec-WebSocket-Extensions breaks its rules (RFC 6455 section 9.1, RFC 7692 section 7)")
  static let unasked = kind("unasked", "101 for WebSocket that no request asked for")
  static let refused = FindingKind(
    "http.upgrade.refused", "WebSocket was refused", .warning, .protocolError
  ) { code, _ in " with status \(code)" }

  static let findings = [
    method, version, host, upgrade, connection, key, webSocketVersion, answerUpgrade,
    answerConnection, accept, noAccept, subprotocol, extensions, parameter, unasked, refused,
  ]

  static func words(_ found: String?, _ expected: String?) -> String {
    guard let expected else { return found.map { ": found \"\($0)\"" } ?? "" }
    return ": found \(found.map { "\"\($0)\"" } ?? "none"), expected \"\(expected)\""
  }

  /// RFC 6455 section 1.3.
  private static let guid: StaticString = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

  /// A Sec-WebSocket-Key and what an answer appends to it: Sec-WebSocket-Accept is the Base64 of this
  /// one's SHA-1. RFC 6455 section 4.2.2.
  static func challenge(_ key: RawSpan) -> [UInt8] {
    var octets: [UInt8] = []
    octets.reserveCapacity(key.byteCount + guid.utf8CodeUnitCount)
    key.withUnsafeBytes { octets.append(contentsOf: $0) }
    octets.append(
      contentsOf: UnsafeBufferPointer(start: guid.utf8Start, count: guid.utf8CodeUnitCount))
    return octets
  }

  /// What Sec-WebSocket-Accept answers a key with; nil when the machine's OpenSSL refuses SHA-1.
  static func accept(for key: [UInt8]) -> String? {
    SHA1.digest(challenge(key.span.bytes))
      .map { String(decoding: Base64.encode($0), as: UTF8.self) }
  }

  /// The fields of a head that are about the upgrade. Text is made of them when somebody asks: nearly
  /// always they are as they should be, and nobody does.
  struct Fields {
    private let octets: [UInt8]
    private let found: [(name: HTTPFieldName, value: Range<Int>)]

    /// - Parameter bytes: The head.
    init(_ bytes: RawSpan, _ head: HTTPHead) {
      octets = [UInt8](bytes)
      var found: [(name: HTTPFieldName, value: Range<Int>)] = []
      found.reserveCapacity(8)
      octets.withUnsafeBytes { octets in
        let end = octets.first(10, in: min(head.lineEnd, octets.count)..<octets.count)
        HTTPHead.eachField(octets, from: end.map { $0 + 1 } ?? octets.count) { field in
          let name = UnsafeRawBufferPointer(rebasing: octets[field.name])
          guard let known = HTTPFieldName.find(name), Self.isAboutUpgrade(known) else { return }
          found.append((known, field.value))
        }
      }
      self.found = found
    }

    private static func isAboutUpgrade(_ name: HTTPFieldName) -> Bool {
      switch name {
      case .upgrade, .connection, .secWebSocketKey, .secWebSocketVersion, .secWebSocketProtocol,
        .secWebSocketExtensions, .secWebSocketAccept:
        true
      default: false
      }
    }

    func count(_ name: HTTPFieldName) -> Int { found.count { $0.name == name } }

    /// The value of the first; nil for none.
    func first(_ name: HTTPFieldName) -> [UInt8]? {
      found.first { $0.name == name }.map { Array(octets[$0.value]) }
    }

    /// Whether there is one, and it says just this.
    func isOnly(_ name: HTTPFieldName, _ value: [UInt8]) -> Bool {
      count(name) == 1
        && found.contains { $0.name == name && octets[$0.value].elementsEqual(value) }
    }

    /// All values, joined; nil for none.
    func all(_ name: HTTPFieldName) -> String? {
      let values = found.filter { $0.name == name }
      if values.isEmpty { return nil }
      return values.map { String(decoding: octets[$0.value], as: UTF8.self) }
        .joined(separator: ", ")
    }

    private func eachElement(
      _ name: HTTPFieldName, _ body: (UnsafeRawBufferPointer) -> Void
    ) {
      octets.withUnsafeBytes { octets in
        for field in found where field.name == name {
          HTTPText.eachElement(octets, field.value) {
            body(UnsafeRawBufferPointer(rebasing: octets[$0]))
          }
        }
      }
    }

    func elements(_ name: HTTPFieldName) -> [String] {
      var elements: [String] = []
      eachElement(name) { elements.append(String(decoding: $0, as: UTF8.self)) }
      return elements
    }

    /// Whether an element is the given word, in any case.
    ///
    /// - Parameter word: Lower case.
    func has(_ name: HTTPFieldName, _ word: StaticString) -> Bool {
      var isThere = false
      eachElement(name) { if HTTPText.equals($0, word) { isThere = true } }
      return isThere
    }
  }
}

/// `Sec-WebSocket-Key` and its answer, for endpoints. RFC 6455 section 4.2.2.
public enum WebSocketKey {
  /// What `Sec-WebSocket-Accept` says; nil when the key is not the Base64 of 16 octets, or the machine's
  /// OpenSSL refuses SHA-1.
  public static func accept(for key: [UInt8]) -> String? {
    guard Base64.decodedLength(of: key.span.bytes) == 16 else { return nil }
    return HTTPUpgrade.accept(for: key)
  }
}
