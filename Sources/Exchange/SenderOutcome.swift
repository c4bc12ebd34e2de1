import Protocols

/// How the sending of a message ended.
///
/// "Delivered" is said of nothing but a message that the receiver held whole and handed on; all
/// else means that it was not confirmed, and not that it did not arrive.
public enum Outcome: Sendable, Hashable {
  /// The receiver has it all.
  ///
  /// - Parameters:
  ///   - tries: Segments sent.
  ///   - parts: Parts of the message.
  ///   - nanoseconds: From the first segment to the last answer.
  case delivered(tries: Int, parts: Int, nanoseconds: Int64)
  /// The last try of a part was not acknowledged.
  ///
  /// - Parameters:
  ///   - tries: Tries of that part.
  ///   - damaged: How many of them were answered RESEND.
  ///   - wasReset: The destination's kernel answered RST.
  case noAnswer(tries: Int, damaged: Int, wasReset: Bool)
  /// The receiver will never take it.
  case refused(CraftedReason?)
  /// Somebody answers whose key is not ours.
  case anotherKey
  /// Every try of a part was answered RESEND.
  case damaged(tries: Int)
  /// All parts were acknowledged, but the receiver never held them all.
  case incomplete
  /// The bound on the whole was reached.
  case timedOut(nanoseconds: Int64, wasReset: Bool)
  /// The user ended it.
  case cancelled

  /// Exit codes of `netlab send`.
  public enum ExitCode: Int32, Sendable, CaseIterable {
    case done = 0
    case noAnswer = 20
    case refused = 21
    case damaged = 22
  }

  /// The exit code that goes with it.
  public var exitCode: ExitCode {
    switch self {
    case .delivered: .done
    case .noAnswer, .timedOut, .cancelled: .noAnswer
    case .refused, .anotherKey, .incomplete: .refused
    case .damaged: .damaged
    }
  }

  /// Whether the message arrived.
  public var isDelivered: Bool { exitCode == .done }

  /// The word in machine-readable output.
  public var word: StaticString {
    switch self {
    case .delivered: "delivered"
    case .noAnswer: "no-answer"
    case .refused: "refused"
    case .anotherKey: "another-key"
    case .damaged: "damaged"
    case .incomplete: "incomplete"
    case .timedOut: "timed-out"
    case .cancelled: "cancelled"
    }
  }

  /// The final sentence.
  public var text: String {
    switch self {
    case .delivered(let tries, 1, let nanoseconds):
      "delivered after \(Self.count(tries, "try", "tries")) in \(Self.length(nanoseconds))"
    case .delivered(let tries, let parts, let nanoseconds):
      "delivered in \(parts) parts with \(tries) segments in \(Self.length(nanoseconds))"
    case .noAnswer(let tries, 0, let wasReset):
      "No answer after \(Self.count(tries, "try", "tries"))" + Self.reset(wasReset)
    case .noAnswer(let tries, let damaged, let wasReset):
      "No acknowledgment after \(Self.count(tries, "try", "tries")), \(damaged) of which arrived "
        + "damaged" + Self.reset(wasReset)
    case .refused(let reason?):
      "refused: \(reason.text) (\(Self.meaning(reason.code)))"
    case .refused(nil): "refused by the receiver, which gave no reason"
    case .anotherKey: "the answer cannot be verified: another key?"
    case .damaged: "Checksum mismatch. Please resend the packet."
    case .incomplete: "not delivered: the receiver lost parts that it had acknowledged"
    case .timedOut(let nanoseconds, let wasReset):
      "not confirmed within \(Self.length(nanoseconds))" + Self.reset(wasReset)
    case .cancelled: "stopped before an answer came: not confirmed"
    }
  }

  /// What to do next; empty when there is nothing.
  public var remedy: String {
    switch self {
    case .anotherKey: "give both ends one key: netlab key show | ssh other netlab key import"
    case .refused(let reason?) where [.expired, .fromTheFuture].contains(reason.code):
      "set the clocks of both hosts"
    case .refused(let reason?) where reason.code == .beforeStart:
      "send it again, or set the clocks of both hosts"
    case .noAnswer(_, 0, false): "is netlab receive running there, on that port?"
    case .incomplete, .damaged: "send it again"
    default: ""
    }
  }

  private static func count(_ number: Int, _ one: StaticString, _ many: StaticString) -> String {
    "\(number) \(number == 1 ? one : many)"
  }

  private static func reset(_ wasReset: Bool) -> String {
    wasReset ? "; " + SenderRemark.reset.text : ""
  }

  /// What a refusal says to a person.
  private static func meaning(_ code: CraftedReason.Code) -> StaticString {
    switch code {
    case .badIPChecksum, .badTCPChecksum: "damaged on the way"
    case .badToken: "the payload is no token"
    case .badHMAC: "damaged on the way, or another key"
    case .expired: "the token is older than the receiver takes"
    case .fromTheFuture: "the token was made later than the receiver's clock says"
    case .beforeStart: "the token was made before the receiver started"
    case .badMessage: "the plaintext is no message of the exchange"
    case .wrongSequence: "the token was made for another sequence number"
    case .late: "a later message was delivered already"
    case .incomplete: "the receiver had to give up parts of it"
    case .tooLong: "the message is longer than the receiver takes"
    case .noRoom: "no such room, or several and none was named"
    case .full: "the receiver holds as much as it may"
    }
  }

  /// `0.8 ms`, `3.2 s`: one decimal below ten of a unit and above.
  static func length(_ nanoseconds: Int64) -> String {
    let (unit, name): (Int64, String) =
      nanoseconds >= 1_000_000_000 ? (1_000_000_000, "s") : (1_000_000, "ms")
    let tenths = max(nanoseconds, 0) / (unit / 10)
    return "\(tenths / 10).\(tenths % 10) \(name)"
  }
}
