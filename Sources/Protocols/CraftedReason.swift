/// Why a crafted segment was not taken: the first test that it failed, with what was found and what
/// should have stood there.
public struct CraftedReason: Sendable, Hashable {
  /// The tests, in the order in which a receiver makes them.
  public enum Code: UInt8, Sendable, CaseIterable, BitwiseCopyable {
    /// The IPv4 header's checksum does not fit.
    case badIPChecksum
    /// The TCP checksum does not fit, or was left to a network card that is not on the way.
    case badTCPChecksum
    /// The payload is no Fernet token.
    case badToken
    /// The token's code does not fit the key: damage that the checksum missed, or another key.
    case badHMAC
    /// The token is older than it may be.
    case expired
    /// The token was made later than now.
    case fromTheFuture
    /// The token was made before the receiver started: what it delivered before is not known.
    case beforeStart
    /// The plaintext is no message of the exchange.
    case badMessage
    /// The token was made for another sequence number.
    case wrongSequence
    /// A later message of the same run was delivered already.
    case late
    /// Parts that were acknowledged had to be given up.
    case incomplete
    /// The message is longer than is taken.
    case tooLong
    /// There is no such room, or several and none was named.
    case noRoom
    /// The receiver holds as much as it may.
    case full

    /// The word on the wire and in every output.
    public var word: StaticString {
      switch self {
      case .badIPChecksum: "bad-ip-checksum"
      case .badTCPChecksum: "bad-tcp-checksum"
      case .badToken: "bad-token"
      case .badHMAC: "bad-hmac"
      case .expired: "expired"
      case .fromTheFuture: "from-the-future"
      case .beforeStart: "before-start"
      case .badMessage: "bad-message"
      case .wrongSequence: "wrong-sequence"
      case .late: "late"
      case .incomplete: "incomplete"
      case .tooLong: "too-long"
      case .noRoom: "no-room"
      case .full: "full"
      }
    }

    /// The code that a word stands for.
    public init?(word: String) {
      guard let code = Self.allCases.first(where: { $0.word.description == word }) else {
        return nil
      }
      self = code
    }

    /// Whether the same octets may arrive better next time: such a segment is asked for again, any
    /// other is refused for good.
    public var isDamage: Bool {
      switch self {
      case .badIPChecksum, .badTCPChecksum, .badToken, .badHMAC: true
      default: false
      }
    }
  }

  public var code: Code
  /// What stood there, such as `0x1454`; empty where nothing can be shown.
  public var found: String
  /// What should have stood there, such as `0xc91c`.
  public var expected: String

  public init(_ code: Code, found: String = "", expected: String = "") {
    self.code = code
    self.found = found
    self.expected = expected
  }

  /// `bad-tcp-checksum 0x1454≠0xc91c`, as the Info column shows it.
  public var text: String {
    let values = found.isEmpty && expected.isEmpty ? "" : " \(found)≠\(expected)"
    return code.word.description + values
  }
}
