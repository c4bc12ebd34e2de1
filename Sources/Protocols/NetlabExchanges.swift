import PacketCore

/// The exchanges of a capture: which messages were sent, how often, and what was answered.
public final class NetlabExchanges: LayerMemory {
  /// A message, or the part of one that a segment holds: what all its tries have in common.
  private struct Sent {
    var sequence: UInt32
    var tries: UInt32 = 0
    var answers: UInt32 = 0
    var firstFrame: UInt32
    var lastFrame: UInt32 = 0
    /// Of an exchange as a whole: the end of TCP's key that sends the messages.
    var sender: UInt8 = 0
  }

  /// What an entry is found by besides the two ends.
  private enum Place {
    /// The exchange itself.
    static let exchange: UInt64 = 0
    /// A message, by its sequence number.
    static func message(_ sequence: UInt32) -> UInt64 { 1 << 32 | UInt64(sequence) }
    /// The message that ends before a number.
    static func end(_ number: UInt32) -> UInt64 { 2 << 32 | UInt64(number) }
  }

  // Used by the one thread that walks.
  @exclusivity(unchecked) private var table: FlowTable<UInt64, Sent>

  public init(limits: Limits) { table = FlowTable(limit: limits.exchanges) }

  /// Entries held: one an exchange, and two a message.
  public var count: Int { table.count }

  /// Takes a segment into its exchange.
  ///
  /// - Parameter length: Octets of the token on the wire.
  /// - Returns: What the numbers say about it.
  func take(
    _ tcp: TCP, _ length: UInt32, in dissection: borrowing Dissection
  ) -> Netlab.Note {
    let key = FlowKey(
      dissection.endpoints, tcp.sourcePort, tcp.destinationPort, dissection.frame.point)
    let frame = UInt32(truncatingIfNeeded: dissection.frame.number)
    let end = dissection.stream.direction
    var note = Netlab.Note()
    note.sequence = tcp.sequence
    note.length = length
    if sender(key, tcp, end, frame) == end {
      noteTry(tcp.sequence &+ length, key, frame, &note)
    } else {
      noteAnswer(tcp, key, &note)
    }
    return note
  }

  /// The end that sends messages: the one that is heard first, unless what it says is an answer.
  private func sender(_ key: FlowKey, _ tcp: TCP, _ end: UInt8, _ frame: UInt32) -> UInt8 {
    if let known = table[key, Place.exchange] { return known.sender }
    let sender = tcp.flags.contains(.fin) ? 1 &- end : end
    table[key, Place.exchange] = Sent(sequence: 0, firstFrame: frame, sender: sender)
    return sender
  }

  private func noteTry(
    _ end: UInt32, _ key: FlowKey, _ frame: UInt32, _ note: inout Netlab.Note
  ) {
    let place = Place.message(note.sequence)
    var sent = table[key, place] ?? Sent(sequence: note.sequence, firstFrame: frame)
    sent.tries &+= 1
    sent.lastFrame = frame
    table[key, place] = sent
    table[key, Place.end(end)] = sent
    note.attempt = sent.tries
    note.firstFrame = sent.firstFrame
  }

  /// An answer names the message by one of its two borders. Where one message ends and another
  /// begins it may mean either: each try of the first is acknowledged once, and what comes besides
  /// asks for the second.
  private func noteAnswer(_ tcp: TCP, _ key: FlowKey, _ note: inout Netlab.Note) {
    var begun = table[key, Place.message(tcp.acknowledgment)]
    var ended = table[key, Place.end(tcp.acknowledgment)]
      .flatMap { table[key, Place.message($0.sequence)] }
    if let begun { note.begun = (begun.sequence, begun.lastFrame) }
    if let ended { note.ended = (ended.sequence, ended.lastFrame) }
    if tcp.flags.contains(.fin) {
      note.kind = .refused
    } else if let known = ended, begun == nil || known.answers < known.tries {
      note.kind = .ack
      ended?.answers &+= 1
      table[key, Place.message(known.sequence)] = ended
    } else if let known = begun {
      note.kind = .resend
      begun?.answers &+= 1
      table[key, Place.message(known.sequence)] = begun
    } else {
      note.kind = .answer
    }
  }
}
