import NIOHTTP1
import Protocols

/// Why an Engine.IO request is refused; codes and words are the JavaScript server's.
enum EngineRefusal: Int, Error {
  case unknownTransport, unknownSession, badHandshakeMethod, badRequest, forbidden
  case unsupportedVersion

  private var words: String {
    switch self {
    case .unknownTransport: "Transport unknown"
    case .unknownSession: "Session ID unknown"
    case .badHandshakeMethod: "Bad handshake method"
    case .badRequest: "Bad request"
    case .forbidden: "Forbidden"
    case .unsupportedVersion: "Unsupported protocol version"
    }
  }

  var response: HTTPResponse {
    HTTPResponse(
      self == .forbidden ? .forbidden : .badRequest,
      headers: ["content-type": "application/json"],
      body: Array("{\"code\":\(rawValue),\"message\":\"\(words)\"}".utf8))
  }
}

/// A request to Engine.IO, held against its rules. Engine.IO protocol revision 4.
struct EngineRequest {
  enum Judgement: Equatable {
    case refuse(EngineRefusal)
    /// A browser asks whether it may. Fetch standard, "CORS-preflight request".
    case preflight
    case open
    case get(String)
    case post(String)
    /// With the session that it is to carry on; nil for a new one.
    case webSocket(String?)
  }

  private let request: HTTPRequest
  private let origins: OriginRule

  init(_ request: HTTPRequest, allowed: OriginRule) {
    self.request = request
    origins = allowed
  }

  /// - Parameter hasSession: The transport of a session; nil when there is none of this name.
  func judge(hasSession: (String) -> EngineTransport.State?) -> Judgement {
    let isUpgrade = request.headers[canonicalForm: "upgrade"].contains {
      $0.lowercased() == "websocket"
    }
    if request.method == .OPTIONS, isFromElsewhere { return .preflight }
    let transport = RequestTarget.parameter("transport", of: request.query)
    guard let transport, transport == "polling" || transport == "websocket" else {
      return .refuse(.unknownTransport)
    }
    guard origins.allows(request.headers) else { return .refuse(.forbidden) }
    let isSocket = transport == "websocket"
    guard let sid = RequestTarget.parameter("sid", of: request.query) else {
      guard request.method == .GET else { return .refuse(.badHandshakeMethod) }
      guard RequestTarget.parameter("EIO", of: request.query) == "4" else {
        return .refuse(.unsupportedVersion)
      }
      guard isSocket == isUpgrade else { return .refuse(.badRequest) }
      return isSocket ? .webSocket(nil) : .open
    }
    guard let state = hasSession(sid) else { return .refuse(.unknownSession) }
    guard isSocket == isUpgrade else { return .refuse(.badRequest) }
    if isSocket { return request.method == .GET ? .webSocket(sid) : .refuse(.badRequest) }
    // After the upgrade polling is over.
    guard EngineTransport(state).isPolling else { return .refuse(.badRequest) }
    switch request.method {
    case .GET: return .get(sid)
    case .POST: return .post(sid)
    default: return .refuse(.badRequest)
    }
  }

  private var isFromElsewhere: Bool {
    request.headers.first(name: "origin").map { origins.isAllowed($0) } ?? false
  }

  /// Lets a page of another origin read the answer, where the configuration names it.
  func crossOrigin(_ response: HTTPResponse) -> HTTPResponse {
    guard isFromElsewhere, let origin = request.headers.first(name: "origin") else {
      return response
    }
    var response = response
    response.headers.add(name: "access-control-allow-origin", value: origin)
    response.headers.add(name: "access-control-allow-credentials", value: "true")
    response.headers.add(name: "vary", value: "Origin")
    if request.method == .OPTIONS {
      response.headers.add(name: "access-control-allow-methods", value: "GET, POST")
      response.headers.add(name: "access-control-allow-headers", value: "content-type")
    }
    return response
  }
}

/// A client's opening handshake. RFC 6455 section 4.2.1.
struct WebSocketHandshake {
  struct Refusal: Error {
    let response: HTTPResponse
  }

  let accept: String
  /// What compression would be agreed on; nil where none was offered.
  let agreedDeflate: PerMessageDeflate?

  static func judge(_ head: RequestHead, _ origins: OriginRule) -> Result<Self, Refusal> {
    func refuse(_ status: HTTPResponseStatus, _ headers: HTTPHeaders = [:]) -> Result<Self, Refusal>
    {
      var response = HTTPResponse.plain(status)
      response.headers.add(contentsOf: headers)
      return .failure(Refusal(response: response))
    }
    let headers = head.headers
    func has(_ name: String, _ word: String) -> Bool {
      headers[canonicalForm: name].contains { $0.lowercased() == word }
    }
    guard head.method == .GET, head.version.isPersistent, has("upgrade", "websocket"),
      has("connection", "upgrade")
    else {
      // RFC 9110 section 15.5.22.
      return refuse(.upgradeRequired, ["upgrade": "websocket"])
    }
    // Section 4.4: "the server MUST respond with one or more Sec-WebSocket-Version header fields".
    guard headers["sec-websocket-version"] == ["13"] else {
      return refuse(.upgradeRequired, ["sec-websocket-version": "13"])
    }
    let keys = headers["sec-websocket-key"]
    guard keys.count == 1, let accept = WebSocketKey.accept(for: Array(keys[0].utf8)) else {
      return refuse(.badRequest)
    }
    guard origins.allows(headers) else { return refuse(.forbidden) }
    let offers = headers["sec-websocket-extensions"].joined(separator: ", ")
    return .success(
      WebSocketHandshake(
        accept: accept,
        agreedDeflate: offers.isEmpty ? nil : PerMessageDeflate.accept(offers)))
  }

  /// The headers of the 101.
  func answer(_ deflate: PerMessageDeflate?) -> HTTPHeaders {
    var headers: HTTPHeaders = [
      "upgrade": "websocket", "connection": "Upgrade", "sec-websocket-accept": accept,
    ]
    if let deflate { headers.add(name: "sec-websocket-extensions", value: deflate.answer.text) }
    return headers
  }
}

extension HTTPResponse {
  /// Packets as the body of a polling response: the record separator stands between them.
  static func payload(_ packets: [[UInt8]]) -> HTTPResponse {
    HTTPResponse(
      .ok,
      headers: ["content-type": "text/plain; charset=UTF-8", "cache-control": "no-store"],
      body: Array(packets.joined(separator: [0x1e])))
  }
}
