import PacketCore

/// How an interface of a pcapng file counts time: `if_tsresol` and `if_tsoffset`
/// (draft-ietf-opsawg-pcapng, section 4.2).
struct PcapngClock: Equatable {
  /// "If the Most Significant Bit is equal to zero, the remaining bits indicate the resolution as a
  /// negative power of 10"; else of 2. Microseconds when the option is absent.
  let resolution: UInt8
  /// "an offset (in seconds) that must be added to the timestamp of each packet".
  let offset: Int64

  /// Ticks in a second, of a decimal resolution; 0 when 64 bits cannot say it.
  private let ticksPerSecond: UInt64
  /// Between a tick and a nanosecond: 10^|9 - n|; 0 when 64 bits cannot say it.
  private let scale: UInt64

  static let microseconds = PcapngClock(resolution: 6)
  static let nanoseconds = PcapngClock(resolution: 9)

  init(resolution: UInt8, offset: Int64 = 0) {
    self.resolution = resolution
    self.offset = offset
    let exponent = Int(resolution & 0x7F)
    ticksPerSecond = PcapngClock.powerOfTen(exponent)
    scale = PcapngClock.powerOfTen(abs(exponent - 9))
  }

  private var isBinary: Bool { resolution & 0x80 != 0 }

  /// Decimals worth showing, as Wireshark rounds the resolution down: 9, 6, 3, 2, 1 or 0.
  var digits: UInt8 {
    // A binary resolution of 2^-n has n × log10(2) decimals.
    let decimals = isBinary ? Int(resolution & 0x7F) * 301 / 1000 : Int(resolution)
    return decimals >= 9 ? 9 : decimals >= 6 ? 6 : decimals >= 3 ? 3 : UInt8(decimals)
  }

  private static func powerOfTen(_ exponent: Int) -> UInt64 {
    guard exponent <= 19 else { return 0 }
    return (0..<exponent).reduce(UInt64(1)) { power, _ in power * 10 }
  }

  /// The moment that a count of ticks says. Ticks finer than a nanosecond are cut; a moment beyond
  /// 64 bits of seconds is the last one.
  @inline(__always)
  func timestamp(_ ticks: UInt64) -> Timestamp {
    if resolution <= 9 {
      let (seconds, rest) = ticks.quotientAndRemainder(dividingBy: ticksPerSecond)
      return moment(seconds, rest &* scale)
    }
    return isBinary ? binaryTimestamp(ticks) : fineTimestamp(ticks)
  }

  private func fineTimestamp(_ ticks: UInt64) -> Timestamp {
    guard ticksPerSecond > 0 else {
      // 64 bits of 10^-20 s and finer are less than a second.
      return moment(0, scale > 0 ? ticks / scale : 0)
    }
    let (seconds, rest) = ticks.quotientAndRemainder(dividingBy: ticksPerSecond)
    return moment(seconds, rest / scale)
  }

  private func binaryTimestamp(_ ticks: UInt64) -> Timestamp {
    let bits = UInt64(resolution & 0x7F)
    guard bits < 64 else {
      let (high, _) = ticks.multipliedFullWidth(by: 1_000_000_000)
      return moment(0, high >> (bits - 64))
    }
    guard bits > 0 else { return moment(ticks, 0) }
    let fraction = ticks & (1 << bits &- 1)
    let (high, low) = fraction.multipliedFullWidth(by: 1_000_000_000)
    return moment(ticks >> bits, high << (64 - bits) | low >> bits)
  }

  @inline(__always)
  private func moment(_ seconds: UInt64, _ nanoseconds: UInt64) -> Timestamp {
    let whole = Int64(clamping: seconds)
    let (sum, overflow) = whole.addingReportingOverflow(offset)
    return Timestamp(
      seconds: overflow ? .max : sum, nanoseconds: UInt32(truncatingIfNeeded: nanoseconds))
  }

  /// The count of ticks for a moment, finer parts cut; nil when 64 bits cannot say it.
  @inline(__always)
  func ticks(_ time: Timestamp) -> UInt64? {
    let (since, overflow) = time.seconds.subtractingReportingOverflow(offset)
    guard !overflow, since >= 0 else { return nil }
    let seconds = UInt64(since)
    let nanoseconds = UInt64(time.nanoseconds)
    if isBinary { return binaryTicks(seconds, nanoseconds) }
    guard ticksPerSecond > 0 else { return nil }
    let (whole, overflow2) = seconds.multipliedReportingOverflow(by: ticksPerSecond)
    let part = resolution <= 9 ? nanoseconds / scale : nanoseconds &* scale
    let (sum, overflow3) = whole.addingReportingOverflow(part)
    return overflow2 || overflow3 ? nil : sum
  }

  private func binaryTicks(_ seconds: UInt64, _ nanoseconds: UInt64) -> UInt64? {
    let bits = UInt64(resolution & 0x7F)
    guard bits < 64, nanoseconds < 1_000_000_000, seconds <= UInt64.max >> bits else { return nil }
    guard bits > 0 else { return seconds }
    let (part, _) = UInt64(1_000_000_000).dividingFullWidth(
      (nanoseconds >> (64 - bits), nanoseconds << bits))
    return seconds << bits | part
  }
}
