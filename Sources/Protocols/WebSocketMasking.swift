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

  /// 32 octets at a time. How many are left in the end nobody can predict: the last 32 are taken in any
  /// case, some of them for the second time, from before anything was written.
  @inline(__always)
  static func apply(
    _ key: UInt32, _ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer, _ count: Int,
    phase: Int
  ) -> Bool {
    let word = turned(key, by: phase)
    guard count >= 32 else { return applyToFew(word, source, target, count) }
    let last = count &- 32
    let lastOctets =
      source.loadUnaligned(fromByteOffset: last, as: SIMD4<UInt64>.self)
      ^ SIMD4(repeating: turned(key, by: phase &+ last))
    let words = SIMD4(repeating: word)
    var seen = lastOctets
    var at = 0
    while at < last {
      let octets = source.loadUnaligned(fromByteOffset: at, as: SIMD4<UInt64>.self) ^ words
      target.storeBytes(of: octets, toByteOffset: at, as: SIMD4<UInt64>.self)
      seen |= octets
      at &+= 32
    }
    target.storeBytes(of: lastOctets, toByteOffset: last, as: SIMD4<UInt64>.self)
    return (seen.x | seen.y | seen.z | seen.w) & 0x8080_8080_8080_8080 == 0
  }

  /// The key twice, as it lies in memory, from its octet number `phase` on.
  @inline(__always)
  private static func turned(_ key: UInt32, by phase: Int) -> UInt64 {
    let turn = UInt32(truncatingIfNeeded: (phase & 3) &* 8)
    // Turned by nothing, both parts are the whole.
    let half = UInt64((key &<< turn | key &>> (32 &- turn)).bigEndian)
    return half | half &<< 32
  }

  /// - Parameter word: Eight octets to combine with the first eight.
  @inline(never)
  private static func applyToFew(
    _ word: UInt64, _ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer, _ count: Int
  ) -> Bool {
    if count >= 16 { return applyToEnds(word, source, target, count) }
    var seen: UInt8 = 0
    for at in 0..<max(count, 0) {
      let mask = withUnsafeBytes(of: word) { $0[at & 3] }
      let octet = source.load(fromByteOffset: at, as: UInt8.self) ^ mask
      target.storeBytes(of: octet, toByteOffset: at, as: UInt8.self)
      seen |= octet
    }
    return seen < 0x80
  }

  /// 16 to 32 octets: the first sixteen and the last, both read before any is written.
  @inline(__always)
  private static func applyToEnds(
    _ word: UInt64, _ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer, _ count: Int
  ) -> Bool {
    let last = count &- 16
    let turn = UInt64(truncatingIfNeeded: last & 3) &* 8
    let octets = UInt64(littleEndian: word)
    let lastWord = (octets &>> turn | octets &<< (64 &- turn)).littleEndian
    let first = source.loadUnaligned(as: SIMD2<UInt64>.self) ^ SIMD2(repeating: word)
    let second =
      source.loadUnaligned(fromByteOffset: last, as: SIMD2<UInt64>.self)
      ^ SIMD2(repeating: lastWord)
    target.storeBytes(of: first, as: SIMD2<UInt64>.self)
    target.storeBytes(of: second, toByteOffset: last, as: SIMD2<UInt64>.self)
    let seen = first | second
    return (seen.x | seen.y) & 0x8080_8080_8080_8080 == 0
  }
}
