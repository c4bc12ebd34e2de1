import Cryptography

/// What the chat is told before it starts.
public struct ChatConfiguration: Sendable {
  /// Where rooms and messages are kept.
  public enum Keeping: Sendable {
    /// In memory, gone with the process.
    case nowhere
    case file(HistoryFile, key: FernetKey)
  }

  public var keeping = Keeping.nowhere
  /// What sessions are signed with; nil for a secret of this process, with which they end.
  public var sessionSecret: FernetKey?
  /// Milliseconds that a room without members is kept.
  public var keepTime: Int64 = 24 * 3_600_000
  public var limits = ChatLimits()
  public var clock = ChatClock.system
  /// What messages pass through; nil for straight to the room.
  public var path: (any MessagePath)?
  /// Where Socket.IO clients find the server.
  public var socketPath = "/socket.io/"
  /// Milliseconds that somebody whose last socket has gone is waited for, before the others are
  /// told: a page that is loaded again is back by then.
  public var graceTime: Int64 = 2_000

  public init() {}
}

/// The secret that sessions are signed with, in a file of its own.
public enum SessionSecret {
  /// Reads the secret in a folder; makes it, and the folder, at the first start.
  public static func load(in folder: DataFolder) throws(KeyFileError) -> FernetKey? {
    let path = folder.path + "/session.key"
    if KeyFile.exists(path) { return try KeyFile.read(path, owner: folder.owner) }
    guard let secret = FernetKey.generate() else { return nil }
    try KeyFile.create(path, key: secret, owner: folder.owner)
    return secret
  }
}
