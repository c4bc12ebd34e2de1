import PacketCore

/// A segment of netlab's own exchange: a crafted message on its way, or the answer to one.
///
/// The layer has no octets of its own. Where a segment stands in the exchange is told by the numbers
/// in the TCP header in front of it, and what it says by the Fernet token behind it:
///
/// ```
/// message:        SEQ = n                          PSH, ACK
/// ACK to it:      ACK = n + length of the token    PSH, ACK
/// RESEND of it:   ACK = n                          PSH, ACK
/// REFUSED:        ACK = n + length of the token    FIN, PSH, ACK
/// ```
/// Without the key the kind follows from these numbers, and is a guess where windows let several
/// parts be under way; with the key the token says it.
public struct Netlab: Layer {
  /// What a segment is for. The first four are those of `CraftedMessage.Kind`.
  public enum Kind: UInt8, Sendable, BitwiseCopyable, CaseIterable {
    case message, ack, resend, refused
    /// An answer to nothing that is known; the key would tell which.
    case answer

    init(_ kind: CraftedMessage.Kind) {
      switch kind {
      case .message: self = .message
      case .ack: self = .ack
      case .resend: self = .resend
      case .refused: self = .refused
      }
    }

    /// The word in fields and filters.
    var word: StaticString {
      switch self {
      case .message: CraftedMessage.Kind.message.word
      case .ack: CraftedMessage.Kind.ack.word
      case .resend: CraftedMessage.Kind.resend.word
      case .refused: CraftedMessage.Kind.refused.word
      case .answer: "answer"
      }
    }

    /// The word on the packet's line.
    var title: StaticString {
      switch self {
      case .message: "MESSAGE"
      case .ack: "ACK"
      case .resend: "RESEND"
      case .refused: "REFUSED"
      case .answer: "ANSWER"
      }
    }
  }

  /// What the numbers say.
  public struct Note: BitwiseCopyable, Sendable {
    /// The kind as far as it shows without the key.
    var kind = Kind.message
    /// A checksum was wrong: the receiver throws the segment away.
    var isDamaged = false
    var sequence: UInt32 = 0
    /// Octets of the token on the wire.
    var length: UInt32 = 0
    /// Segments with this sequence number up to here; 0 in an answer.
    var attempt: UInt32 = 0
    /// The frame of the first of them.
    var firstFrame: UInt32 = 0
    /// The message that ends where an answer's acknowledgment number points, and the frame of its
    /// last try; 0 for none.
    var ended: (sequence: UInt32, frame: UInt32) = (0, 0)
    /// The message that begins there.
    var begun: (sequence: UInt32, frame: UInt32) = (0, 0)
  }

  public typealias Memory = NetlabExchanges

  public static let carriedBy: [PayloadType] = [.craftedSegment]
  public static var isInWireshark: Bool { false }

  public init() {}

  public init(reading reader: inout ByteReader) throws(ParseError) {}

  public func write(to writer: inout ByteWriter) {}

  public func inspect(
    _ bytes: RawSpan, at index: Int, in dissection: inout Dissection, memory: NetlabExchanges
  ) -> PayloadType {
    let record = dissection.layers[index]
    guard index > 0, dissection.layers[index &- 1].is(TCP.self),
      let tcp = TCP.decode(dissection.layers[index &- 1], in: bytes)
    else { return .nothing }
    var note = memory.take(
      tcp, UInt32(truncatingIfNeeded: record.reportedPayloadLength), in: dissection)
    note.isDamaged = dissection.hasBadChecksum
    dissection.setNote(note, at: index)
    if note.attempt > 1 {
      dissection.add(
        Self.sentBefore, at: index, found: UInt64(note.attempt), expected: UInt64(note.firstFrame))
    }
    if note.kind == .refused { dissection.add(Self.isRefused, at: index) }
    guard record.missing == 0 else {
      // Of a token that the capture cut nothing more can be said, and it is no whole message.
      let end = record.range.upperBound
      dissection.stop(ParseError(.cut, at: end, needed: Int(record.missing)), at: index)
      dissection.keepPayload()
      return .nothing
    }
    // Who sends messages is the client of the exchange, whatever the ports say.
    dissection.stream.side = note.kind == .message ? .client : .server
    dissection.beginMessage(from: index, octets: record.payload.count)
    dissection.continueIn(record.buffer, record.payload, as: .fernet, isAside: true)
    return .nothing
  }

  static let sentBefore = FindingKind(
    "netlab.retry", "The same message again", .note, .protocolError
  ) { attempt, frame in ": try \(attempt), the first is frame \(frame)" }
  static let isRefused = FindingKind(
    "netlab.refusal", "The receiver refuses the message: sending it again is no use", .warning,
    .protocolError)
}
