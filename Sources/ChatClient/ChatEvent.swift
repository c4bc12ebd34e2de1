import Protocols

/// What names a message in its room, as the server gave it: a number or a text.
public struct ChatMessageID: Sendable, Hashable {
  public var text: String
  public var isNumber: Bool

  public init(_ number: Int64) {
    text = String(number)
    isNumber = true
  }

  /// - Returns: Nil for what is neither.
  init?(json value: JSONValue?) {
    switch value {
    case .number(let digits)? where digits.utf8.count <= 40: (text, isNumber) = (digits, true)
    case .string(let name)? where name.utf8.count <= 200: (text, isNumber) = (name, false)
    default: return nil
    }
  }

  var value: JSONValue { isNumber ? .number(text) : .string(text) }
}

/// A message as the room has it.
public struct ChatMessage: Sendable, Equatable {
  public var id: ChatMessageID?
  /// Empty for a notice.
  public var sender: String
  public var text: String
  /// Milliseconds since 1970; nil where the server does not say.
  public var time: Int64?
  /// This client sent it, or, in the history, one of this name.
  public var isOwn = false

  public var isNotice: Bool { sender.isEmpty }

  public init(
    id: ChatMessageID? = nil, sender: String, text: String, time: Int64? = nil, isOwn: Bool = false
  ) {
    self.id = id
    self.sender = sender
    self.text = text
    self.time = time
    self.isOwn = isOwn
  }
}

/// A message of one's own on its way.
public struct Outgoing: Sendable, Equatable {
  /// What the server knows it by, however often it is sent.
  public var key: String
  public var text: String
}

/// What a chat tells its user.
public enum ChatEvent: Sendable, Equatable {
  /// In a room: at first, and again after each loss. With `hasEarlier` the room has messages before
  /// those that are told.
  case joined(room: String, name: String, isFirst: Bool, hasEarlier: Bool)
  case message(ChatMessage, isHistory: Bool)
  /// Who is here.
  case members([String])
  /// The server has it.
  case delivered(Outgoing, id: ChatMessageID?)
  /// Not acknowledged when the connection was lost, or written without one: it is sent again.
  case delayed(Outgoing)
  /// The server does not take it, or it cannot be sent.
  case refused(Outgoing, reason: String)
  /// The server has something to say to this client alone.
  case remark(String)
  /// It tries again after the pause.
  case lost(reason: String, pause: Duration)
  case over(ChatEnd)
}

/// How it ended.
public enum ChatEnd: Sendable, Equatable {
  /// As the user wanted.
  case left
  /// The server will not have this client: room not found, no name.
  case refused(String)
  /// There was no connection in the first place.
  case failed(TransportEnd)
}
