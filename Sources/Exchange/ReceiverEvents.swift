import PacketCore
import Protocols

/// How a receiver behaves, and how much it may hold.
public struct ReceiverSettings: Sendable, Equatable {
  /// What the receiver calls itself in its answers.
  public var name = ""
  /// Seconds that a token may be old, as `SegmentCheck` has it.
  public var ttl: UInt64 = 60
  /// Seconds that clocks may disagree by, as `SegmentCheck` has it.
  public var skew: UInt64 = 60
  /// Octets of text that one message may have.
  public var longestMessage = 16 << 20
  /// Octets of all messages that are not whole yet.
  public var mostOctets = 64 << 20
  /// Messages that are not whole yet.
  public var mostAssemblies = 1024
  /// Messages of which nobody has said yet what becomes of them.
  public var mostUndecided = 4096
  /// Message ids that are remembered.
  public var mostIDs = 1 << 20
  /// Runs of senders whose order is kept.
  public var mostRuns = 1 << 16
  /// RESENDs in a second to one address: whoever damages packets decides where these go.
  public var resendsPerSource = 100
  /// RESENDs in a second to all together.
  public var resendsOverall = 1000

  public init() {}
}

/// What a receiver is told.
public enum ReceiverEvent: Sendable {
  /// A packet arrived and was judged.
  case segment(CheckedSegment)
  /// What became of a message that was to be delivered.
  case decided(CraftedMessage.ID, DeliveryDecision)
  /// It is `nextTimer`, or later.
  case timer
}

/// What became of a message that was to be delivered.
public enum DeliveryDecision: Sendable, Equatable {
  case delivered
  /// It will never be; the sender is told why.
  case refused(CraftedReason)
}

/// A whole message.
public struct Delivery: Sendable, Equatable {
  public var id: CraftedMessage.ID
  /// Who sends it, as the token says.
  public var sender: String
  public var room: String?
  public var text: String
  /// The ends of the segment that made it whole. The addresses are not signed.
  public var ends: SegmentEnds
  /// Tries that its most often tried part took, as far as they were seen here.
  public var tries: Int
  public var parts: Int
}

/// What a receiver wants to be done.
public enum ReceiverAction: Sendable, Equatable {
  /// The message is to be delivered, and `decided` to be said, now or later.
  case deliver(Delivery)
  case answer(ReceiverAnswer)
  case report(ReceiverRow)
}

/// A segment that goes back, its token not yet sealed.
public struct ReceiverAnswer: Sendable, Equatable {
  /// From here to there.
  public var ends: SegmentEnds
  public var sequence: UInt32
  public var acknowledgment: UInt32
  public var message: CraftedMessage
  /// What is to be sealed: the message as JSON.
  public var plain: [UInt8]

  /// PSH and ACK, and FIN when it refuses.
  public var flags: TCPFlags {
    message.kind == .refused ? [.fin, .psh, .ack] : [.psh, .ack]
  }

  /// Characters of the token of a plaintext.
  static func tokenLength(_ plain: Int) -> Int {
    // 57 octets besides the blocks, and the last block is padding in part or whole.
    (57 + (plain / 16 + 1) * 16 + 2) / 3 * 4
  }
}

/// What became of one segment.
public struct ReceiverRow: Sendable, Equatable {
  public enum Outcome: Sendable, Equatable {
    /// It made a message whole, which was delivered.
    case delivered
    /// A part that is kept until the others are here; how many are.
    case part(held: Int)
    /// Known already. Acknowledged again, unless the message is not decided on yet.
    case duplicate
    /// A part that is not the next, of a sender that goes back N: not kept.
    case outOfOrder
    /// Damaged, or sealed with another key.
    case damaged(CraftedReason)
    case refused(CraftedReason)
    /// None of the exchange.
    case foreign
    /// A TCP client's SYN; told once for each address.
    case connectionAttempt
    /// An answer, which a receiver has no use for.
    case answer
  }

  public var outcome: Outcome
  public var ends: SegmentEnds
  public var sequence: UInt32
  /// Octets of the payload.
  public var length: Int
  /// What the token says, its text left out; nil when it could not be read or trusted.
  public var message: CraftedMessage?
  /// Tries of this segment that were seen, this one included.
  public var tries: Int
  /// What was answered; nil for nothing.
  public var answer: CraftedMessage.Kind?
}
