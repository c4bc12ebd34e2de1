import PacketCore

import Protocols

/// One application message: what stands in the truth about it, and its octets.
struct TraceMessage: Sendable {
  /// What it is, such as `line` or `http.request`.
  var kind: String
  /// Its text, without the framing.
  var text: String
  var octets: [UInt8]
  /// The rule of WebSocket that it breaks.
  var breaks: WebSocketRule?
}

/// What one end says in one go.
struct Utterance: Sendable {
  var fromClient: Bool
  var messages: [TraceMessage]

  init(fromClient: Bool, _ messages: [TraceMessage]) {
    self.fromClient = fromClient
    self.messages = messages
  }

  init(fromClient: Bool, _ message: TraceMessage) {
    self.init(fromClient: fromClient, [message])
  }

  var octets: [UInt8] {
    messages.count == 1 ? messages[0].octets : messages.flatMap(\.octets)
  }
}

/// The application's part of a conversation: what both ends say, without a thought of segments.
/// Every utterance is at least 16 octets long, so that it can be cut for any fault.
protocol Dialogue {
  /// What is said before the first message; each end speaks at least once.
  mutating func greetings() -> [Utterance]
  /// How many of the greetings belong to a handshake that a capture may have missed.
  var handshakeLength: Int { get }
  /// `count` messages of one end.
  mutating func say(_ count: Int, fromClient: Bool) -> Utterance
  /// The client's last word, and the server's.
  mutating func farewells() -> [Utterance]
}

extension TraceOptions {
  /// The application's part of connection number `connection`.
  func dialogue(_ connection: Int, host: String) -> any Dialogue {
    let numbers = SeededNumbers(seed: seed ^ 0x6469_616c, part: connection)
    switch content {
    case .raw: return LineDialogue(numbers)
    case .http: return HTTPDialogue(numbers, host: host)
    case .websocket, .chat:
      return WebSocketDialogue(self, numbers, host: host, connection: connection)
    }
  }
}

/// Words that people say in a chat.
struct Words: Sendable {
  private static let list = [
    "hello", "alpha", "packet", "checksum", "window", "segment", "router", "rain", "coffee",
    "lunch", "review", "merge", "deploy", "later", "please", "thanks", "network", "trace",
    "buffer", "socket", "latency", "queue", "retry", "green", "blue", "tonight", "meeting",
    "draft", "patch", "tests", "passed", "failed", "again", "soon", "maybe", "sure", "okay",
    "fine", "great", "naïve", "café", "übrigens", "見て",
  ]

  /// A sentence, now and then one that fills several segments.
  static func sentence(_ numbers: inout SeededNumbers) -> String {
    let count = numbers.chance(2) ? 400 : numbers.pick(3...12)
    return (0..<count).map { _ in list[numbers.below(list.count)] }.joined(separator: " ")
  }
}

/// Lines of text, each ended by a line feed.
struct LineDialogue: Dialogue {
  private var numbers: SeededNumbers
  private var said = 0

  init(_ numbers: SeededNumbers) { self.numbers = numbers }

  private func line(_ text: String) -> TraceMessage {
    TraceMessage(kind: "line", text: text, octets: Array((text + "\n").utf8))
  }

  mutating func greetings() -> [Utterance] {
    [
      Utterance(fromClient: true, line("HELLO this is the client")),
      Utterance(fromClient: false, line("HELLO this is the server")),
    ]
  }

  var handshakeLength: Int { 0 }

  mutating func say(_ count: Int, fromClient: Bool) -> Utterance {
    Utterance(
      fromClient: fromClient,
      (0..<count).map { _ in
        said += 1
        let number = String(said)
        let digits = String(repeating: "0", count: max(0, 4 - number.count)) + number
        return line("message \(digits) " + Words.sentence(&numbers))
      })
  }

  mutating func farewells() -> [Utterance] {
    [
      Utterance(fromClient: true, line("GOODBYE from the client")),
      Utterance(fromClient: false, line("GOODBYE from the server")),
    ]
  }
}
