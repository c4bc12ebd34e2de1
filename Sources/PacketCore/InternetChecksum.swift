import COctets

/// The Internet checksum: the ones' complement of the ones' complement sum of 16-bit words.
/// RFC 1071; RFC 1624 for why 0xffff and 0x0000 are the same sum.
public struct InternetChecksum: Sendable {
  /// The sum of big-endian 16-bit words before its carries are folded in: any number that leaves the
  /// same remainder when divided by 2**16 - 1, and 0 only while nothing but zeros was added.
  @usableFromInline var sum: UInt64 = 0

  @inlinable public init() {}

  /// Adds octets that begin at an even offset of the data; an odd last octet is padded with zero.
  @inlinable
  public mutating func add(_ bytes: RawSpan) {
    // Words are summed in the machine's byte order and swapped once at the end: RFC 1071 section
    // 2 (B), "the sum of 16-bit integers can be computed in either byte order".
    // And 64 bits at a time, each carry added at the other end: section 2 (C), "the sum can be
    // computed in parallel", and 2**64 - 1 is a multiple of 2**16 - 1. By that a turn of eight bits
    // swaps the octets of all words.
    let count = bytes.byteCount
    // No load is checked again: each condition keeps it inside `count`.
    let words = count >= 32 ? Self.sumOfBlocks(bytes) : Self.sumOfFew(bytes)
    #if _endian(little)
      sum.addAround(words &<< 8 | words &>> 56)
    #else
      sum.addAround(words)
    #endif
  }

  /// The sum of 32 octets and more, in the machine's byte order.
  ///
  /// Halves of 32 bits are added in lanes of 64, which no carry leaves before four thousand million
  /// of them: vectors, where adding the carries around is one addition after the other.
  @inlinable
  static func sumOfBlocks(_ bytes: RawSpan) -> UInt64 {
    let count = bytes.byteCount
    let lower = SIMD4<UInt64>(repeating: 0xffff_ffff)
    var sums = SIMD4<UInt64>.zero
    var at = 0
    while at &+ 32 <= count {
      let block = bytes.unsafeLoadUnaligned(
        fromUncheckedByteOffset: at, as: SIMD4<UInt64>.self)
      sums &+= (block & lower) &+ (block &>> 32)
      at &+= 32
    }
    var sum = sums.wrappedSum()
    guard at < count else { return sum }
    let rest = bytes.withUnsafeBytes { octets in
      octets.baseAddress.map { netlab_sum_of_last($0 + count, count &- at) } ?? 0
    }
    // Of an odd number of octets the last 32 begin at an odd offset: their octets are swapped.
    // Turned by nothing, both parts are the whole.
    let turn = UInt64(truncatingIfNeeded: count & 1) &* 8
    sum.addAround(rest &<< turn | rest &>> (64 &- turn))
    return sum
  }

  /// The sum of less than 32 octets, in the machine's byte order.
  @inlinable
  static func sumOfFew(_ bytes: RawSpan) -> UInt64 {
    let count = bytes.byteCount
    var words: UInt64 = 0
    var offset = 0
    while offset &+ 8 <= count {
      words.addAround(bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self))
      offset &+= 8
    }
    // What is left, under eight octets, adds up without a carry.
    var rest: UInt64 = 0
    if offset &+ 4 <= count {
      rest = UInt64(bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt32.self))
      offset &+= 4
    }
    if offset &+ 2 <= count {
      rest &+= UInt64(bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt16.self))
      offset &+= 2
    }
    if offset < count {
      let last = bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt8.self)
      rest &+= UInt64(UInt16(last).littleEndian)
    }
    words.addAround(rest)
    return words
  }

  /// Adds one 16-bit word.
  @inlinable public mutating func add(_ word: UInt16) { sum.addAround(UInt64(word)) }

  /// Adds one 32-bit word: 2**16 counts as 1, so its halves come together when the sum is folded.
  @inlinable
  public mutating func add(_ word: UInt32) { sum.addAround(UInt64(word)) }

  /// Adds one 64-bit word.
  @inlinable
  public mutating func add(_ word: UInt64) { sum.addAround(word) }

  /// Whether what was summed, its checksum field included, is right: whether `folded` is 0xffff.
  ///
  /// That is so when 2**16 - 1 divides the sum, which a product with the inverse tells.
  @inlinable public var isRight: Bool {
    let ones: UInt64 = 0x0001_0001_0001_0001
    return sum != 0 && (0 &- sum &* ones) <= ones
  }

  /// The sum in 16 bits, not complemented: 0xffff over data whose checksum is right.
  @inlinable public var folded: UInt16 { Self.folded(sum) }

  /// The value for the checksum field, when that field was summed as zero.
  @inlinable public var value: UInt16 { ~folded }

  @inlinable
  static func folded(_ sum: UInt64) -> UInt16 {
    var sum = (sum & 0xffff_ffff) &+ (sum &>> 32)
    sum = (sum & 0xffff_ffff) &+ (sum &>> 32)
    sum = (sum & 0xffff) &+ (sum &>> 16)
    sum = (sum & 0xffff) &+ (sum &>> 16)
    return UInt16(truncatingIfNeeded: (sum & 0xffff) &+ (sum &>> 16))
  }
}

extension UInt64 {
  /// Adds in ones' complement: what overflows is added at the lower end.
  @inlinable @inline(__always)
  mutating func addAround(_ other: UInt64) {
    let (sum, carries) = addingReportingOverflow(other)
    self = sum &+ (carries ? 1 : 0)
  }
}

/// What became of checking a checksum. An offloaded one is never called bad.
public enum ChecksumStatus: UInt8, Sendable, BitwiseCopyable {
  // Wireshark's numbers (`*.checksum.status`); ours stands above them.
  case bad = 0
  case good = 1
  /// The octets it covers are not all here: cut by the capture, or a fragment.
  case unverified = 2
  /// The sender computed none (UDP over IPv4 with zero).
  case notPresent = 3
  /// A value the protocol forbids (UDP over IPv6 with zero).
  case illegal = 4
  /// Not computed yet when captured: the field holds the sum of the pseudo-header alone, which the
  /// network card would have completed.
  case offloaded = 5
}

/// The verdict on one checksum field, kept as (part of) a layer's note.
public struct ChecksumVerdict: Sendable, BitwiseCopyable {
  public var status: ChecksumStatus
  /// The value that would have been right; meaningful for `.good` and `.bad` and `.offloaded`.
  public var expected: UInt16

  @inlinable
  public init(_ status: ChecksumStatus, expected: UInt16 = 0) {
    self.status = status
    self.expected = expected
  }

  /// Judges a field that was summed together with its data.
  ///
  /// - Parameters:
  ///   - found: The field's value in the packet.
  ///   - total: The sum over pseudo-header and data, the field included.
  ///   - pseudoHeader: The sum over the pseudo-header alone, nil where there is none. A field that
  ///     equals it was left for the network card to complete: offloaded, not bad.
  @inlinable @inline(__always)
  public init(found: UInt16, total: InternetChecksum, pseudoHeader: InternetChecksum?) {
    if total.folded == 0xffff {
      self.init(.good, expected: found)
    } else {
      var rest = total
      rest.add(~found)  // RFC 1624: taking a word out is adding its complement.
      let offloaded = pseudoHeader.map { $0.folded == found } ?? false
      self.init(offloaded ? .offloaded : .bad, expected: rest.value)
    }
  }
}
