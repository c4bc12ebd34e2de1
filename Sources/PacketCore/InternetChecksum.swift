/// The Internet checksum: the ones' complement of the ones' complement sum of 16-bit words.
/// RFC 1071; RFC 1624 for why 0xffff and 0x0000 are the same sum.
public struct InternetChecksum: Sendable {
  /// Partial sum of big-endian 16-bit words, carries not yet folded in.
  @usableFromInline var sum: UInt64 = 0

  @inlinable public init() {}

  /// Adds octets that begin at an even offset of the data; an odd last octet is padded with zero.
  @inlinable
  public mutating func add(_ bytes: RawSpan) {
    // Words are summed in the machine's byte order and swapped once at the end: RFC 1071 section
    // 2 (B), "the sum of 16-bit integers can be computed in either byte order".
    // And 64 bits at a time, each carry added at the other end: section 2 (C), "the sum can be
    // computed in parallel", and 2**64 - 1 is a multiple of 2**16 - 1.
    let count = bytes.byteCount
    var words: UInt64 = 0
    var offset = 0
    // No load is checked again: each loop's condition keeps it inside `count`.
    if count >= 128 { words = Self.sumOfBlocks(bytes, upTo: count & ~63, &offset) }
    while offset &+ 32 <= count {
      words.addAround(bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self))
      words.addAround(
        bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset &+ 8, as: UInt64.self))
      words.addAround(
        bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset &+ 16, as: UInt64.self))
      words.addAround(
        bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset &+ 24, as: UInt64.self))
      offset &+= 32
    }
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
    sum &+= UInt64(Self.folded(words).byteSwapped)
  }

  /// The sum of whole blocks of 64 octets, in the machine's byte order.
  ///
  /// Halves of 32 bits are added in lanes of 64, which no carry leaves before four thousand million
  /// of them: vectors, where adding the carries around is one addition after the other.
  @inlinable
  static func sumOfBlocks(_ bytes: RawSpan, upTo end: Int, _ offset: inout Int) -> UInt64 {
    let lower = SIMD4<UInt64>(repeating: 0xffff_ffff)
    var low = SIMD4<UInt64>.zero
    var high = SIMD4<UInt64>.zero
    var at = 0
    while at < end {
      let first = bytes.unsafeLoadUnaligned(
        fromUncheckedByteOffset: at, as: SIMD4<UInt64>.self)
      let second = bytes.unsafeLoadUnaligned(
        fromUncheckedByteOffset: at &+ 32, as: SIMD4<UInt64>.self)
      low &+= (first & lower) &+ (second & lower)
      high &+= (first &>> 32) &+ (second &>> 32)
      at &+= 64
    }
    offset = at
    var sum: UInt64 = 0
    sum.addAround(low.wrappedSum())
    sum.addAround(high.wrappedSum())
    return sum
  }

  /// Adds one 16-bit word.
  @inlinable public mutating func add(_ word: UInt16) { sum &+= UInt64(word) }

  /// Adds one 32-bit word: 2**16 counts as 1, so its halves come together when the sum is folded.
  @inlinable
  public mutating func add(_ word: UInt32) { sum &+= UInt64(word) }

  /// Adds one 64-bit word.
  @inlinable
  public mutating func add(_ word: UInt64) {
    add(UInt32(truncatingIfNeeded: word &>> 32))
    add(UInt32(truncatingIfNeeded: word))
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
