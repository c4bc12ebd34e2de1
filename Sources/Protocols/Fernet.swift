import Cryptography
import PacketCore

/// A Fernet token in text: encrypted, signed and dated octets.
/// Specification: https://github.com/fernet/spec/blob/master/Spec.md
///
/// ```
/// version 0x80 (1) | time (8) | initialisation vector (16) | ciphertext | HMAC-SHA256 (32)
/// ```
/// as base64url. Fields of the decoded token stand at the characters that hold them.
public struct Fernet: Layer {
  /// The octets of the layer: the token's characters, and a line ending that may follow them.
  public let text: [UInt8]
  /// Characters of the token, the line ending left out.
  public let length: Int
  /// The token taken apart; nil when the text is none, or is longer than `largest`.
  public let token: FernetToken?
  /// Why the text is no token.
  public let refusal: FernetRefusal?
  /// As many of the token's first octets as can be told.
  let head: [UInt8]

  public typealias Memory = FernetKeys

  /// Characters of a token that is still looked into: one of about a megabyte of plaintext.
  public static let largest = 1_400_000

  /// What the keys said.
  public struct Note: BitwiseCopyable, Sendable {
    var status = HMACStatus.unverified
    var verdict = Verdict.noKey
    /// Number of the key that fitted, from 1; 0 for none.
    var key: UInt16 = 0
    /// The buffer that holds the plaintext; 0 for none.
    var buffer: UInt16 = 0
    /// Octets of plaintext.
    var plainLength: UInt32 = 0
    /// The layer in front reads the plaintext and shows it: only trouble is left to remark on.
    var isShownInFront = false
  }

  /// `fernet.hmac.status`, in the numbers of `*.checksum.status` as far as those go.
  enum HMACStatus: UInt8, BitwiseCopyable, Sendable { case bad, good, unverified, wrongKey = 6 }

  /// What the Info column says of the token, the worst first found.
  enum Verdict: UInt8, BitwiseCopyable, Sendable {
    case ok, noKey, wrongKey, badHMAC, badPadding, expired, future, malformed, tooLong
  }

  public static let carriedBy: [PayloadType] = [.fernet]
  public static var isInWireshark: Bool { false }

  /// A token, or text that is to be taken for one.
  public init(_ text: [UInt8]) {
    self.text = text
    var end = text.count
    while end > 0, text[end &- 1] == 0x0a || text[end &- 1] == 0x0d { end &-= 1 }
    length = end
    let characters = text.span.bytes.extracting(0..<end)
    guard end <= Self.largest else {
      (token, refusal, head) = (nil, nil, Self.head(of: characters))
      return
    }
    do {
      let token = try FernetToken(characters)
      (self.token, refusal, head) = (token, nil, [])
    } catch {
      (token, refusal, head) = (nil, error, Self.head(of: characters))
    }
  }

  public init(reading reader: inout ByteReader) throws(ParseError) {
    let missing = reader.reportedEnd &- reader.end
    guard missing <= 0 else { throw ParseError(.cut, at: reader.end, needed: missing) }
    self.init(try reader.array(reader.remaining))
  }

  public func write(to writer: inout ByteWriter) { writer.write(text) }

  /// Version, time and initialisation vector, as far as their characters are base64url.
  private static func head(of characters: RawSpan) -> [UInt8] {
    for count in [36, 12, 4] where count <= characters.byteCount {
      let octets = try? Base64.decode(characters.extracting(0..<count), .url).octets
      if let octets { return octets }
    }
    return []
  }

  /// The token's octets, or its first ones.
  var octets: [UInt8] { token?.octets ?? head }

  /// When the token was made, as its maker says: seconds since 1970.
  var time: UInt64? {
    let octets = octets
    guard octets.count >= 9 else { return nil }
    return octets[1..<9].reduce(0) { $0 &<< 8 | UInt64($1) }
  }

  public func inspect(
    _ bytes: RawSpan, at index: Int, in dissection: inout Dissection, memory: FernetKeys
  ) -> PayloadType {
    var note = Note()
    note.isShownInFront = index > 0 && dissection.layers[index &- 1].is(Netlab.self)
    guard let token else {
      if case .malformed(let rule, let offset) = refusal {
        note.verdict = .malformed
        dissection.add(
          Self.malformed, at: index, found: UInt64(rule.rawValue), expected: UInt64(offset))
      } else {
        note.verdict = .tooLong
        dissection.add(
          Self.tooLong, at: index, found: UInt64(length), expected: UInt64(Self.largest))
      }
      dissection.setNote(note, at: index)
      return .nothing
    }
    // RFC 4648 section 3.5: a decoder may refuse these; Python's does not, and nor does this one.
    if !token.isCanonical { dissection.add(Self.nonCanonical, at: index) }
    verify(token, memory, at: index, in: &dissection, &note)
    // The time of a token that was damaged is anybody's guess.
    if note.status != .bad { judgeTime(token, memory, at: index, in: &dissection, &note) }
    dissection.setNote(note, at: index)
    return .nothing
  }

  private func verify(
    _ token: FernetToken, _ memory: FernetKeys, at index: Int, in dissection: inout Dissection,
    _ note: inout Note
  ) {
    guard !memory.keys.isEmpty else { return }
    guard let (number, cipher) = memory.find(token) else {
      // A key that has opened other tokens of the capture is the right one: this token is damaged.
      note.status = memory.hasVerified ? .bad : .wrongKey
      note.verdict = memory.hasVerified ? .badHMAC : .wrongKey
      dissection.add(memory.hasVerified ? Self.badHMAC : Self.wrongKey, at: index)
      return
    }
    note.status = .good
    note.verdict = .ok
    note.key = UInt16(clamping: number)
    guard let plain = cipher.decrypt(token) else {
      note.verdict = .badPadding
      dissection.add(Self.badPadding, at: index)
      return
    }
    let record = dissection.layers[index]
    let origin = BufferOrigin(.decrypted, of: record.buffer, record.header)
    guard let buffer = dissection.addBuffer(plain.span.bytes, origin) else { return }
    note.buffer = buffer
    note.plainLength = UInt32(truncatingIfNeeded: plain.count)
    dissection.continueIn(buffer, 0..<plain.count, as: .nothing)
  }

  private func judgeTime(
    _ token: FernetToken, _ memory: FernetKeys, at index: Int, in dissection: inout Dissection,
    _ note: inout Note
  ) {
    guard dissection.frame.hasTime else { return }
    let now = UInt64(clamping: dissection.frame.time.seconds)
    let ttl = memory.ttl
    switch FernetCipher.judge(time: token.time, now: now, ttl: ttl, skew: memory.skew) {
    case .expired(let age):
      dissection.add(Self.expired, at: index, found: age, expected: ttl ?? 0)
      if note.verdict == .ok { note.verdict = .expired }
    case .fromTheFuture(let ahead):
      dissection.add(Self.future, at: index, found: ahead, expected: memory.skew)
      if note.verdict == .ok { note.verdict = .future }
    default: break
    }
  }

  /// Where a token that begins at `start` ends.
  ///
  /// - Parameters:
  ///   - end: Where the octets end that it may stand in.
  /// - Returns: Nil when what begins there is no token: version 0x80 and a time before the year
  ///   8 000 000 make `gAAA`, and no token is shorter than 100 characters.
  public static func looksLikeToken(_ bytes: RawSpan, from start: Int, to end: Int) -> Range<Int>? {
    let end = min(end, bytes.byteCount)
    guard start >= 0, end &- start >= 100,
      bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt32.self).bigEndian == 0x6741_4141
    else { return nil }
    var place = start &+ 4
    while place < end {
      let octet = bytes.unsafeLoad(fromByteOffset: place, as: UInt8.self)
      let isLetter = (octet | 0x20) &- 0x61 < 26
      guard isLetter || octet &- 0x30 < 10 || octet == 0x2d || octet == 0x5f else { break }
      place &+= 1
    }
    let limit = min(end, place &+ 2)
    while place < limit, bytes.unsafeLoad(fromByteOffset: place, as: UInt8.self) == 0x3d {
      place &+= 1
    }
    return place &- start >= 100 ? start..<place : nil
  }
}
