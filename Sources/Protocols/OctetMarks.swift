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
    if _slowPath(marks == 0) {
      (marks, base) = Self.marks(bytes, behind: base, end)
      if marks == 0 { return end }
    }
    let place = base &+ marks.trailingZeroBitCount
    marks &= marks &- 1
    return place
  }

  /// The marks of the next 64 octets that have any, and where those begin; none where the text ends. Takes
  /// and returns words, so that the places stay in registers from one string to the next.
  @inline(never)
  private static func marks(
    _ bytes: RawSpan, behind base: Int, _ end: Int
  ) -> (marks: UInt64, base: Int) {
    var base = base
    while base &+ 64 < end {
      base &+= 64
      let marks = marks(bytes, from: base, end)
      if marks != 0 { return (marks, base) }
    }
    return (0, base)
  }

  @inline(__always)
  private static func marks(_ bytes: RawSpan, from base: Int, _ end: Int) -> UInt64 {
    if base &+ 64 <= end {
      return bytes.withUnsafeBytes {
        $0.baseAddress.map { netlab_string_stops_64($0 + base) } ?? 0
      }
    }
    if end >= 64 {
      // The last 64, of which those before `base` do not count.
      let last = bytes.withUnsafeBytes {
        $0.baseAddress.map { netlab_string_stops_64($0 + (end &- 64)) } ?? 0
      }
      return last &>> UInt64(truncatingIfNeeded: base &+ 64 &- end)
    }
    var marks: UInt64 = 0
    var at = base
    var shift: UInt64 = 0
    while shift < 64, at < end {
      marks |= OctetMarks.stops(bytes, at, end) &<< shift
      at &+= 16
      shift &+= 16
    }
    return marks
  }
}
