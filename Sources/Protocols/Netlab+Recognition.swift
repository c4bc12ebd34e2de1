import PacketCore

/// How the exchange's own segments are told from those of a connection that carries Fernet tokens.
///
/// They cannot be read as a stream. A retry has the sequence number of the first try, so a stream
/// would pass over it as a retransmission, and of two tries it would take the one that came first,
/// the damaged one. So TCP asks about each segment by itself, before the streams take it: it has one
/// whole token and nothing else, PSH and ACK, no options, and its connection was never opened. A
/// kernel's connection has a handshake, and joined in the middle it has time stamps; both stay with
/// `FernetStream`.
///
/// What is asked first is cheap and hardly ever true: the question comes after the segments that are
/// next in a stream that is read, and octets are looked at last, the first four before the others.
extension Netlab {
  /// Whether a segment's payload is one token, a damaged one included.
  ///
  /// - Parameters:
  ///   - range: The payload, as far as it was captured.
  ///   - missing: Octets of it that were not.
  @inline(never)
  static func claims(_ bytes: RawSpan, _ range: Range<Int>, missing: Int) -> Bool {
    guard Fernet.begins(bytes, at: range.lowerBound, range.upperBound) else { return false }
    if missing > 0 {
      return range.count &+ missing >= Fernet.shortestMeant && isWord(bytes, range)
    }
    let padding = padding(bytes, range)
    if Fernet.looksLikeToken(bytes, from: range.lowerBound, to: range.upperBound) == range,
      Fernet.isWhole(range.count, padding: padding)
    {
      return true
    }
    // A bit that has changed may give any octet, but no other length; a cut token gives another
    // length, but no other octets.
    guard hasTokenLength(range.count) || Fernet.isMeantAsToken(bytes, range) else { return false }
    return !holdsAnother(bytes, range)
  }

  /// Equals signs at the end, two at most.
  private static func padding(_ bytes: RawSpan, _ range: Range<Int>) -> Int {
    var count = 0
    while count < min(2, range.count),
      bytes.unsafeLoad(fromByteOffset: range.upperBound &- 1 &- count, as: UInt8.self) == 0x3d
    {
      count &+= 1
    }
    return count
  }

  /// Whether a token can have so many characters.
  private static func hasTokenLength(_ count: Int) -> Bool {
    (0...2).contains { Fernet.isWhole(count, padding: $0) }
  }

  private static func isWord(_ bytes: RawSpan, _ range: Range<Int>) -> Bool {
    range.allSatisfy { Fernet.isInWord(bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self)) }
  }

  /// Whether another token begins behind the first: then it is a stream of them.
  private static func holdsAnother(_ bytes: RawSpan, _ range: Range<Int>) -> Bool {
    range.dropFirst(Fernet.shortestMeant).contains {
      Fernet.begins(bytes, at: $0, range.upperBound)
    }
  }
}
