import PacketCore

/// What the token in a crafted segment says: the plaintext of the exchange between `netlab send`
/// and `netlab receive`.
///
/// A JSON object, so that a student reads it as it is; members that are not known are passed over,
/// so that a later version can add some.
///
/// ```
/// {"v":1,"kind":"message","id":"8c5f…","sender":"ada","room":"ABCDEF","text":"hi",
///  "part":1,"parts":1,"isn":305419896,"seq":305419896}
/// {"v":1,"kind":"resend","id":"0000…","sender":"bob","text":"","part":0,"parts":0,"isn":0,
///  "seq":305419896,"reason":"bad-tcp-checksum","found":"0x1454","expected":"0xc91c"}
/// ```
public struct CraftedMessage: Sendable, Equatable {
  /// The version of the format that this is.
  public static let version = 1
  /// Parts that a message may have, and so the most that a stranger can make a receiver count.
  public static let mostParts = 1 << 16

  /// What a segment is for.
  public enum Kind: UInt8, Sendable, CaseIterable, BitwiseCopyable {
    /// Text, or a part of it.
    case message
    /// The segment arrived and was taken.
    case ack
    /// The segment arrived damaged: please resend.
    case resend
    /// The segment arrived whole and will never be taken: sending it again is no use.
    case refused

    /// The word in the JSON text.
    public var word: StaticString {
      switch self {
      case .message: "message"
      case .ack: "ack"
      case .resend: "resend"
      case .refused: "refused"
      }
    }
  }

  /// What all parts and tries of a message have in common: 128 random bits.
  public struct ID: Hashable, Sendable, BitwiseCopyable {
    public var high: UInt64
    public var low: UInt64
    /// What stands where the id could not be read.
    public static let none = ID(high: 0, low: 0)

    public init(high: UInt64, low: UInt64) {
      self.high = high
      self.low = low
    }

    /// - Parameter numbers: The source of the bits.
    public init(drawnFrom numbers: inout some RandomNumberGenerator) {
      self.init(high: numbers.next(), low: numbers.next())
    }

    /// 32 hexadecimal digits, or nothing.
    public init?(text: String) {
      let digits = Array(text.utf8)
      guard digits.count == 32 else { return nil }
      var words: [UInt64] = [0, 0]
      for (place, digit) in digits.enumerated() {
        guard let value = JSONText.hexValue(digit) else { return nil }
        words[place / 16] = words[place / 16] &<< 4 | UInt64(value)
      }
      self.init(high: words[0], low: words[1])
    }

    /// The id as 32 hexadecimal digits.
    public var text: String { Self.digits(high) + Self.digits(low) }

    private static func digits(_ word: UInt64) -> String {
      let text = String(word, radix: 16)
      return String(repeating: "0", count: 16 - text.count) + text
    }
  }

  public var kind: Kind
  /// The message's id, in an answer that of the message answered; `.none` in a `resend`, since the
  /// id of a damaged segment cannot be read.
  public var id: ID
  /// Who sends it, as people call them.
  public var sender: String
  /// The chat room that it is for.
  public var room: String?
  /// The text, or the part of it. Empty in answers.
  public var text: String
  /// Which part this is, from 1, in an answer the one answered; 0 where it could not be read.
  public var part: Int
  /// How many parts the message has; in an `ack` how many of them the receiver has now: all of them
  /// means that the message was delivered.
  public var parts: Int
  /// The first sequence number of the sender's run: with `sequence`, the place of a segment in it.
  public var initialSequence: UInt32
  /// The segment's own sequence number, signed so that nobody can give an old token a new place; in
  /// an answer, the one of the segment that is answered.
  public var sequence: UInt32
  /// The sender goes back N: parts out of order are not to be kept.
  public var wantsOrder: Bool
  /// Why the segment was not taken.
  public var reason: CraftedReason?

  public init(
    _ kind: Kind, id: ID, sender: String = "", room: String? = nil, text: String = "",
    part: Int = 1, parts: Int = 1, initialSequence: UInt32 = 0, sequence: UInt32 = 0,
    wantsOrder: Bool = false, reason: CraftedReason? = nil
  ) {
    self.kind = kind
    self.id = id
    self.sender = sender
    self.room = room
    self.text = text
    self.part = part
    self.parts = parts
    self.initialSequence = initialSequence
    self.sequence = sequence
    self.wantsOrder = wantsOrder
    self.reason = reason
  }
}
