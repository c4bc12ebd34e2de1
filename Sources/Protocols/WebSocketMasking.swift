import PacketCore

/// The masking of RFC 6455 section 5.3, which is its own inverse: octet i of the payload is
/// combined with octet i modulo 4 of the key.
public enum WebSocketMasking {
  /// Masks or unmasks octets from one place to another.
  ///
  /// - Parameters:
  ///   - range: The octets of `source`, of which there must be as many in `target`.
  ///   - key: The masking key, first octet most significant.
  ///   - phase: Octets of the payload before them.
  /// - Returns: Whether what was written is ASCII alone.
  @discardableResult
  public static func apply(
    _ key: UInt32, from source: RawSpan, _ range: Range<Int>, to target: inout MutableRawSpan,
    phase: Int = 0
  ) -> Bool {
    source.withUnsafeBytes { from in
      target.withUnsafeMutableBytes { to in
        let inside = range.clamped(to: 0..<from.count)
        guard let from = from.baseAddress, inside.count <= to.count, let to = to.baseAddress
        else { return true }
        return apply(key, from + inside.lowerBound, to, inside.count, phase: phase)
      }
    }
  }

  /// Masks or unmasks octets where they are.
  public static func apply(_ key: UInt32, to octets: inout [UInt8], phase: Int = 0) {
    octets.withUnsafeMutableBytes { place in
      guard let start = place.baseAddress else { return }
      _ = apply(key, start, start, place.count, phase: phase)
    }
  }

  /// Sixteen octets at a time, then eight.
  @inline(__always)
  static func apply(
    _ key: UInt32, _ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer, _ count: Int,
    phase: Int
  ) -> Bool {
    let turn = UInt32(truncatingIfNeeded: (phase & 3) &* 8)
    let turned = key &<< turn | (turn == 0 ? 0 : key &>> (32 &- turn))
    let half = UInt64(turned.bigEndian)
    let word = half | half &<< 32
    var seen: UInt64 = 0
    var at = 0
    if count >= 16 {
      let words = SIMD2(repeating: word)
      var seenWords = SIMD2<UInt64>.zero
      while at &+ 16 <= count {
        let octets = source.loadUnaligned(fromByteOffset: at, as: SIMD2<UInt64>.self) ^ words
        target.storeBytes(of: octets, toByteOffset: at, as: SIMD2<UInt64>.self)
        seenWords |= octets
        at &+= 16
      }
      seen = seenWords.x | seenWords.y
    }
    if at &+ 8 <= count {
      let octets = source.loadUnaligned(fromByteOffset: at, as: UInt64.self) ^ word
      target.storeBytes(of: octets, toByteOffset: at, as: UInt64.self)
      seen |= octets
      at &+= 8
    }
    var rest = word
    if at &+ 4 <= count {
      let octets =
        source.loadUnaligned(fromByteOffset: at, as: UInt32.self)
        ^ UInt32(truncatingIfNeeded: word)
      target.storeBytes(of: octets, toByteOffset: at, as: UInt32.self)
      seen |= UInt64(octets)
      at &+= 4
    }
    while at < count {
      let octet =
        source.load(fromByteOffset: at, as: UInt8.self) ^ UInt8(truncatingIfNeeded: rest)
      target.storeBytes(of: octet, toByteOffset: at, as: UInt8.self)
      seen |= UInt64(octet)
      rest &>>= 8
      at &+= 1
    }
    return seen & 0x8080_8080_8080_8080 == 0
  }
}
