import PacketCore

/// Fernet tokens one behind the other in a stream, with nothing or a line ending between them. Each
/// is a message.
///
/// Nothing in a stream says where a token ends. It does at its base64 padding, at a line ending,
/// where the next one begins, and with a segment when its length is one that a token can have.
public final class FernetStream: StreamProtocol {
  public static let name = "fernet"

  /// Up to where each direction was searched for the token's end, as a position in the stream.
  @exclusivity(unchecked) private var searched: (client: UInt64, server: UInt64) = (0, 0)

  public init(limits: Limits) {}

  /// How every token begins: version 0x80, and a time before the year 2106.
  private static let head: [UInt8] = [0x67, 0x41, 0x41, 0x41, 0x41, 0x41]

  /// Whether fewer octets than that are the first of it.
  private static func isHead(_ bytes: RawSpan, _ range: Range<Int>) -> Bool {
    zip(range, head).allSatisfy { bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) == $1 }
  }

  /// A whole token, or the first segment of one: nothing less, since any text may begin so.
  public static func recognise(_ bytes: RawSpan, _ chunk: StreamChunk) -> StreamRecognition {
    let range = chunk.range.clamped(to: 0..<bytes.byteCount)
    let start = range.lowerBound
    if range.count < head.count {
      return isHead(bytes, range) && !chunk.isLast ? .perhaps : .no
    }
    guard Fernet.begins(bytes, at: start, range.upperBound) else { return .no }
    for at in range.prefix(100) {
      guard Fernet.isInWord(bytes.unsafeLoad(fromByteOffset: at, as: UInt8.self)) else {
        return .no
      }
    }
    if range.count >= 100 { return .yes(nil) }
    return chunk.isLast ? .no : .perhaps
  }

  public func consume(
    _ bytes: RawSpan, _ chunk: StreamChunk, into dissection: inout Dissection
  ) -> StreamStep {
    let start = chunk.range.lowerBound
    let end = chunk.range.upperBound
    guard Fernet.begins(bytes, at: start, end) else {
      return passOver(bytes, chunk, into: &dissection)
    }
    let known = chunk.side == .client ? searched.client : searched.server
    let from = start &+ max(6, Int(truncatingIfNeeded: known &- min(known, chunk.position)))
    guard let stop = Self.end(bytes, start, from: min(from, end), chunk) else {
      let position = chunk.position &+ UInt64(max(chunk.range.count &- 6, 0))
      if chunk.side == .client { searched.client = position } else { searched.server = position }
      return chunk.isCut ? .lost : .needMore(chunk.range.count &+ 1)
    }
    let range = start..<stop
    dissection.continueIn(chunk.buffer, range, as: .fernet)
    return .message(range.count)
  }

  /// Where the token that begins at `start` ends, the line ending behind it included; nil when that
  /// is not to be seen yet.
  private static func end(
    _ bytes: RawSpan, _ start: Int, from: Int, _ chunk: StreamChunk
  ) -> Int? {
    let end = chunk.range.upperBound
    func octet(_ at: Int) -> UInt8 { bytes.unsafeLoad(fromByteOffset: at, as: UInt8.self) }
    var at = from
    while at < end, octet(at) != 0x3d, Fernet.isInWord(octet(at)) {
      // Zeros inside a token look like a beginning; a token is longer than that.
      if octet(at) == 0x67, at &- start >= Fernet.shortestMeant, Fernet.begins(bytes, at: at, end) {
        return at
      }
      at &+= 1
    }
    let padding = at
    while at < end, octet(at) == 0x3d, at &- padding < 2 { at &+= 1 }
    let isAtEnd = at == end
    while at < end, octet(at) == 0x0a || octet(at) == 0x0d { at &+= 1 }
    guard isAtEnd, !(chunk.isLast && !chunk.isCut) else { return at > start ? at : nil }
    return Fernet.isWhole(at &- start, padding: at &- padding) ? at : nil
  }

  /// Octets that are no token, up to the next one, or to what may be its beginning.
  private func passOver(
    _ bytes: RawSpan, _ chunk: StreamChunk, into dissection: inout Dissection
  ) -> StreamStep {
    let start = chunk.range.lowerBound
    let end = chunk.range.upperBound
    func mayBegin(at place: Int) -> Bool {
      if end &- place >= Self.head.count { return Fernet.begins(bytes, at: place, end) }
      return !chunk.isLast && Self.isHead(bytes, place..<end)
    }
    if mayBegin(at: start) { return .needMore(Self.head.count) }
    var next = start &+ 1
    while next < end, !mayBegin(at: next) { next &+= 1 }
    _ = dissection.record(Payload.self, header: start..<next, end: next, buffer: chunk.buffer)
    return .message(next &- start)
  }

  public func gap(_ octets: Int, from side: Side, into dissection: inout Dissection) -> Bool {
    true
  }

  public func end(_ how: StreamEnd, from side: Side?, into dissection: inout Dissection) {}
}
