/// What one person, one room and one address may have.
public struct ChatLimits: Sendable {
  /// Characters of a user name.
  public var nameCharacters = 40
  /// Characters of a message.
  public var messageCharacters = 4_000
  /// Rooms at once, those without members too.
  public var rooms = 10_000
  /// Sockets in one room.
  public var membersPerRoom = 1_000
  /// Messages a socket may send at once, and per second after that.
  public var messagesAtOnce = 20
  public var messagesPerSecond = 10.0
  /// Wrong room codes an address may give at once, and per second after that. A whole class behind
  /// one address may mistype, yet trying all codes takes years.
  public var guessesAtOnce = 20
  public var guessesPerSecond = 0.2
  /// Rooms an address may make at once, and per second after that.
  public var roomsAtOnce = 60
  public var roomsPerSecond = 0.5
  /// Messages of the newest that a client gets when it connects; it asks for those before them.
  public var historyMessages = 2_000
  /// Messages of one part of what was before.
  public var earlierMessages = 500
  /// Messages kept in memory for each room where nothing is saved.
  public var ephemeralMessages = 5_000

  public init() {}

  /// A user name as it is shown, or nil with a reason.
  func checkedName(_ typed: String) -> Result<String, ChatFault> {
    let name = Self.trimmed(typed)
    guard !name.isEmpty else { return .failure(.noName) }
    // A character may be made of many scalars: these are bounded too, or one "letter" fills a page.
    guard name.count <= nameCharacters, name.unicodeScalars.count <= 2 * nameCharacters else {
      return .failure(.longName(nameCharacters))
    }
    // What cannot be seen would let one name pass for another, or turn the line around.
    guard name.unicodeScalars.allSatisfy(Self.isVisible) else { return .failure(.strangeName) }
    return .success(name)
  }

  /// A message's text, or nil with a reason. It is kept as it came.
  func checkedMessage(_ text: String) -> Result<String, ChatFault> {
    guard !Self.trimmed(text).isEmpty else { return .failure(.noMessage) }
    guard text.utf8.count <= 16 * messageCharacters, text.count <= messageCharacters else {
      return .failure(.longMessage(messageCharacters))
    }
    return .success(text)
  }

  /// Without white space at its ends.
  static func trimmed(_ text: String) -> String {
    var rest = Substring(text)
    while let last = rest.last, last.isWhitespace { rest.removeLast() }
    return String(rest.drop { $0.isWhitespace })
  }

  private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
    // Zero width joiner and non-joiner are part of emoji and of several scripts' spelling.
    if scalar.value == 0x200c || scalar.value == 0x200d { return true }
    switch scalar.properties.generalCategory {
    // Format holds the bidirectional controls, U+202A to U+202E and U+2066 to U+2069 among them.
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse,
      .unassigned:
      return false
    default: return true
    }
  }
}

/// What is wrong with what somebody asked of the chat, in words for a person.
public enum ChatFault: Error, Equatable, Sendable {
  case noName, strangeName, noCode, noSession, roomNotFound, noMessage, lost, notSaved, notRead
  case longName(Int), longMessage(Int)
  case tooManyGuesses, tooManyRooms, tooManyMembers, tooManyMessages, notAMessage

  public var text: String {
    switch self {
    case .noName: "Please Enter Name"
    case .strangeName: "Please enter a name of visible characters only"
    case .longName(let limit): "Please enter a name of at most \(limit) characters"
    case .noCode: "Please enter the room code to join the chat"
    case .roomNotFound: "Room code invalid, Room code not found"
    case .noSession: "Please enter the chat by its home page, or say who you are: {\"name\": …}"
    case .noMessage: "Please enter a message"
    case .longMessage(let limit): "The message is longer than \(limit) characters"
    case .lost: "The message did not get through"
    case .notSaved: "The message could not be saved"
    case .notRead: "The history cannot be read"
    case .tooManyGuesses: "Too many wrong room codes: please wait a minute"
    case .tooManyRooms: "Too many rooms: please try again later"
    case .tooManyMembers: "This room is full"
    case .tooManyMessages: "Too many messages: please wait a moment"
    case .notAMessage: "A message is an object: {\"message\": text}"
    }
  }
}
