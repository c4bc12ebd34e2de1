import PacketCore
import Protocols

/// A message cut into the parts that it is sent in, each of which fits one packet as a token.
///
/// How long each token will be is known before it is made, because all sequence numbers follow from
/// it.
public struct OutgoingParts: Sendable {
  /// The message.
  public let message: OutgoingMessage
  /// The first sequence number of the run.
  public let initialSequence: UInt32
  /// Go-back-N: the receiver is asked to keep no part that comes out of order.
  public let wantsOrder: Bool
  /// Octets of each part's token.
  public let lengths: [Int]
  /// The sequence number of each part's first octet.
  public let sequences: [UInt32]
  private let text: [UInt8]
  /// Where each part ends in the text.
  private let ends: [Int]

  public var count: Int { lengths.count }

  /// The largest packet there is: IPv4's total length has 16 bits.
  public static let largestPacket = 65_535
  /// Digits of the largest 32-bit number, and of the largest number of parts.
  private static let digits = (sequence: 10, part: 5)
  /// The longest UTF-8 form of a character that a part must have room for; six for an escape.
  private static let longestCharacter = 6

  /// Cuts a message.
  ///
  /// - Parameters:
  ///   - mtu: Octets of the longest packet, from the IP header on.
  ///   - family: Decides how long the IP header is.
  ///   - firstSequence: The sequence number of the first part.
  public init(
    _ message: OutgoingMessage, mtu: Int, family: Address.Family, initialSequence: UInt32,
    firstSequence: UInt32, wantsOrder: Bool
  ) throws(OutgoingFault) {
    let text = Array(message.text.utf8)
    guard text.count <= OutgoingMessage.mostOctets else { throw .tooLong(octets: text.count) }
    // All of the plaintext but the text and the four numbers, which are one digit each here.
    let frame =
      CraftedMessage(
        .message, id: message.id, sender: message.sender, room: message.room, part: 1, parts: 1,
        wantsOrder: wantsOrder
      ).json.count - 4
    let headers = CraftedSegment.headerLength(family)
    let room =
      Self.plainLength(fitting: min(mtu, Self.largestPacket) - headers) - frame
      - 2 * Self.digits.sequence - 2 * Self.digits.part
    guard room >= Self.longestCharacter else {
      let plain = frame + 2 * Self.digits.sequence + 2 * Self.digits.part + Self.longestCharacter
      throw .noRoom(needed: headers + Self.tokenLength(ofPlain: plain))
    }
    let (ends, costs) = OutgoingCuts.make(text, room: room)
    guard ends.count <= CraftedMessage.mostParts else { throw .tooManyParts(ends.count) }
    var sequence = firstSequence
    var lengths: [Int] = []
    var sequences: [UInt32] = []
    lengths.reserveCapacity(ends.count)
    sequences.reserveCapacity(ends.count)
    let fixed = frame + Self.digits(of: ends.count) + Self.digits(of: Int(initialSequence))
    for (place, cost) in costs.enumerated() {
      let plain = fixed + cost + Self.digits(of: place + 1) + Self.digits(of: Int(sequence))
      let length = Self.tokenLength(ofPlain: plain)
      lengths.append(length)
      sequences.append(sequence)
      sequence &+= UInt32(truncatingIfNeeded: length)
    }
    self.message = message
    self.initialSequence = initialSequence
    self.wantsOrder = wantsOrder
    self.lengths = lengths
    self.sequences = sequences
    self.text = text
    self.ends = ends
  }

  /// The plaintext of a part's token.
  ///
  /// - Parameter part: From 1 to `count`.
  public func plain(_ part: Int) -> [UInt8] {
    let place = min(max(part, 1), count) - 1
    let start = place == 0 ? 0 : ends[place - 1]
    return CraftedMessage(
      .message, id: message.id, sender: message.sender, room: message.room,
      text: String(decoding: text[start..<ends[place]], as: UTF8.self), part: place + 1,
      parts: count, initialSequence: initialSequence, sequence: sequences[place],
      wantsOrder: wantsOrder
    ).json
  }

  // MARK: Lengths of tokens

  /// Octets of a Fernet token besides its ciphertext: version, time, vector and HMAC.
  private static let overhead = 57
  /// AES-128-CBC encrypts blocks of so many octets; PKCS#7 adds 1 to 16, so that there is always
  /// room for the padding's length (RFC 5652 section 6.3).
  private static let block = 16

  /// Characters of a token's text.
  public static func tokenLength(ofPlain count: Int) -> Int {
    let octets = overhead + (count / block + 1) * block
    // RFC 4648 section 4: four characters for each three octets begun, with padding.
    return (octets + 2) / 3 * 4
  }

  /// The longest plaintext whose token is not longer than this; negative when none is.
  static func plainLength(fitting characters: Int) -> Int {
    let ciphertext = (characters / 4 * 3 - overhead) / block * block
    return ciphertext - 1
  }

  private static func digits(of number: Int) -> Int {
    var count = 1
    var rest = number
    while rest >= 10 {
      rest /= 10
      count += 1
    }
    return count
  }
}
