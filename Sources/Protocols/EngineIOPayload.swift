import PacketCore

/// The body of a long-polling request or response: several Engine.IO packets, one after the other.
public enum EngineIOPayload {
  /// The next packet of a body.
  ///
  /// - Parameters:
  ///   - from: Where to begin; the place that the last call said to go on at.
  ///   - to: End of the body.
  ///   - version: 4: packets are separated by 0x1e. 3: each has its length in characters and a colon
  ///     in front, or in octets as `nextOfOctets` says.
  /// - Returns: The packet's octets, where to go on, and whether it is a binary message with its type
  ///   as a number in front; nil when there is none any more.
  public static func next(
    in bytes: RawSpan, from: Int, to: Int, version: UInt8
  ) -> (packet: Range<Int>, next: Int, isBinary: Bool)? {
    let end = min(to, bytes.byteCount)
    guard from >= 0, from < end else { return nil }
    if version < 4, bytes.unsafeLoad(fromByteOffset: from, as: UInt8.self) <= 1 {
      return nextOfOctets(bytes, from, end)
    }
    let found = bytes.withUnsafeBytes { octets in
      version >= 4 ? separated(octets, from, end) : counted(octets, from, end)
    }
    return found.map { ($0.packet, $0.next, false) }
  }

  /// Revision 3 where octets can be carried: `<0 for text, 1 for octets><length, a digit an
  /// octet><255><packet>`.
  static func nextOfOctets(
    _ bytes: RawSpan, _ start: Int, _ end: Int
  ) -> (packet: Range<Int>, next: Int, isBinary: Bool)? {
    var at = start &+ 1
    var count = 0
    while at < end, at &- start < 12 {
      let digit = bytes.unsafeLoad(fromByteOffset: at, as: UInt8.self)
      if digit == 0xff { break }
      guard digit < 10 else { return nil }
      count = count &* 10 &+ Int(digit)
      at &+= 1
    }
    guard at > start &+ 1, at < end, bytes.unsafeLoad(fromByteOffset: at, as: UInt8.self) == 0xff,
      count <= end &- at &- 1
    else { return nil }
    let packet = at &+ 1..<at &+ 1 &+ count
    let isBinary = bytes.unsafeLoad(fromByteOffset: start, as: UInt8.self) == 1
    return (packet, packet.upperBound, isBinary)
  }

  private static func separated(
    _ octets: UnsafeRawBufferPointer, _ from: Int, _ end: Int
  ) -> (packet: Range<Int>, next: Int)? {
    var at = from
    while at < end, octets[at] != 0x1e { at += 1 }
    return (from..<at, min(at + 1, end))
  }

  private static func counted(
    _ octets: UnsafeRawBufferPointer, _ from: Int, _ end: Int
  ) -> (packet: Range<Int>, next: Int)? {
    var at = from
    var characters = 0
    while at < end, octets[at] &- 0x30 < 10, characters < 1 << 32 {
      characters = characters * 10 + Int(octets[at] - 0x30)
      at += 1
    }
    guard at > from, at < end, octets[at] == 0x3a else { return nil }
    let start = at + 1
    at = start
    while at < end, characters > 0 {
      // JavaScript counts UTF-16 units: a scalar of four octets is two.
      let octet = octets[at]
      let size = octet < 0x80 ? 1 : octet < 0xe0 ? 2 : octet < 0xf0 ? 3 : 4
      characters -= size == 4 ? 2 : 1
      at = min(at + size, end)
    }
    return (start..<at, at)
  }
}

/// What a request's target says about Engine.IO.
struct EngineIORequest {
  /// `EIO=` of the query: 3 or 4.
  var version: UInt8
  var isPolling: Bool
  /// The hash of `sid`; 0 for a request that opens a session.
  var session: UInt64
  /// `j=`: the body is a call of a function, not packets.
  var isWrapped: Bool

  /// - Returns: Nil when the query has no `EIO=`.
  init?(_ bytes: RawSpan, target: Range<Int>) {
    var version: UInt8 = 0
    var isPolling = false
    var isWrapped = false
    var sid = 0..<0
    bytes.withUnsafeBytes { octets in
      guard let question = octets[target].firstIndex(of: 0x3f) else { return }
      var start = question + 1
      for at in start...target.upperBound where at == target.upperBound || octets[at] == 0x26 {
        let parameter = UnsafeRawBufferPointer(rebasing: octets[start..<at])
        if HTTPText.begins(parameter, "eio="), parameter.count == 5 {
          version = parameter[4] &- 0x30
        } else if HTTPText.equals(parameter, "transport=polling") {
          isPolling = true
        } else if HTTPText.begins(parameter, "sid="), parameter.count > 4 {
          sid = start + 4..<at
        } else if HTTPText.begins(parameter, "j=") {
          isWrapped = true
        }
        start = at + 1
      }
    }
    guard version > 0, version < 10 else { return nil }
    self.version = version
    self.isPolling = isPolling
    self.isWrapped = isWrapped
    session = sid.isEmpty ? 0 : EngineIOSession.hash(bytes, sid)
  }
}

extension EngineIOSession {
  /// The session that an open packet names, wherever in the body it stands: `"sid":"…"`.
  static func named(in bytes: RawSpan, _ range: Range<Int>) -> UInt64 {
    let name: StaticString = "\"sid\":\""
    return bytes.withUnsafeBytes { octets in
      let count = name.utf8CodeUnitCount
      let last = min(range.upperBound, octets.count) - count
      // It stands near the start; no more is looked at.
      var at = range.lowerBound
      while at <= min(last, range.lowerBound + 256) {
        if HTTPText.begins(UnsafeRawBufferPointer(rebasing: octets[at...]), name) {
          let start = at + count
          var end = start
          while end < range.upperBound, end < octets.count, octets[end] != 0x22 { end += 1 }
          return hash(bytes, start..<end)
        }
        at += 1
      }
      return 0
    }
  }
}
