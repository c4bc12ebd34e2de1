import Cryptography
import PacketCore

/// What a request for WebSocket offers, and what is wrong with it. RFC 6455 section 4.1.
struct WebSocketOffer {
  var key: [UInt8] = []
  var protocols: [String] = []
  /// `Sec-WebSocket-Extensions`; nil without.
  var extensions: String?
  var target: String
  private var faults: [(kind: FindingKind, words: String)] = []

  /// - Parameter octets: The request's head.
  init(_ octets: [UInt8], _ head: HTTPHead) {
    target = String(decoding: octets[head.uri], as: UTF8.self)
    let fields = HTTPUpgrade.Fields(octets, head)
    if head.method != .get {
      object(
        HTTPUpgrade.method,
        String(decoding: octets[head.start..<head.methodEnd], as: UTF8.self), "GET")
    }
    if head.versionNumber < 11 {
      object(
        HTTPUpgrade.version, String(decoding: octets[head.version], as: UTF8.self), "HTTP/1.1")
    }
    if !head.traits.contains(.host) { object(HTTPUpgrade.host) }
    if !fields.has(.upgrade, "websocket") {
      object(HTTPUpgrade.upgrade, fields.all(.upgrade), "websocket")
    }
    if !fields.has(.connection, "upgrade") {
      object(HTTPUpgrade.connection, fields.all(.connection), "Upgrade")
    }
    key = fields.first(.secWebSocketKey) ?? []
    if fields.count(.secWebSocketKey) != 1 {
      object(HTTPUpgrade.key, fields.all(.secWebSocketKey), "one")
    } else if (try? Base64.decode(key))?.octets.count != 16 {
      object(HTTPUpgrade.key, fields.all(.secWebSocketKey), "Base64 of 16 octets")
    }
    if !fields.isOnly(.secWebSocketVersion, [0x31, 0x33]) {
      object(HTTPUpgrade.webSocketVersion, fields.all(.secWebSocketVersion), "13")
    }
    protocols = fields.elements(.secWebSocketProtocol)
    extensions = fields.all(.secWebSocketExtensions)
    for problem in WebSocketExtensionAudit(offer: extensions, answer: nil).offerProblems {
      faults.append((HTTPUpgrade.parameter, ": " + problem.text))
    }
  }

  private mutating func object(
    _ kind: FindingKind, _ found: String? = nil, _ expected: String? = nil
  ) {
    faults.append((kind, HTTPUpgrade.words(found, expected)))
  }

  func report(at index: Int, into dissection: inout Dissection) {
    for fault in faults { dissection.add(fault.kind, at: index, words: fault.words) }
  }
}

/// What an answer to such a request says. RFC 6455 section 4.2.2.
struct WebSocketAnswer {
  private let fields: HTTPUpgrade.Fields
  private let extensions: WebSocketExtensionAudit

  /// - Parameters:
  ///   - offer: What was asked for; nil when it was not captured.
  ///   - bytes: The answer's head, and what was read of it.
  init(to offer: WebSocketOffer?, _ bytes: RawSpan, _ head: HTTPHead) {
    fields = HTTPUpgrade.Fields([UInt8](bytes), head)
    extensions = WebSocketExtensionAudit(
      offer: offer?.extensions, answer: fields.all(.secWebSocketExtensions))
  }

  /// Says what is wrong with it, held against the offer.
  func report(
    _ offer: WebSocketOffer, at index: Int, _ note: inout HTTP.Note,
    into dissection: inout Dissection
  ) {
    func object(_ kind: FindingKind, _ found: String?, _ expected: String) {
      dissection.add(kind, at: index, words: HTTPUpgrade.words(found, expected))
    }
    if !fields.has(.upgrade, "websocket") {
      object(HTTPUpgrade.answerUpgrade, fields.all(.upgrade), "websocket")
    }
    if !fields.has(.connection, "upgrade") {
      object(HTTPUpgrade.answerConnection, fields.all(.connection), "Upgrade")
    }
    if let digest = HTTPUpgrade.digest(offer.key) {
      note.traits |= HTTP.Note.hasAccept
      digest.withUnsafeBytes {
        note.accept.0 = $0.loadUnaligned(as: UInt64.self)
        note.accept.1 = $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
        note.accept.2 = $0.loadUnaligned(fromByteOffset: 16, as: UInt32.self)
      }
      let expected = Base64.encode(digest)
      if !fields.isOnly(.secWebSocketAccept, expected) {
        let found = fields.all(.secWebSocketAccept)
        object(
          found == nil ? HTTPUpgrade.noAccept : HTTPUpgrade.accept, found,
          String(decoding: expected, as: UTF8.self))
      }
    }
    for chosen in fields.elements(.secWebSocketProtocol) where !offer.protocols.contains(chosen) {
      object(
        HTTPUpgrade.subprotocol, chosen,
        offer.protocols.isEmpty ? "none" : offer.protocols.joined(separator: ", "))
    }
    for problem in extensions.answerProblems {
      if case .notOffered(let name) = problem {
        object(HTTPUpgrade.extensions, name, offer.extensions ?? "none")
      } else {
        dissection.add(HTTPUpgrade.parameter, at: index, words: ": " + problem.text)
      }
    }
  }

  /// What the two agreed on.
  ///
  /// - Parameter exchange: The request; nil when it was not captured.
  func negotiation(_ exchange: HTTPExchange?) -> WebSocketNegotiation {
    WebSocketNegotiation(
      extensions, subprotocol: fields.elements(.secWebSocketProtocol).first ?? "",
      target: exchange?.offer?.target ?? "/", isEngineIO: exchange.map { $0.engineIO != nil },
      session: exchange?.engineIO?.session ?? 0)
  }
}

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

  /// RFC 6455 section 1.3: SHA-1 of the key and this, in Base64.
  private static let guid = Array("258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8)

  /// The 20 octets that Sec-WebSocket-Accept is the Base64 of.
  static func digest(_ key: [UInt8]) -> [UInt8]? { SHA1.digest(key + guid) }

  /// What Sec-WebSocket-Accept answers a key with; nil when the machine's OpenSSL refuses SHA-1.
  static func accept(for key: [UInt8]) -> String? {
    digest(key).map { String(decoding: Base64.encode($0), as: UTF8.self) }
  }

  /// The fields of a head that are about the upgrade. Text is made of them when somebody asks: nearly
  /// always they are as they should be, and nobody does.
  struct Fields {
    private let octets: [UInt8]
    private var found: [(name: HTTPFieldName, value: Range<Int>)] = []

    init(_ octets: [UInt8], _ head: HTTPHead) {
      self.octets = octets
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
    guard (try? Base64.decode(key))?.octets.count == 16 else { return nil }
    return HTTPUpgrade.accept(for: key)
  }
}
