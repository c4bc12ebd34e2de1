import Protocols

/// A message as the room keeps it.
public struct ChatMessage: Equatable, Sendable {
  /// Rises in the room; a message that was sent later has a higher one. Some are left out.
  public var id: Int64
  /// Milliseconds since 1970.
  public var time: Int64
  public var sender: String
  public var text: String

  public init(id: Int64, time: Int64, sender: String, text: String) {
    self.id = id
    self.time = time
    self.sender = sender
    self.text = text
  }

  /// As clients get it: the original's two members, and two that its clients leave aside.
  var json: JSONValue {
    [
      "sender": .string(sender), "message": .string(text), "id": .number(String(id)),
      "time": .number(String(time)),
    ]
  }

  /// What the chat itself says, which has no sender and is not kept.
  static func notice(_ text: String, time: Int64) -> JSONValue {
    ["sender": "", "message": .string(text), "time": .number(String(time))]
  }
}

/// The newest messages of a room, as many as a client gets when it comes.
struct RecentMessages: Sendable {
  /// Octets of text in all: a client's send queue has to hold them.
  static let octets = 768 * 1_024

  private let limit: Int
  private var octets = 0
  private(set) var messages: [ChatMessage] = []
  /// The id of the last message before these; 0 when there is none.
  private(set) var lastBefore: Int64

  /// - Parameters:
  ///   - messages: Oldest first.
  ///   - isCut: There are messages before them.
  init(limit: Int, messages: [ChatMessage] = [], isCut: Bool = false) {
    self.limit = limit
    lastBefore = isCut ? (messages.first?.id ?? 1) - 1 : 0
    for message in messages { append(message) }
  }

  mutating func append(_ message: ChatMessage) {
    messages.append(message)
    octets += message.text.utf8.count
    var excess = 0
    while messages.count - excess > limit || octets > Self.octets && messages.count - excess > 1 {
      octets -= messages[excess].text.utf8.count
      excess += 1
    }
    // Moved down rarely: an array has no cheap end in front.
    if excess > 0 {
      lastBefore = messages[excess - 1].id
      messages.removeFirst(excess)
    }
  }

  /// The messages behind the one with this id, oldest first.
  func after(_ id: Int64) -> ArraySlice<ChatMessage> {
    var low = 0
    var high = messages.count
    while low < high {
      let middle = (low + high) / 2
      if messages[middle].id > id { high = middle } else { low = middle + 1 }
    }
    return messages[low...]
  }
}
