import PacketCore

/// Sequence numbers wrap around; which of two comes first is decided by the shorter way.
/// RFC 9293 section 3.4: "comparisons ... must be done modulo 2**32". At exactly half the way
/// around both orders hold, as they do in Wireshark.
extension UInt32 {
  @inline(__always) func isAfter(_ other: UInt32) -> Bool { Int32(bitPattern: other &- self) < 0 }
  @inline(__always) func isBefore(_ other: UInt32) -> Bool { Int32(bitPattern: self &- other) < 0 }
  @inline(__always) func isAtMost(_ other: UInt32) -> Bool { Int32(bitPattern: self &- other) <= 0 }
  @inline(__always) func isAtLeast(_ other: UInt32) -> Bool {
    Int32(bitPattern: other &- self) <= 0
  }
}

/// Times in connections are nanoseconds since the capture's first frame.
enum TCPTime {
  /// No such moment yet.
  static let never = Int64.min
}

/// One direction of a connection: what its sender said last and what waits for acknowledgment.
struct TCPDirection: Sendable {
  struct Bits: OptionSet, Sendable {
    var rawValue: UInt16
    /// `base` was learned.
    static let hasBase = Bits(rawValue: 1)
    /// No hole was left open since the other side acknowledged: octets in flight can be counted.
    static let flightIsKnown = Bits(rawValue: 2)
    /// The last segment with data carried PSH.
    static let pushed = Bits(rawValue: 4)
    /// The sender's SYN was its last segment but for the ACK to come: its window is not scaled yet.
    static let awaitsFirstAck = Bits(rawValue: 8)
    static let lastWasKeepAlive = Bits(rawValue: 16)
    static let lastWasProbe = Bits(rawValue: 32)
    /// The unacknowledged segments stand in the order of their numbers without overlaps.
    static let isOrdered = Bits(rawValue: 128)
    /// One of them may begin before the base and end behind it.
    static let wraps = Bits(rawValue: 256)
  }

  /// The number that is shown as 0.
  var base: UInt32 = 0
  /// The number after the highest one sent; 0 before the first segment.
  var next: UInt32 = 0
  /// The number up to which the other side may acknowledge without having seen more than we did.
  var highestAckable: UInt32 = 0
  var lastAcknowledgment: UInt32 = 0
  /// As in the header, not scaled; all ones before the first segment.
  var window: UInt32 = .max
  /// The frame that last sent an advancing acknowledgment.
  var lastAckFrame: UInt32 = 0
  /// Repetitions of it; -1 once the other side acknowledged what was never seen.
  var duplicateAcks: Int32 = 0
  var nextFrame: UInt32 = 0
  var nextTime: Int64 = 0
  var lastTime: Int64 = 0
  var pushBytesSent: UInt32 = 0
  /// Octets that the last segment acknowledged selectively.
  var sackedOctets: UInt32 = 0
  var unacknowledged = TCPUnacknowledged.List()
  var scale = TCPWindowScale.unknown
  var bits: Bits = [.flightIsKnown, .isOrdered]
}

/// One connection: its two ends, what was seen of it, and its place among the others.
struct TCPConnection: Sendable {
  /// Both ends in one order, whichever sent the packet, and the point of capture.
  struct Key: Equatable, Sendable {
    /// The addresses without their families, which are the same but for nonsense: four words
    /// instead of six, a hundred thousand times.
    var lowWords: Words
    var highWords: Words
    var lowPort: UInt16
    var highPort: UInt16
    var point: CapturePoint
    var family: Address.Family

    /// An address as it stands in `Address`.
    struct Words: Equatable, Sendable {
      var high: UInt64
      var low: UInt64
      @inline(__always) init(_ address: Address) {
        high = address.high
        low = address.low
      }
    }

    /// - Returns: The key, and whether the packet goes from the high end to the low one.
    @inline(__always)
    static func of(
      _ ends: Endpoints, _ source: UInt16, _ destination: UInt16, _ point: CapturePoint
    )
      -> (key: Key, fromHigh: Bool)
    {
      let from = ends.source
      let to = ends.destination
      let fromHigh =
        from.high != to.high
        ? from.high > to.high : from.low != to.low ? from.low > to.low : source > destination
      let key =
        fromHigh
        ? Key(
          lowWords: Words(to), highWords: Words(from), lowPort: destination, highPort: source,
          point: point, family: from.family)
        : Key(
          lowWords: Words(from), highWords: Words(to), lowPort: source, highPort: destination,
          point: point, family: from.family)
      return (key, fromHigh)
    }

    /// Whether these are the two ends, the lower one first.
    @inline(__always)
    func isBetween(
      _ low: Address, _ lowPort: UInt16, _ high: Address, _ highPort: UInt16, _ point: CapturePoint
    ) -> Bool {
      // One condition: differences are rare, and a branch each would cost more than looking at all.
      (lowWords.low ^ low.low) | (lowWords.high ^ low.high) | (highWords.low ^ high.low)
        | (highWords.high ^ high.high) | UInt64(self.lowPort ^ lowPort)
        | UInt64(self.highPort ^ highPort) == 0
        && self.point == point && family == low.family
    }

    @inline(__always)
    var hash: UInt32 {
      // Odd multipliers spread each word over the upper bits, which are the ones taken.
      var state =
        (UInt64(lowPort) &<< 48 | UInt64(highPort) &<< 32) ^ lowWords.low
        ^ (UInt64(point.section) &<< 16 | UInt64(point.interface))
      state = (state ^ state &>> 29) &* 0x9E37_79B9_7F4A_7C15
      state = (state ^ state &>> 32 ^ highWords.low) &* 0xBF58_476D_1CE4_E5B9
      if lowWords.high | highWords.high != 0 {
        state = (state ^ state &>> 32 ^ lowWords.high) &* 0x94D0_49BB_1331_11EB
        state = (state ^ state &>> 32 ^ highWords.high) &* 0x9E37_79B9_7F4A_7C15
      }
      return UInt32(truncatingIfNeeded: state &>> 32)
    }
  }

  /// The two ends as the key orders them.
  enum End: UInt8, Sendable, BitwiseCopyable { case low, high }

  struct Bits: OptionSet, Sendable {
    var rawValue: UInt8
    /// The handshake offered and took accurate ECN.
    static let offeredECN = Bits(rawValue: 1)
    static let acceptedECN = Bits(rawValue: 2)
    /// An accurate ECN option was seen.
    static let countedECN = Bits(rawValue: 4)
    /// The SYN carried data and a fast open cookie.
    static let fastOpened = Bits(rawValue: 8)
    /// Both directions know the number that is shown as 0.
    static let hasBases = Bits(rawValue: 16)
  }

  /// What is known of the connection as a whole.
  struct State: Sendable {
    var stream: UInt32
    /// Who sent the SYN; nil when none was seen.
    var opener: End?
    var completeness: TCPCompleteness = []
    var bits: Bits = []
    var firstTime: Int64
    var previousTime: Int64
    /// When the last SYN without ACK was sent.
    var synTime = TCPTime.never
    /// From that SYN to the first ACK that is no SYN; 0 before.
    var initialRoundTrip: Int64 = 0

    /// Nobody was seen yet; the first segment comes at `time`.
    init(stream: UInt32, at time: Int64) {
      self.stream = stream
      firstTime = time
      previousTime = time
    }
  }

  var key: Key
  /// Neighbours in the order of last use; `TCPConnectionTable.none` at the ends.
  var older: UInt32
  var newer: UInt32
  /// The packet count at which it was last put in front.
  var movedAt: UInt32
  var state: State
  var fromLow = TCPDirection()
  var fromHigh = TCPDirection()

  /// The key of a connection, by itself: all of the connection would be copied to look at it.
  @inline(__always)
  static func key(of connection: UnsafeMutablePointer<TCPConnection>) -> UnsafePointer<Key> {
    let start = UnsafeRawPointer(connection)
    return (start + (MemoryLayout<TCPConnection>.offset(of: \.key) ?? 0))
      .assumingMemoryBound(to: Key.self)
  }

  /// The two directions of a connection, each by itself.
  @inline(__always)
  static func directions(
    of connection: UnsafeMutablePointer<TCPConnection>
  ) -> (low: UnsafeMutablePointer<TCPDirection>, high: UnsafeMutablePointer<TCPDirection>) {
    let start = UnsafeMutableRawPointer(connection)
    func place(_ offset: Int?) -> UnsafeMutablePointer<TCPDirection> {
      (start + (offset ?? 0)).assumingMemoryBound(to: TCPDirection.self)
    }
    return (
      place(MemoryLayout<TCPConnection>.offset(of: \.fromLow)),
      place(MemoryLayout<TCPConnection>.offset(of: \.fromHigh))
    )
  }
}
