import Cryptography
import PacketCore

/// What a request for WebSocket offers, and what is wrong with it. RFC 6455 section 4.1.
struct WebSocketOffer {
  /// What the answer has to know: `HTTPUpgrade.challenge`.
  let challenge: [UInt8]
  let protocols: [String]
  /// `Sec-WebSocket-Extensions`; nil without.
  let extensions: String?
  private let faults: [(kind: FindingKind, words: String)]

  /// - Parameters:
  ///   - bytes: The request's head, and what was read of it.
  ///   - isThorough: Looks at each field although the head says that there is no need.
  init(_ bytes: RawSpan, _ head: HTTPHead, isThorough: Bool = false) {
    if !isThorough, head.isPlainUpgrade {
      let key = bytes.extracting(head.webSocketKey)
      if Base64.decodedLength(of: key) == 16 {
        challenge = HTTPUpgrade.challenge(key)
        protocols = []
        extensions = nil
        faults = []
        return
      }
    }
    let fields = HTTPUpgrade.Fields(bytes, head)
    let key = fields.first(.secWebSocketKey) ?? []
    challenge = HTTPUpgrade.challenge(key.span.bytes)
    protocols = fields.elements(.secWebSocketProtocol)
    extensions = fields.all(.secWebSocketExtensions)
    var faults: [(kind: FindingKind, words: String)] = []
    func object(_ kind: FindingKind, _ found: String? = nil, _ expected: String? = nil) {
      faults.append((kind, HTTPUpgrade.words(found, expected)))
    }
    func text(_ range: Range<Int>) -> String {
      bytes.withUnsafeBytes { HTTPText.string($0, range) }
    }
    if head.method != .get {
      object(HTTPUpgrade.method, text(head.start..<head.methodEnd), "GET")
    }
    if head.versionNumber < 11 { object(HTTPUpgrade.version, text(head.version), "HTTP/1.1") }
    if !head.traits.contains(.host) { object(HTTPUpgrade.host) }
    if !fields.has(.upgrade, "websocket") {
      object(HTTPUpgrade.upgrade, fields.all(.upgrade), "websocket")
    }
    if !fields.has(.connection, "upgrade") {
      object(HTTPUpgrade.connection, fields.all(.connection), "Upgrade")
    }
    if fields.count(.secWebSocketKey) != 1 {
      object(HTTPUpgrade.key, fields.all(.secWebSocketKey), "one")
    } else if Base64.decodedLength(of: key.span.bytes) != 16 {
      object(HTTPUpgrade.key, fields.all(.secWebSocketKey), "Base64 of 16 octets")
    }
    if !fields.isOnly(.secWebSocketVersion, [0x31, 0x33]) {
      object(HTTPUpgrade.webSocketVersion, fields.all(.secWebSocketVersion), "13")
    }
    for problem in WebSocketExtensionAudit(offer: extensions, answer: nil).offerProblems {
      faults.append((HTTPUpgrade.parameter, ": " + problem.text))
    }
    self.faults = faults
  }

  func report(at index: Int, into dissection: inout Dissection) {
    for fault in faults { dissection.add(fault.kind, at: index, words: fault.words) }
  }
}

/// What an answer to such a request says. RFC 6455 section 4.2.2.
struct WebSocketAnswer {
  /// Nil where there is nothing but `HTTPHead.webSocketKey` to look at.
  private let fields: HTTPUpgrade.Fields?
  private let extensions: WebSocketExtensionAudit?

  /// - Parameters:
  ///   - offer: What was asked for; nil when it was not captured.
  ///   - bytes: The answer's head, and what was read of it.
  ///   - isThorough: Looks at each field although the head says that there is no need.
  init(to offer: WebSocketOffer?, _ bytes: RawSpan, _ head: HTTPHead, isThorough: Bool = false) {
    guard isThorough || !head.isPlainUpgrade else {
      fields = nil
      extensions = nil
      return
    }
    let fields = HTTPUpgrade.Fields(bytes, head)
    self.fields = fields
    extensions = WebSocketExtensionAudit(
      offer: offer?.extensions, answer: fields.all(.secWebSocketExtensions))
  }

  /// Says what is wrong with it, held against the offer.
  ///
  /// - Parameter bytes: As for `init`, and `head` too.
  func report(
    _ offer: WebSocketOffer, _ bytes: RawSpan, _ head: HTTPHead, at index: Int,
    _ note: inout HTTP.Note, into dissection: inout Dissection
  ) {
    let digest = SHA1.digest(offer.challenge)
    if let digest {
      note.traits |= HTTP.Note.hasAccept
      digest.withUnsafeBytes {
        note.accept.0 = $0.loadUnaligned(as: UInt64.self)
        note.accept.1 = $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
        note.accept.2 = $0.loadUnaligned(fromByteOffset: 16, as: UInt32.self)
      }
    }
    if fields == nil,
      digest.map({ Base64.isText(bytes.extracting(head.webSocketKey), of: $0.span.bytes) }) ?? true
    {
      return
    }
    let fields = fields ?? HTTPUpgrade.Fields(bytes, head)
    func object(_ kind: FindingKind, _ found: String?, _ expected: String) {
      dissection.add(kind, at: index, words: HTTPUpgrade.words(found, expected))
    }
    if !fields.has(.upgrade, "websocket") {
      object(HTTPUpgrade.answerUpgrade, fields.all(.upgrade), "websocket")
    }
    if !fields.has(.connection, "upgrade") {
      object(HTTPUpgrade.answerConnection, fields.all(.connection), "Upgrade")
    }
    if let expected = digest.map({ Base64.encode($0) }),
      !fields.isOnly(.secWebSocketAccept, expected)
    {
      let found = fields.all(.secWebSocketAccept)
      object(
        found == nil ? HTTPUpgrade.noAccept : HTTPUpgrade.accept, found,
        String(decoding: expected, as: UTF8.self))
    }
    for chosen in fields.elements(.secWebSocketProtocol) where !offer.protocols.contains(chosen) {
      object(
        HTTPUpgrade.subprotocol, chosen,
        offer.protocols.isEmpty ? "none" : offer.protocols.joined(separator: ", "))
    }
    for problem in extensions?.answerProblems ?? [] {
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
    let isEngineIO = exchange.map { $0.engineIO != nil }
    let session = exchange?.engineIO?.session ?? 0
    guard let fields, let extensions else {
      return WebSocketNegotiation(isEngineIO: isEngineIO, session: session)
    }
    return WebSocketNegotiation(
      extensions, subprotocol: fields.elements(.secWebSocketProtocol).first ?? "",
      isEngineIO: isEngineIO, session: session)
  }
}
