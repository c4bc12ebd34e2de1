import PacketCore

/// What is remembered of Socket.IO: namespaces, events that wait to be acknowledged, packets that
/// wait for attachments.
public final class SocketIOMemory: LayerMemory {
  public static var isShared: Bool { true }

  /// A namespace of a session.
  struct Namespace: BitwiseCopyable {
    /// The client asked for it.
    var isAsked = false
    /// The server granted it.
    var isGranted = false
    /// One bit a side that disconnected from it.
    var disconnected: UInt8 = 0
  }

  /// An event with an acknowledgment id.
  struct Asked: BitwiseCopyable {
    var frame: UInt32
    var isAnswered = false
    /// Nanoseconds since the capture's first frame.
    var time: Int64
  }

  /// A binary packet whose attachments are still to come.
  struct Waiting {
    var frame: Int
    /// Order of arrival.
    var number: Int
    /// The text of the packet.
    var header: [UInt8]
    /// Where the header stands on the wire; empty when it follows from the wire otherwise.
    var headerPieces: [BufferPiece]
    var wanted: Int
    var attachments: [(octets: [UInt8], pieces: [BufferPiece])] = []
    /// Octets held.
    var octets: Int
  }

  /// Whose attachments: session, and the direction.
  struct Direction: Hashable {
    var session: UInt64
    var side: UInt8
  }

  /// A packet whose last attachment has come, in buffers of the present dissection.
  struct Assembled {
    var buffer: UInt16
    var firstAttachment: UInt16
    var octets: Int
    var session: UInt64
  }

  let namespaces: RecentTable<Namespace>
  let asked: RecentTable<Asked>
  // Used by the one thread that walks; so for all of these.
  @exclusivity(unchecked) var waiting: [Direction: Waiting] = [:]
  @exclusivity(unchecked) var waitingOctets = 0
  @exclusivity(unchecked) var waitingCount = 0
  @exclusivity(unchecked) var assembled: Assembled?
  let octetLimit: Int
  /// Attachments of one packet that are followed.
  static let mostAttachments = 1024
  /// Packets that wait at once.
  static let mostWaiting = 4096

  public init(limits: Limits) {
    namespaces = RecentTable(limit: min(limits.connections, 1 << 20))
    asked = RecentTable(limit: limits.exchanges)
    octetLimit = limits.messageOctets
  }

  /// No packet waits for attachments, and none was just put together.
  var isAtRest: Bool { assembled == nil && waiting.isEmpty }

  /// Whether the packet in `buffer` is the one just put together; the note is filled then.
  func take(_ buffer: UInt16, _ note: inout SocketIO.Note) -> Bool {
    guard let whole = assembled, whole.buffer == buffer else { return false }
    assembled = nil
    note.session = whole.session
    note.firstAttachment = whole.firstAttachment
    note.attachmentOctets = UInt32(truncatingIfNeeded: whole.octets)
    return true
  }

  /// Makes a packet wait.
  ///
  /// - Returns: False when there is no room for it.
  func wait(_ packet: Waiting, _ direction: Direction) -> Bool {
    giveUp(direction)
    guard packet.octets <= octetLimit, packet.wanted <= Self.mostAttachments else { return false }
    makeRoom(packet.octets, sparing: direction)
    if waiting.count >= Self.mostWaiting { giveUpOldest(sparing: direction) }
    waitingCount += 1
    waitingOctets += packet.octets
    waiting[direction] = packet
    waiting[direction]?.number = waitingCount
    return true
  }

  /// Forgets what waits in a direction, if anything does.
  func giveUp(_ direction: Direction) {
    guard let packet = waiting.removeValue(forKey: direction) else { return }
    waitingOctets -= packet.octets
  }

  /// Gives up those that have waited longest until `octets` more fit.
  func makeRoom(_ octets: Int, sparing direction: Direction) {
    while waitingOctets + octets > octetLimit, waiting.count > 0 {
      if !giveUpOldest(sparing: direction) { return }
    }
  }

  @discardableResult
  private func giveUpOldest(sparing direction: Direction) -> Bool {
    let others = waiting.lazy.filter { $0.key != direction }
    guard let oldest = others.min(by: { $0.value.number < $1.value.number }) else { return false }
    giveUp(oldest.key)
    return true
  }
}
