import Glibc
import PacketCore

/// What the time column counts from. tshark's letters of `-t`.
public enum TimeFormat: String, Sendable, CaseIterable {
  /// Seconds since the first frame.
  case relative = "r"
  /// Local time of day.
  case absolute = "a"
  /// Local date and time of day.
  case absoluteWithDate = "ad"
  /// Local year, day of the year and time of day.
  case absoluteWithDayOfYear = "adoy"
  /// Seconds since the frame before.
  case delta = "d"
  /// Seconds since the frame displayed before.
  case deltaDisplayed = "dd"
  /// Seconds since 1970.
  case epoch = "e"
  /// The three absolute forms in UTC.
  case utc = "u"
  case utcWithDate = "ud"
  case utcWithDayOfYear = "udoy"
}

extension TextBuffer {
  /// The time column of a packet, with as many decimals as its source resolves.
  public mutating func append(time dissection: borrowing Dissection, as format: TimeFormat) {
    let frame = dissection.frame
    guard frame.hasTime else { return }
    let digits = Int(frame.timeDigits)
    switch format {
    case .relative:
      append(seconds: frame.time.nanoseconds(since: dissection.firstTime), digits: digits)
    case .delta:
      append(seconds: frame.time.nanoseconds(since: dissection.previousTime), digits: digits)
    case .deltaDisplayed:
      append(
        seconds: frame.time.nanoseconds(since: dissection.previousDisplayedTime), digits: digits)
    case .epoch: append(epoch: frame.time, digits: digits)
    case .absolute, .absoluteWithDate, .absoluteWithDayOfYear, .utc, .utcWithDate,
      .utcWithDayOfYear:
      let isUTC = format == .utc || format == .utcWithDate || format == .utcWithDayOfYear
      let moment = CivilTime(frame.time, isUTC: isUTC)
      switch format {
      case .absoluteWithDate, .utcWithDate: append(date: moment)
      case .absoluteWithDayOfYear, .utcWithDayOfYear:
        append(UInt64(moment.year), zeroPaddedTo: 4)
        append("/")
        append(UInt64(moment.dayOfYear), zeroPaddedTo: 3)
        append(" ")
      default: break
      }
      append(clock: moment)
      append(decimals: frame.time.nanoseconds, digits: digits)
    }
  }

  /// Nanoseconds as seconds with decimals.
  @inline(__always)
  public mutating func append(seconds nanoseconds: Int64, digits: Int = 9) {
    if nanoseconds < 0 { append(byte: 45) }
    let magnitude = nanoseconds.magnitude
    let seconds = magnitude / 1_000_000_000
    let fraction = UInt32(truncatingIfNeeded: magnitude &- seconds &* 1_000_000_000)
    append(seconds)
    append(decimals: fraction, digits: digits)
  }

  /// A moment as seconds since 1970 with decimals.
  public mutating func append(epoch time: Timestamp, digits: Int = 9) {
    guard time.seconds < 0, time.nanoseconds > 0 else {
      append(time.seconds)
      append(decimals: time.nanoseconds, digits: digits)
      return
    }
    // Nanoseconds count forward; before 1970 the decimal fraction counts backward.
    append("-")
    append(UInt64((time.seconds + 1).magnitude))
    append(decimals: 1_000_000_000 - time.nanoseconds, digits: digits)
  }

  /// The point and `digits` decimals of a fraction given in nanoseconds; nothing for 0 digits.
  @inline(__always)
  public mutating func append(decimals nanoseconds: UInt32, digits: Int) {
    guard digits > 0 else { return }
    // Microseconds, the resolution of most captures.
    if digits == 6, nanoseconds < 1_000_000_000 { return append(millionths: nanoseconds / 1000) }
    append(byte: 46)
    var value = UInt64(nanoseconds)
    for _ in 0..<max(9 - digits, 0) { value /= 10 }
    append(value, zeroPaddedTo: min(digits, 9))
  }

  mutating func append(date moment: CivilTime) {
    append(UInt64(moment.year), zeroPaddedTo: 4)
    append("-")
    append(UInt64(moment.month), zeroPaddedTo: 2)
    append("-")
    append(UInt64(moment.day), zeroPaddedTo: 2)
    append(" ")
  }

  mutating func append(clock moment: CivilTime) {
    append(UInt64(moment.hour), zeroPaddedTo: 2)
    append(":")
    append(UInt64(moment.minute), zeroPaddedTo: 2)
    append(":")
    append(UInt64(moment.second), zeroPaddedTo: 2)
  }

  /// `Nov 22, 2026 21:26:53.245193000 UTC`: the text of absolute times in fields and the tree.
  public mutating func append(longDate time: Timestamp) {
    let months: [StaticString] = [
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    let moment = CivilTime(time, isUTC: false)
    append(months[min(max(moment.month - 1, 0), 11)])
    append(" ")
    let start = count
    append(UInt64(moment.day))
    alignRight(from: start, to: 2)
    append(", ")
    append(UInt64(moment.year), zeroPaddedTo: 4)
    append(" ")
    append(clock: moment)
    append(decimals: time.nanoseconds, digits: 9)
    append(" ")
    append(moment.zone)
  }

  /// `2026-11-22T21:26:53.245193000Z`: RFC 3339, UTC, nine digits.
  public mutating func append(rfc3339 time: Timestamp) {
    let moment = CivilTime(time, isUTC: true)
    append(date: moment)
    truncate(to: count - 1)
    append("T")
    append(clock: moment)
    append(decimals: time.nanoseconds, digits: 9)
    append("Z")
  }
}

extension TextCursor {
  /// Nanoseconds, none negative and of less than 100 000 000 seconds, as seconds with microseconds,
  /// in ten columns.
  ///
  /// - Parameter second: What was written last.
  @inline(__always)
  mutating func write(plainTime nanoseconds: Int64, _ second: inout WrittenSecond) {
    let seconds = nanoseconds.magnitude / 1_000_000_000
    if _slowPath(seconds != second.number) { second = WrittenSecond(seconds) }
    write(word: second.digits, columns: second.columns)
    write(
      millionths: UInt32(truncatingIfNeeded: nanoseconds.magnitude &- seconds &* 1_000_000_000)
        / 1000)
  }
}

/// A number of seconds as the time column has it: nearly every packet comes in the second of the one
/// before.
struct WrittenSecond {
  fileprivate var number = UInt64.max
  /// The first character lowest.
  fileprivate var digits: UInt64 = 0
  fileprivate var columns = 0

  init() {}

  /// - Parameter number: Below 100 000 000.
  @inline(never)
  fileprivate init(_ number: UInt64) {
    self.number = number
    (digits, columns) = TextCursor.digits(of: UInt32(truncatingIfNeeded: number), alignedTo: 3)
  }
}

extension Dissection {
  /// Whether the frame has a time, in microseconds.
  @inline(__always)
  var hasPlainTime: Bool { frame.hasTime && frame.timeDigits == 6 }
}

/// A moment as a calendar and a clock show it.
struct CivilTime {
  var year = 1970, month = 1, day = 1, dayOfYear = 1, hour = 0, minute = 0, second = 0
  var zone = "UTC"

  init(_ time: Timestamp, isUTC: Bool) {
    var seconds = time_t(time.seconds)
    var parts = tm()
    // Years beyond what struct tm holds stay 1970; only a hostile file claims them.
    guard (isUTC ? gmtime_r(&seconds, &parts) : localtime_r(&seconds, &parts)) != nil else {
      return
    }
    year = max(Int(parts.tm_year) + 1900, 0)
    month = Int(parts.tm_mon) + 1
    day = Int(parts.tm_mday)
    dayOfYear = Int(parts.tm_yday) + 1
    hour = Int(parts.tm_hour)
    minute = Int(parts.tm_min)
    second = Int(parts.tm_sec)
    if !isUTC, let name = parts.tm_zone { zone = String(cString: name) }
  }
}
