import Cryptography
import GRDB
import Glibc

/// The file that the history is in, opened and brought to today's form.
public struct HistoryFile: Sendable {
  let database: DatabaseQueue
  /// Where it is.
  public let path: String

  /// Opens the history in a folder, and makes both where they are missing, for the owner alone.
  ///
  /// - Parameters:
  ///   - key: What the messages in it were sealed with, and new ones are to be.
  ///   - now: Milliseconds since 1970. Rooms that had members when the last process ended count
  ///     as left at this moment.
  /// - Throws: `ChatFileError`.
  public init(in folder: DataFolder, key: FernetKey, now: Int64) throws(ChatFileError) {
    path = folder.path + "/history.sqlite"
    try folder.makeFile("history.sqlite")
    do {
      database = try Self.open(path)
      try Self.bringUp(database, now: now)
    } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
      throw ChatFileError(
        .busy, "the history \(path) is in use by another netlab serve",
        remedy: "stop that one, or name another folder: --data DIR, or keep nothing: --ephemeral")
    } catch let error as DatabaseError where error.resultCode == .SQLITE_NOTADB {
      throw ChatFileError(
        .damaged, "\(path) is no history of netlab's",
        remedy: "move it away: mv \(path) \(path).old, or name another folder: --data DIR")
    } catch {
      throw ChatFileError(
        .damaged, "the history \(path) cannot be opened: \(error)",
        remedy: "name another folder: --data DIR, or keep nothing: --ephemeral")
    }
    guard fits(key) else {
      throw ChatFileError(
        .otherKey, "the history \(path) was saved with another key",
        remedy: "name that key: --key-file FILE, or begin another history: --data DIR")
    }
  }

  private static func open(_ path: String) throws -> DatabaseQueue {
    var configuration = Configuration()
    configuration.label = "history"
    configuration.journalMode = .wal
    configuration.prepareDatabase { database in
      // One process at a time: two would give the same ids to different messages.
      try database.execute(sql: "PRAGMA locking_mode = EXCLUSIVE")
      // What is acknowledged outlives a power failure too.
      try database.execute(sql: "PRAGMA synchronous = FULL")
      // What is deleted is gone from the file.
      try database.execute(sql: "PRAGMA secure_delete = ON")
    }
    return try DatabaseQueue(path: path, configuration: configuration)
  }

  private static func bringUp(_ database: DatabaseQueue, now: Int64) throws {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("rooms and messages") { database in
      // `vacated`: milliseconds since 1970; NULL while there are members.
      try database.execute(
        sql: """
          CREATE TABLE room (
            code TEXT NOT NULL PRIMARY KEY,
            made INTEGER NOT NULL,
            vacated INTEGER
          ) STRICT, WITHOUT ROWID;
          CREATE INDEX room_vacated ON room (vacated);
          CREATE TABLE message (
            room TEXT NOT NULL REFERENCES room (code) ON DELETE CASCADE,
            id INTEGER NOT NULL,
            time INTEGER NOT NULL,
            sender TEXT NOT NULL,
            token TEXT NOT NULL,
            key TEXT,
            PRIMARY KEY (room, id)
          ) STRICT, WITHOUT ROWID;
          CREATE UNIQUE INDEX message_key ON message (room, sender, key) WHERE key IS NOT NULL;
          """)
    }
    try migrator.migrate(database)
    try database.write { database in
      try database.execute(
        sql: "UPDATE room SET vacated = ? WHERE vacated IS NULL", arguments: [now])
    }
  }

  /// Whether the key opens what is there.
  private func fits(_ key: FernetKey) -> Bool {
    let token = try? database.read { database in
      try String.fetchOne(database, sql: "SELECT token FROM message LIMIT 1")
    }
    guard let token else { return true }
    return (try? FernetCipher(key)?.open(Array(token.utf8), now: nil)) != nil
  }
}
