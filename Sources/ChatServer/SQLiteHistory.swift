import Cryptography
import GRDB
import Logging
import NIOCore

/// Rooms and messages in a file, the texts as Fernet tokens.
///
/// What is to be kept waits until the writer is free, and goes to the disk in one transaction with
/// all that waits beside it: the disk is asked once for a crowd of messages, and once for a single
/// one. The event loop never waits for it.
actor SQLiteHistory: History {
  /// What waits to be written: `perform` runs in the transaction and returns what is to be called
  /// on the event loop once that is on the disk, `failed` is called where it came to nothing.
  private struct Change: Sendable {
    var perform: @Sendable (Database, FernetCipher?) throws -> @Sendable () -> Void
    var failed: @Sendable (any Error) -> Void = { _ in }
  }

  private let eventLoop: any EventLoop
  private let database: DatabaseQueue
  private let key: FernetKey
  private let logger: Logger
  private var waiting: [Change] = []
  private var isWriting = false
  private var idle: [CheckedContinuation<Void, Never>] = []

  nonisolated var unownedExecutor: UnownedSerialExecutor {
    eventLoop.executor.asUnownedSerialExecutor()
  }

  init(_ file: HistoryFile, key: FernetKey, on eventLoop: any EventLoop, logger: Logger) {
    self.eventLoop = eventLoop
    database = file.database
    self.key = key
    self.logger = logger
  }

  func create(_ room: RoomCode, now: Int64) async throws -> Bool {
    try await database.write { database in
      try database.execute(
        sql: "INSERT OR IGNORE INTO room (code, made, vacated) VALUES (?, ?, ?)",
        arguments: [room.text, now, now])
      return database.changesCount == 1
    }
  }

  func holds(_ room: RoomCode) async throws -> Bool {
    try await database.read { database in
      try Bool.fetchOne(
        database, sql: "SELECT EXISTS (SELECT 1 FROM room WHERE code = ?)", arguments: [room.text])
        ?? false
    }
  }

  func roomCount() async throws -> Int {
    try await database.read { database in
      try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM room") ?? 0
    }
  }

  func rooms(limit: Int) async throws -> [RoomCode] {
    try await database.read { database in
      try String.fetchAll(database, sql: "SELECT code FROM room LIMIT ?", arguments: [limit])
    }.compactMap { RoomCode($0) }
  }

  func open(_ room: RoomCode, newest limit: Int) async throws -> HistoryRoom? {
    // Behind everything that waits for this room: the last goodbye, the last messages.
    try await withCheckedThrowingContinuation { continuation in
      add(
        Change { database, cipher in
          let found = try Self.open(database, room, newest: limit, cipher)
          return { continuation.resume(returning: found) }
        } failed: {
          continuation.resume(throwing: $0)
        })
    }
  }

  private static func open(
    _ database: Database, _ room: RoomCode, newest limit: Int, _ cipher: FernetCipher?
  ) throws -> HistoryRoom? {
    try database.cachedStatement(sql: "UPDATE room SET vacated = NULL WHERE code = ?")
      .execute(arguments: [room.text])
    guard database.changesCount == 1 else { return nil }
    // One more than asked for tells whether there are others.
    var newest = try read(database, room, before: .max, limit: limit + 1, cipher)
    let isCut = newest.count > limit
    if isCut { newest.removeFirst() }
    return HistoryRoom(lastID: newest.last?.id ?? 0, newest: newest, isCut: isCut)
  }

  func messages(of room: RoomCode, before id: Int64, limit: Int) async throws -> [ChatMessage] {
    let key = key
    return try await database.read { database in
      try Self.read(database, room, before: id, limit: limit, FernetCipher(key))
    }
  }

  func expire(vacatedBy time: Int64) async throws {
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<_, any Error>) in
      add(
        Change { database, _ in
          try database.execute(sql: "DELETE FROM room WHERE vacated <= ?", arguments: [time])
          return { continuation.resume() }
        } failed: {
          continuation.resume(throwing: $0)
        })
    }
  }

  nonisolated func vacate(_ room: RoomCode, now: Int64) {
    assumeIsolated { history in
      history.add(
        Change { database, _ in
          try database.cachedStatement(sql: "UPDATE room SET vacated = ? WHERE code = ?")
            .execute(arguments: [now, room.text])
          return {}
        })
    }
  }

  nonisolated func save(
    _ entry: HistoryEntry, completion: @escaping @Sendable (HistoryOutcome) -> Void
  ) {
    assumeIsolated { history in
      history.add(
        Change { database, cipher in
          let outcome = try Self.write(entry, to: database, cipher)
          return { completion(outcome) }
        } failed: { _ in
          completion(.failed)
        })
    }
  }

  func close() async {
    if isWriting { await withCheckedContinuation { idle.append($0) } }
    do {
      try database.close()
    } catch {
      logger.warning("The history was not closed in order: \(error)")
    }
  }

  // MARK: Writing

  private func add(_ change: Change) {
    waiting.append(change)
    if !isWriting { writeWaiting() }
  }

  private func writeWaiting() {
    guard !waiting.isEmpty else {
      isWriting = false
      for waiter in idle { waiter.resume() }
      idle = []
      return
    }
    isWriting = true
    let batch = waiting
    waiting = []
    let key = key
    database.asyncWrite { database in
      let cipher = FernetCipher(key)
      return try batch.map { try $0.perform(database, cipher) }
    } completion: { _, result in
      self.eventLoop.execute { self.assumeIsolated { $0.finish(batch, result) } }
    }
  }

  private func finish(_ batch: [Change], _ result: Result<[@Sendable () -> Void], any Error>) {
    switch result {
    case .success(let completions):
      for complete in completions { complete() }
    case .failure(let error):
      logger.error("The history cannot be written: \(error)")
      for change in batch { change.failed(error) }
    }
    writeWaiting()
  }

  private static func write(
    _ entry: HistoryEntry, to database: Database, _ cipher: FernetCipher?
  ) throws -> HistoryOutcome {
    let message = entry.message
    if let key = entry.key,
      let known = try Row.fetchOne(
        database.cachedStatement(
          sql: "SELECT id, time FROM message WHERE room = ? AND sender = ? AND key = ?"),
        arguments: [entry.room.text, message.sender, key])
    {
      return .known(id: known[0], time: known[1])
    }
    let text = Array(message.text.utf8)
    // A token's time is in seconds; a clock before 1970 is no reason to lose a message.
    let seconds = UInt64(clamping: message.time / 1_000)
    guard let token = cipher?.seal(text.span.bytes, time: seconds) else { return .failed }
    do {
      try database.cachedStatement(
        sql: "INSERT INTO message (room, id, time, sender, token, key) VALUES (?, ?, ?, ?, ?, ?)"
      ).execute(arguments: [
        entry.room.text, message.id, message.time, message.sender,
        String(decoding: token, as: UTF8.self), entry.key,
      ])
    } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
      // A room that is gone; the others of the batch are not to suffer.
      return .failed
    }
    return .saved
  }

  // MARK: Reading

  /// Oldest first.
  private static func read(
    _ database: Database, _ room: RoomCode, before id: Int64, limit: Int,
    _ cipher: FernetCipher?
  ) throws -> [ChatMessage] {
    let rows = try Row.fetchCursor(
      database.cachedStatement(
        sql: """
          SELECT id, time, sender, token FROM message WHERE room = ? AND id < ?
          ORDER BY id DESC LIMIT ?
          """),
      arguments: [room.text, id, limit])
    var messages: [ChatMessage] = []
    while let row = try rows.next() {
      let token: String = row[3]
      let text = (try? cipher?.open(Array(token.utf8), now: nil))?.plain
      messages.append(
        ChatMessage(
          id: row[0], time: row[1], sender: row[2],
          text: text.map { String(decoding: $0, as: UTF8.self) } ?? unreadable))
    }
    return messages.reversed()
  }

  /// What stands for a message that another key or a damaged file hides.
  static let unreadable = "(this message cannot be read: it was saved with another key)"
}
