import Capture
import PacketCore
import Protocols

/// What happens to a `SenderMachine`.
public enum SenderEvent: Sendable, Equatable {
  /// A message is to be sent.
  ///
  /// - Parameter lengths: Octets of each part's payload, each at least 1.
  case begin(lengths: [Int])
  /// An answer arrived whose checksums and token are good.
  case answer(SenderAnswer)
  /// A segment with good checksums came from the destination, but its token was made with a key
  /// that is not ours.
  ///
  /// - Parameter acknowledgment: Its acknowledgment number.
  case unverifiable(acknowledgment: UInt32)
  /// The destination's port sent an RST.
  case reset
  /// Something from the destination's port was damaged on its way.
  case damagedAnswer
  /// The moment of the last `wake` has come.
  case timer
  /// The user wants it to end.
  case cancel
}

/// A verified answer.
public struct SenderAnswer: Sendable, Equatable {
  public var kind: CraftedMessage.Kind
  /// The part answered, from 1; with go-back-N the last one in order, 0 for none.
  public var part: Int
  /// Parts that the receiver has now.
  public var parts: Int
  /// The header's acknowledgment number.
  public var acknowledgment: UInt32
  /// The sequence number of the segment that is answered, as the token says it.
  public var sequence: UInt32
  /// The answer's own sequence number: two answers that have the same are one, duplicated.
  public var ownSequence: UInt32
  /// Why the segment was not taken.
  public var reason: CraftedReason?

  public init(
    _ kind: CraftedMessage.Kind, part: Int, parts: Int, acknowledgment: UInt32, sequence: UInt32,
    ownSequence: UInt32, reason: CraftedReason? = nil
  ) {
    self.kind = kind
    self.part = part
    self.parts = parts
    self.acknowledgment = acknowledgment
    self.sequence = sequence
    self.ownSequence = ownSequence
    self.reason = reason
  }
}

/// What a `SenderMachine` wants done.
public enum SenderAction: Sendable, Equatable {
  /// Send a part.
  ///
  /// - Parameters:
  ///   - part: Which, from 1.
  ///   - number: Which try of it, from 1.
  ///   - sequence: The sequence number of its first octet.
  case transmit(part: Int, number: Int, sequence: UInt32)
  /// Come back with `.timer` at this moment if nothing else happens before.
  case wake(at: MonotonicTime)
  /// What became of a try.
  case attempt(Attempt)
  /// Something worth a line that changes nothing.
  case remark(SenderRemark)
  /// It is over.
  case finish(Outcome)
}

/// What a sender saw besides answers.
public enum SenderRemark: Sendable, Equatable {
  /// The destination's kernel answered RST.
  case reset
  /// An answer arrived that cannot be trusted.
  case damagedAnswer

  /// A sentence without a full stop.
  public var text: String {
    switch self {
    case .reset: "the destination's kernel answered RST: nobody receives on that port"
    case .damagedAnswer: "an answer arrived damaged and was not counted"
    }
  }
}

/// One try of one part, when nothing more is expected of it.
public struct Attempt: Sendable, Hashable {
  /// How a try was answered.
  public enum Answer: Sendable, Hashable, CaseIterable {
    /// Not at all, before the next try or the end.
    case none
    case ack
    case resend
    case refused
    /// By somebody whose key is not ours.
    case unverifiable

    /// The word in every output.
    public var word: StaticString {
      switch self {
      case .none: "none"
      case .ack: "ack"
      case .resend: "resend"
      case .refused: "refused"
      case .unverifiable: "unverifiable"
      }
    }
  }

  /// The part, from 1.
  public var part: Int
  /// The try, from 1.
  public var number: Int
  public var sequence: UInt32
  /// Octets of the payload.
  public var octets: Int
  public var sent: MonotonicTime
  public var answered: MonotonicTime?
  public var answer: Answer
  public var reason: CraftedReason?
  /// What was done to the segment on its way out; filled in by whoever sends.
  public var faults: [FaultRecord] = []
}
