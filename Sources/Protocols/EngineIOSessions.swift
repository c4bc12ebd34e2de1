import PacketCore

/// What is remembered of Engine.IO sessions, whichever transports carry them.
public final class EngineIOSessions: LayerMemory {
  public static var isShared: Bool { true }

  struct Session: BitwiseCopyable {
    var number: UInt32
    /// The protocol's revision, 3 or 4; 0 while nothing showed it.
    var version: UInt8 = 0
    /// The open packet was the first that was seen.
    var isFromOpen = false
    /// One bit a side that sent a close packet.
    var closed: UInt8 = 0
    /// A probe was asked, and answered.
    var isProbed = false
    /// Frame and time of a ping that waits for its pong, of each side; the frame is 0 for none.
    var clientPing = Asked()
    var serverPing = Asked()
    /// The same of the client's probe.
    var probe = Asked()
  }

  struct Asked: BitwiseCopyable {
    var frame: UInt32 = 0
    /// Nanoseconds since the capture's first frame.
    var time: Int64 = 0
  }

  /// In a note's version: the sender has closed the session before. Cleared before it is kept.
  static let closed: UInt8 = 0xff

  let sessions: RecentTable<Session>
  /// Sessions seen.
  @exclusivity(unchecked) public private(set) var count: UInt32 = 0
  /// The session that a polling response opened last, and the connection: what follows in the same
  /// response belongs to it, though the request could not name it yet.
  @exclusivity(unchecked) private var openedStream: UInt32 = .max
  @exclusivity(unchecked) private var openedKey: UInt64 = 0

  public init(limits: Limits) { sessions = RecentTable(limit: min(limits.connections, 1 << 20)) }

  /// The session's key.
  @inline(__always)
  func key(_ stream: StreamContext) -> UInt64 {
    if _slowPath(stream.session == 0), stream.number == openedStream { return openedKey }
    return EngineIOSession.key(stream)
  }

  /// The session under a key, made when it is new.
  @inline(__always)
  func session(_ key: UInt64) -> UnsafeMutablePointer<Session> {
    if let known = sessions.find(key) { return known }
    return begin(key)
  }

  @inline(never)
  private func begin(_ key: UInt64) -> UnsafeMutablePointer<Session> {
    count &+= 1
    return sessions.insert(key, 0, Session(number: count &- 1))
  }

  /// A message of a session.
  @inline(__always)
  func take(_ key: UInt64, _ side: Side, _ note: inout EngineIO.Note) {
    let session = session(key)
    note.key = key
    note.session = session.pointee.number
    note.version = session.pointee.version
    note.isFromOpen = session.pointee.isFromOpen
    if session.pointee.closed & (1 &<< side.rawValue) != 0 { note.version = Self.closed }
  }

  /// A packet whose sender has closed the session.
  @inline(never)
  func noteClosed(at index: Int, in dissection: inout Dissection, _ note: inout EngineIO.Note) {
    note.version = session(note.key).pointee.version
    dissection.add(EngineIO.afterClose, at: index)
  }

  /// A polling response opened a session.
  func opened(_ key: UInt64, on stream: UInt32) {
    openedStream = stream
    openedKey = key
  }
}
