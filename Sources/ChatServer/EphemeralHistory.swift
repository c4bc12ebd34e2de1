import NIOCore

/// Rooms and messages in memory: gone with the process, and no trace of them on the disk.
actor EphemeralHistory: History {
  private struct Room {
    var vacated: Int64?
    var lastID: Int64 = 0
    var messages: [ChatMessage] = []
    var keys: [Key: ChatMessage] = [:]
    var keyOrder: [Key] = []
  }

  private struct Key: Hashable {
    var sender: String
    var key: String
  }

  private let eventLoop: any EventLoop
  /// Messages kept for each room.
  private let limit: Int
  private var rooms: [RoomCode: Room] = [:]

  nonisolated var unownedExecutor: UnownedSerialExecutor {
    eventLoop.executor.asUnownedSerialExecutor()
  }

  init(on eventLoop: any EventLoop, limit: Int) {
    self.eventLoop = eventLoop
    self.limit = limit
  }

  func create(_ room: RoomCode, now: Int64) -> Bool {
    guard rooms[room] == nil else { return false }
    rooms[room] = Room(vacated: now)
    return true
  }

  func holds(_ room: RoomCode) -> Bool { rooms[room] != nil }

  func roomCount() -> Int { rooms.count }

  func rooms(limit: Int) -> [RoomCode] { Array(rooms.keys.prefix(limit)) }

  func open(_ room: RoomCode, newest limit: Int) -> HistoryRoom? {
    guard let found = rooms[room] else { return nil }
    rooms[room]?.vacated = nil
    return HistoryRoom(
      lastID: found.lastID, newest: found.messages.suffix(limit),
      isCut: found.messages.count > limit)
  }

  nonisolated func vacate(_ room: RoomCode, now: Int64) {
    assumeIsolated { $0.rooms[room]?.vacated = now }
  }

  nonisolated func save(
    _ entry: HistoryEntry, completion: @escaping @Sendable (HistoryOutcome) -> Void
  ) {
    completion(assumeIsolated { $0.keep(entry) })
  }

  private func keep(_ entry: HistoryEntry) -> HistoryOutcome {
    guard rooms[entry.room] != nil else { return .failed }
    let key = entry.key.map { Key(sender: entry.message.sender, key: $0) }
    if let key, let known = rooms[entry.room]?.keys[key] {
      return .known(id: known.id, time: known.time)
    }
    keep(entry.message, key, in: &rooms[entry.room, default: Room()])
    return .saved
  }

  private func keep(_ message: ChatMessage, _ key: Key?, in room: inout Room) {
    room.lastID = message.id
    room.messages.append(message)
    // A quarter more, so that the array is moved down rarely.
    if room.messages.count > limit + limit / 4 {
      room.messages.removeFirst(room.messages.count - limit)
    }
    guard let key else { return }
    room.keys[key] = message
    room.keyOrder.append(key)
    if room.keyOrder.count > limit + limit / 4 {
      for old in room.keyOrder.prefix(limit / 4) { room.keys[old] = nil }
      room.keyOrder.removeFirst(limit / 4)
    }
  }

  func messages(of room: RoomCode, before id: Int64, limit: Int) -> [ChatMessage] {
    Array((rooms[room]?.messages ?? []).lazy.filter { $0.id < id }.suffix(limit))
  }

  func expire(vacatedBy time: Int64) {
    rooms = rooms.filter { $0.value.vacated.map { $0 > time } ?? true }
  }

  func close() {}
}
