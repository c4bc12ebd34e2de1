import COctets
import PacketCore

/// Octets of text looked at sixteen at a time: which of them are not plain, as bits.
enum OctetMarks {
  /// One bit for each octet from `at` on, sixteen at most, at which a plain JSON string stops, the
  /// first octet lowest: quotes, backslashes, control characters, DEL and everything beyond ASCII.
  /// What is left can stand in a line as it is.
  ///
  /// - Parameter end: The octets looked at lie before it; at least sixteen octets of `bytes` do, and at
  ///   least one of them from `at` on.
  @inline(__always)
  static func stops(_ bytes: RawSpan, _ at: Int, _ end: Int) -> UInt64 {
    marks(bytes, at, end) { netlab_string_stops($0) }
  }

  /// The same for octets that cannot stand in a line as they are: control characters, DEL and
  /// everything beyond ASCII.
  @inline(__always)
  static func unclean(_ bytes: RawSpan, _ at: Int, _ end: Int) -> UInt64 {
    marks(bytes, at, end) { netlab_unclean_octets($0) }
  }

  @inline(__always)
  private static func marks(
    _ bytes: RawSpan, _ at: Int, _ end: Int, _ look: (UnsafeRawPointer) -> UInt32
  ) -> UInt64 {
    bytes.withUnsafeBytes { octets in
      guard let base = octets.baseAddress else { return 0 }
      if at &+ 16 <= end { return UInt64(look(base + at)) }
      // The last sixteen, of which those before `at` do not count.
      return UInt64(look(base + (end &- 16))) &>> UInt64(truncatingIfNeeded: at &+ 16 &- end)
    }
  }
}

/// The places of a text at which JSON strings stop, one after the other: see `OctetMarks.stops`.
struct StopPlaces {
  private var marks: UInt64 = 0
  private var base: Int
  private let end: Int

  /// - Parameters:
  ///   - start: The first octet looked at.
  ///   - end: Behind the last; at least 16, and inside the spans that come along.
  @inline(__always)
  init(from start: Int, to end: Int) {
    base = start &- 64
    self.end = end
  }

  /// The next place; `end` when there is none.
  @inline(__always)
  mutating func next(_ bytes: RawSpan) -> Int {
    if _slowPath(marks == 0), !load(bytes) { return end }
    let place = base &+ marks.trailingZeroBitCount
    marks &= marks &- 1
    return place
  }

  /// The marks of the next 64 octets that have any.
  @inline(never)
  private mutating func load(_ bytes: RawSpan) -> Bool {
    while base &+ 64 < end {
      base &+= 64
      if base &+ 64 <= end {
        marks = bytes.withUnsafeBytes {
          $0.baseAddress.map { netlab_string_stops_64($0 + base) } ?? 0
        }
        if marks != 0 { return true }
        continue
      }
      if end >= 64 {
        // The last 64, of which those before `base` do not count.
        marks = bytes.withUnsafeBytes {
          $0.baseAddress.map { netlab_string_stops_64($0 + (end &- 64)) } ?? 0
        }
        marks &>>= UInt64(truncatingIfNeeded: base &+ 64 &- end)
        return marks != 0
      }
      var at = base
      var shift: UInt64 = 0
      while shift < 64, at < end {
        marks |= OctetMarks.stops(bytes, at, end) &<< shift
        at &+= 16
        shift &+= 16
      }
      if marks != 0 { return true }
    }
    return false
  }
}
