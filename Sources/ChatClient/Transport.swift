/// The ways to carry Engine.IO packets.
public enum TransportKind: String, Sendable, CaseIterable {
  case webSocket = "websocket"
  case polling
}

/// How a transport came to its end, or why there is none.
public enum TransportEnd: Error, Sendable, Equatable {
  /// No connection: the system's words.
  case unreachable(String)
  /// Nothing listens there.
  case connectionRefused
  /// The server answered a request with another status than the one that was needed.
  case rejected(status: Int, words: String)
  /// The server broke a rule, or exceeded a limit.
  case violated(String)
  /// The server ended it.
  case closed(String)
  /// Nothing came for too long.
  case timedOut

  /// For a person, after "the connection was lost: ".
  public var words: String {
    switch self {
    case .unreachable(let words): words
    case .connectionRefused: "nothing listens there (connection refused)"
    case .rejected(let status, let words): "the server answered \(status)\(words)"
    case .violated(let rule): "the server broke a rule: \(rule)"
    case .closed(let words): words
    case .timedOut: "the server does not answer"
    }
  }
}
