import PacketCore

/// What is wrong with an offer or an answer of extensions. RFC 6455 section 9.1, RFC 7692 section 7.1.
public enum WebSocketExtensionProblem: Sendable, Equatable {
  /// The header is not of its grammar.
  case malformed
  /// RFC 6455 section 4.1: "If the response includes a |Sec-WebSocket-Extensions| header field and
  /// this header field indicates the use of an extension that was not present in the client's
  /// handshake ... the client MUST _Fail the WebSocket Connection_."
  case notOffered(String)
  /// RFC 7692 section 5: an extension is answered once.
  case answeredTwice(String)
  /// RFC 7692 section 7: "contains multiple extension parameters with the same name".
  case duplicate(String)
  /// RFC 7692 section 7: "contains an extension parameter not defined".
  case unknown(String)
  /// RFC 7692 section 7: "contains an extension parameter with an invalid value".
  case value(String)
  /// The answer lacks what the offer asks for, or allows more.
  case ignored(String)

  /// A sentence without a full stop.
  public var text: String {
    switch self {
    case .malformed: "Sec-WebSocket-Extensions is malformed"
    case .notOffered(let name): "\(name) was answered but not offered"
    case .answeredTwice(let name): "\(name) was answered more than once"
    case .duplicate(let name): "parameter \(name) stands there more than once"
    case .unknown(let name): "parameter \(name) is not known"
    case .value(let name): "parameter \(name) has a value that it may not have"
    case .ignored(let name): "the answer does not keep to the offer's \(name)"
    }
  }
}

/// The parameters of one permessage-deflate element: an offer, or an answer.
struct PerMessageDeflateElement {
  var clientNoContextTakeover = false
  var serverNoContextTakeover = false
  /// An offer may name it without a value.
  var hasClientMaxWindowBits = false
  var clientMaxWindowBits: Int?
  var serverMaxWindowBits: Int?
  var problems: [WebSocketExtensionProblem] = []

  init(_ element: WebSocketExtension, isAnswer: Bool) {
    var seen: Set<String> = []
    for parameter in element.parameters {
      let name = parameter.name
      if !seen.insert(name).inserted {
        problems.append(.duplicate(name))
        continue
      }
      switch name {
      case "client_no_context_takeover", "server_no_context_takeover":
        // Sections 7.1.1.1 and 7.1.1.2: "This parameter has no value."
        if parameter.value != nil { problems.append(.value(name)) }
        if name.hasPrefix("client") {
          clientNoContextTakeover = true
        } else {
          serverNoContextTakeover = true
        }
      case "server_max_window_bits":
        serverMaxWindowBits = bits(parameter)
      case "client_max_window_bits":
        hasClientMaxWindowBits = true
        // Section 7.1.2.2: in an offer "has no value or a decimal integer value".
        if parameter.value != nil || isAnswer { clientMaxWindowBits = bits(parameter) }
      default: problems.append(.unknown(name))
      }
    }
  }

  /// Section 7.1.2: "a decimal integer value without leading zeroes between 8 to 15, inclusive".
  private mutating func bits(_ parameter: WebSocketExtension.Parameter) -> Int? {
    let values = [
      "8": 8, "9": 9, "10": 10, "11": 11, "12": 12, "13": 13, "14": 14, "15": 15,
    ]
    if let value = parameter.value, let bits = values[value] { return bits }
    problems.append(.value(parameter.name))
    return nil
  }

  /// What an answer agrees on.
  var agreed: PerMessageDeflate {
    PerMessageDeflate(
      clientNoContextTakeover: clientNoContextTakeover,
      serverNoContextTakeover: serverNoContextTakeover,
      clientMaxWindowBits: clientMaxWindowBits ?? 15,
      serverMaxWindowBits: serverMaxWindowBits ?? 15)
  }

  /// Where an answer does not keep to an offer.
  func departures(from offer: PerMessageDeflateElement) -> [WebSocketExtensionProblem] {
    var found: [WebSocketExtensionProblem] = []
    // Section 7.1.1.1: a server accepts it "by including the "server_no_context_takeover" extension
    // parameter in the corresponding extension negotiation response".
    if offer.serverNoContextTakeover, !serverNoContextTakeover {
      found.append(.ignored("server_no_context_takeover"))
    }
    // Section 7.1.2.1: "with the same or smaller value as the offer".
    if let wanted = offer.serverMaxWindowBits, serverMaxWindowBits ?? 15 > wanted {
      found.append(.ignored("server_max_window_bits"))
    }
    // Section 7.1.2.2: "If a received extension negotiation offer doesn't have the
    // "client_max_window_bits" extension parameter, the corresponding extension negotiation response
    // to the offer MUST NOT include the "client_max_window_bits" extension parameter."
    if hasClientMaxWindowBits, !offer.hasClientMaxWindowBits {
      found.append(.ignored("client_max_window_bits"))
    } else if let value = clientMaxWindowBits, let most = offer.clientMaxWindowBits, value > most {
      found.append(.ignored("client_max_window_bits"))
    }
    return found
  }
}

/// Offer and answer of a handshake, held against each other.
public struct WebSocketExtensionAudit: Sendable, Equatable {
  /// What was agreed on; nil without permessage-deflate.
  public var deflate: PerMessageDeflate?
  /// Other extensions were agreed on.
  public var hasOtherExtensions = false
  /// What is wrong with the offer.
  public var offerProblems: [WebSocketExtensionProblem] = []
  /// What is wrong with the answer.
  public var answerProblems: [WebSocketExtensionProblem] = []

  /// - Parameters:
  ///   - offer: `Sec-WebSocket-Extensions` of the request, several joined with commas; nil without.
  ///   - answer: The same of the response.
  public init(offer: String?, answer: String?) {
    let offered = offer.flatMap(WebSocketExtension.parse) ?? []
    if offer != nil, offered.isEmpty { offerProblems.append(.malformed) }
    let offers = offered.filter { $0.name == PerMessageDeflate.name }
      .map { PerMessageDeflateElement($0, isAnswer: false) }
    for one in offers { offerProblems += one.problems }
    guard let answer else { return }
    guard let answered = WebSocketExtension.parse(answer) else {
      answerProblems.append(.malformed)
      return
    }
    for element in answered {
      if !offered.contains(where: { $0.name == element.name }) {
        answerProblems.append(.notOffered(element.name))
      }
      guard element.name == PerMessageDeflate.name else {
        hasOtherExtensions = true
        continue
      }
      guard deflate == nil else {
        answerProblems.append(.answeredTwice(element.name))
        continue
      }
      let read = PerMessageDeflateElement(element, isAnswer: true)
      deflate = read.agreed
      answerProblems += read.problems
      // Any of several offers may be the one that is answered.
      let departures = offers.map { read.departures(from: $0) }
      if let least = departures.min(by: { $0.count < $1.count }) { answerProblems += least }
    }
  }
}

extension PerMessageDeflate {
  /// The extension's name.
  public static let name = "permessage-deflate"

  /// What a client offers to get these parameters, or better ones.
  public var offer: WebSocketExtension {
    var element = answer
    // Section 7.1.2.2: says that the server may limit the client's window.
    if clientMaxWindowBits == 15 {
      element.parameters.append(WebSocketExtension.Parameter("client_max_window_bits"))
    }
    return element
  }

  /// What a server answers that agrees on these parameters.
  public var answer: WebSocketExtension {
    var element = WebSocketExtension(Self.name)
    func add(_ name: String, _ value: Int? = nil) {
      element.parameters.append(WebSocketExtension.Parameter(name, value.map { "\($0)" }))
    }
    if serverNoContextTakeover { add("server_no_context_takeover") }
    if clientNoContextTakeover { add("client_no_context_takeover") }
    if serverMaxWindowBits < 15 { add("server_max_window_bits", serverMaxWindowBits) }
    if clientMaxWindowBits < 15 { add("client_max_window_bits", clientMaxWindowBits) }
    return element
  }

  /// What a server agrees on: the first offer that it can accept, and its own limits on top.
  ///
  /// - Parameters:
  ///   - offer: `Sec-WebSocket-Extensions` of the request.
  ///   - wish: The most that the server grants.
  /// - Returns: Nil when there is no such offer.
  public static func accept(
    _ offer: String, wish: PerMessageDeflate = PerMessageDeflate()
  ) -> PerMessageDeflate? {
    for element in WebSocketExtension.parse(offer) ?? [] where element.name == name {
      let read = PerMessageDeflateElement(element, isAnswer: false)
      // Section 7: "A server MUST decline an extension negotiation offer" with any of these.
      guard read.problems.isEmpty else { continue }
      var agreed = wish
      agreed.serverNoContextTakeover = wish.serverNoContextTakeover || read.serverNoContextTakeover
      agreed.clientNoContextTakeover = wish.clientNoContextTakeover || read.clientNoContextTakeover
      agreed.serverMaxWindowBits = min(wish.serverMaxWindowBits, read.serverMaxWindowBits ?? 15)
      agreed.clientMaxWindowBits =
        read.hasClientMaxWindowBits
        ? min(wish.clientMaxWindowBits, read.clientMaxWindowBits ?? 15) : 15
      return agreed
    }
    return nil
  }
}

extension WebSocketNegotiation {
  /// What a request and its response agreed on.
  ///
  /// - Parameters:
  ///   - audit: Their extensions.
  ///   - isEngineIO: Nil when the request was not captured.
  ///   - session: A hash of the session's name; 0 for none.
  public init(
    _ audit: WebSocketExtensionAudit, subprotocol: String = "", isEngineIO: Bool? = nil,
    session: UInt64 = 0
  ) {
    self.init(
      deflate: audit.deflate, hasOtherExtensions: audit.hasOtherExtensions,
      subprotocol: subprotocol, isEngineIO: isEngineIO, session: session)
  }
}
