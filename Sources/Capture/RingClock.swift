import Glibc

/// The clocks that a ring of files looks at, read at one moment. A value, so that tests make
/// their own.
public struct RingMoment: Sendable, Equatable {
  /// What durations are counted by.
  public var monotonic: MonotonicTime
  /// Seconds since 1970: what intervals are counted by and names are made of.
  public var wallSeconds: Int64
  /// Seconds that the local time is ahead of UTC.
  public var secondsEastOfUTC: Int64

  /// - Parameters: As the properties say.
  public init(monotonic: MonotonicTime, wallSeconds: Int64, secondsEastOfUTC: Int64 = 0) {
    self.monotonic = monotonic
    self.wallSeconds = wallSeconds
    self.secondsEastOfUTC = secondsEastOfUTC
  }

  /// This moment, in the local time zone.
  public static func now() -> RingMoment {
    var seconds = time(nil)
    var local = tm()
    localtime_r(&seconds, &local)
    return RingMoment(
      monotonic: .now, wallSeconds: Int64(seconds), secondsEastOfUTC: Int64(local.tm_gmtoff))
  }

  /// The local time as it stands in file names: YYYYMMDDhhmmss.
  public var nameStamp: String {
    let local = wallSeconds &+ secondsEastOfUTC
    let day = local >= 0 ? local / 86_400 : (local - 86_399) / 86_400
    let second = local - day * 86_400
    let (year, month, date) = civilDate(daysSince1970: day)
    return padded(year, 4) + padded(month, 2) + padded(date, 2) + padded(second / 3600, 2)
      + padded(second / 60 % 60, 2) + padded(second % 60, 2)
  }
}

/// The Gregorian date of a day, by counting in eras of 400 years that begin in March.
func civilDate(daysSince1970 day: Int64) -> (year: Int64, month: Int64, day: Int64) {
  let shifted = day + 719_468  // from 0000-03-01
  let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
  let dayOfEra = shifted - era * 146_097
  let yearOfEra =
    (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
  let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
  let marchMonth = (5 * dayOfYear + 2) / 153
  let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
  return (
    yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * marchMonth + 2) / 5 + 1
  )
}

func padded(_ number: Int64, _ width: Int) -> String {
  let digits = String(number)
  return String(repeating: "0", count: max(0, width - digits.count)) + digits
}
