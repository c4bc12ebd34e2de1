import Cryptography
import PacketCore
import Protocols

/// What one packet turned out to be.
public struct CheckedSegment: Sendable, Equatable {
  /// What is to be done with it.
  public enum Verdict: Sendable, Equatable {
    /// All tests passed: what the token says, and when it was made, in seconds since 1970.
    case taken(CraftedMessage, made: UInt64)
    /// The first test that it failed.
    case failed(CraftedReason)
    /// Not TCP to this port, or a payload that does not even begin like a token: none of ours.
    case foreign
    /// TCP to this port without a payload: a kernel that connects, acknowledges or resets.
    case empty(TCPFlags)
  }

  /// As the packet says; addresses are `.none` when it is no IP.
  public var ends: SegmentEnds
  public var sequence: UInt32
  public var acknowledgment: UInt32
  public var flags: TCPFlags
  /// Where the payload stands in the packet.
  public var payload: Range<Int>
  public var verdict: Verdict
  /// What the token of a segment says that failed only after its code had been found right: it is
  /// old, or was made for another place. Nil for all others.
  public var authentic: CraftedMessage?

  /// The sequence number behind the payload.
  public var end: UInt32 { sequence &+ UInt32(truncatingIfNeeded: payload.count) }
}

/// The tests that a segment of the exchange has to pass, as both of its ends make them.
///
/// No dissection: the headers are looked at where they stand, since this is what a receiver does
/// under a flood. Used from one thread at a time, as the cipher is.
public struct SegmentCheck {
  /// Opens the tokens.
  public let cipher: FernetCipher
  /// The destination port of the segments; nil for any.
  public var port: UInt16?
  /// Seconds that a token may be old.
  public var ttl: UInt64
  /// Seconds that a token may come from the future.
  public var skew: UInt64

  public init(
    cipher: FernetCipher, port: UInt16?, ttl: UInt64 = 60, skew: UInt64 = FernetCipher.usualSkew
  ) {
    self.cipher = cipher
    self.port = port
    self.ttl = ttl
    self.skew = skew
  }

  /// Judges one packet.
  ///
  /// - Parameters:
  ///   - packet: From the first octet of the IP header; octets behind the IP packet do not matter.
  ///   - now: Seconds since 1970.
  ///   - isFromThisHost: The packet was captured on the host that made it, where a TCP checksum may
  ///     be left for a network card that never sees it.
  public func judge(_ packet: RawSpan, now: UInt64, isFromThisHost: Bool) -> CheckedSegment {
    guard let headers = SegmentHeaders(packet) else { return .foreign }
    var checked = CheckedSegment(headers)
    guard port == nil || port == headers.ends.destinationPort else { return checked }
    guard headers.payload.count > 0 else {
      checked.verdict = .empty(headers.flags)
      return checked
    }
    guard headers.looksOurs(packet) else { return checked }
    if let fault = headers.headerFault {
      checked.verdict = .failed(.sum(.badIPChecksum, fault))
      return checked
    }
    if let fault = headers.segmentFault(packet, isFromThisHost: isFromThisHost) {
      checked.verdict = .failed(.sum(.badTCPChecksum, fault))
      return checked
    }
    // The sum fits a header that cannot be: nothing that an exchange ever sends.
    guard !headers.isBroken else { return checked }
    judgeToken(packet.extracting(headers.payload), now, &checked)
    return checked
  }

  private func judgeToken(_ text: RawSpan, _ now: UInt64, _ checked: inout CheckedSegment) {
    let token: FernetToken
    do {
      token = try FernetToken(text)
    } catch {
      checked.verdict = .failed(CraftedReason(error, characters: text.byteCount))
      return
    }
    guard cipher.verifies(token) else {
      // What the code should be is not said: whoever knows it can make tokens.
      checked.verdict = .failed(CraftedReason(.badHMAC))
      return
    }
    let time = token.time
    let age = FernetCipher.judge(time: time, now: now, ttl: ttl, skew: skew)
    guard let plain = cipher.decrypt(token) else {
      checked.verdict = .failed(
        age.map(reason) ?? CraftedReason(.badMessage, found: "padding", expected: "PKCS #7"))
      return
    }
    let message: CraftedMessage
    do {
      message = try CraftedMessage(plain)
    } catch {
      checked.verdict = .failed(age.map(reason) ?? CraftedReason(error))
      return
    }
    if let age {
      checked.authentic = message
      checked.verdict = .failed(reason(age))
    } else if message.kind == .message, message.sequence != checked.sequence {
      // An old token under a new sequence number; answers name the segment that they answer.
      checked.authentic = message
      checked.verdict = .failed(
        CraftedReason(
          .wrongSequence, found: String(checked.sequence), expected: String(message.sequence)))
    } else {
      checked.verdict = .taken(message, made: time)
    }
  }

  private func reason(_ age: FernetRefusal) -> CraftedReason {
    switch age {
    case .expired(let age): CraftedReason(.expired, found: "\(age) s", expected: "\(ttl) s")
    case .fromTheFuture(let ahead):
      CraftedReason(.fromTheFuture, found: "\(ahead) s", expected: "\(skew) s")
    default: CraftedReason(.badToken)
    }
  }
}

extension CheckedSegment {
  /// Not even TCP over IP.
  static var foreign: CheckedSegment {
    CheckedSegment(
      ends: SegmentEnds(source: .none, destination: .none, sourcePort: 0, destinationPort: 0),
      sequence: 0, acknowledgment: 0, flags: [], payload: 0..<0, verdict: .foreign)
  }

  /// Foreign until something better is known.
  init(_ headers: SegmentHeaders) {
    self.init(
      ends: headers.ends, sequence: headers.sequence, acknowledgment: headers.acknowledgment,
      flags: headers.flags, payload: headers.payload, verdict: .foreign)
  }
}

extension CraftedReason {
  /// A checksum that does not fit.
  static func sum(_ code: Code, _ fault: SegmentHeaders.SumFault) -> CraftedReason {
    CraftedReason(code, found: hexadecimal(fault.found), expected: hexadecimal(fault.expected))
  }

  private static func hexadecimal(_ sum: UInt16) -> String {
    let digits = String(sum, radix: 16)
    return "0x" + String(repeating: "0", count: 4 - digits.count) + digits
  }

  /// A payload that is no token.
  init(_ refusal: FernetRefusal, characters: Int) {
    guard case .malformed(let rule, let offset) = refusal else {
      self.init(.badToken)
      return
    }
    switch rule {
    case .alphabet: self.init(.badToken, found: "octet \(offset)", expected: "base64url")
    case .base64Padding: self.init(.badToken, found: "octet \(offset)", expected: "right padding")
    case .base64Length:
      self.init(.badToken, found: "\(characters) characters", expected: "a multiple of 4")
    case .version: self.init(.badToken, found: "another version", expected: "0x80")
    case .tooShort:
      self.init(.badToken, found: "\(characters) characters", expected: "100 or more")
    case .blockSize:
      self.init(.badToken, found: "\(characters) characters", expected: "whole blocks")
    }
  }

  /// A plaintext that is no message.
  init(_ fault: CraftedMessage.Fault) {
    switch fault {
    case .json(let offset):
      self.init(.badMessage, found: "octet \(offset)", expected: "a JSON object")
    case .version:
      self.init(
        .badMessage, found: "another version", expected: "version \(CraftedMessage.version)")
    case .member(let name):
      self.init(.badMessage, found: "\"\(name)\"", expected: "a value that it may have")
    }
  }
}
