/// A message on its way into the history.
struct HistoryEntry: Sendable {
  var room: RoomCode
  var message: ChatMessage
  /// The client's own name for it: the same from the same sender is the same message.
  var key: String?
}

/// What became of it.
enum HistoryOutcome: Sendable {
  /// Kept: it will be found again even if the process is killed now.
  case saved
  /// The sender sent it before, as this message.
  case known(id: Int64, time: Int64)
  case failed
}

/// What the history knows of a room that is opened.
struct HistoryRoom: Sendable {
  /// The highest id given so far; 0 for none.
  var lastID: Int64
  /// The newest messages, oldest first.
  var newest: [ChatMessage]
  /// Whether there are messages before those.
  var isCut: Bool
}

/// Where rooms and their messages are kept.
///
/// All calls come from the chat's event loop and are carried out in their order.
protocol History: Sendable {
  /// Makes a room without members.
  ///
  /// - Returns: False when there is one with this code already.
  func create(_ room: RoomCode, now: Int64) async throws -> Bool

  /// Whether there is such a room.
  func holds(_ room: RoomCode) async throws -> Bool

  /// How many rooms there are.
  func roomCount() async throws -> Int

  /// Some rooms, at most `limit`.
  func rooms(limit: Int) async throws -> [RoomCode]

  /// Opens a room for members: it does not expire until it is left.
  ///
  /// - Returns: Nil when there is none.
  func open(_ room: RoomCode, newest limit: Int) async throws -> HistoryRoom?

  /// The last member has gone; the room expires some time after `now`.
  func vacate(_ room: RoomCode, now: Int64)

  /// Keeps a message. `completion` is called on the event loop, in the order of the calls.
  func save(_ entry: HistoryEntry, completion: @escaping @Sendable (HistoryOutcome) -> Void)

  /// Messages before one, oldest first, at most `limit`.
  func messages(of room: RoomCode, before id: Int64, limit: Int) async throws -> [ChatMessage]

  /// Forgets the rooms that were left at `time` or before.
  func expire(vacatedBy time: Int64) async throws

  /// Waits until all is kept, and ends.
  func close() async
}
