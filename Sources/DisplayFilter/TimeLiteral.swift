import Glibc

/// Dates and durations as filters, and options that take a moment, write them.
public enum TimeLiteral {
  /// Nanoseconds of a decimal number of seconds, which may be negative; digits beyond the ninth
  /// are dropped.
  public static func seconds(_ word: some StringProtocol) -> Int128? {
    var cursor = Cursor(Array(word.utf8))
    let isNegative = cursor.skip(45)
    guard let value = cursor.decimal(), cursor.isAtEnd else { return nil }
    return isNegative ? -value : value
  }

  /// Nanoseconds since 1970 of "2026-11-22 21:26:53.2" (also with T, with Z or an offset, and
  /// without the time or its seconds) and of "Nov 22, 2026 21:26:53". What names no zone is local
  /// time, as in Wireshark.
  public static func date(_ text: some StringProtocol) -> Int128? {
    var cursor = Cursor(Array(text.utf8))
    cursor.skipSpaces()
    var date = Date()
    if let month = cursor.monthName() {
      date.month = month
      cursor.skipSpaces()
      guard let day = cursor.integer(digits: 1...2) else { return nil }
      date.day = day
      _ = cursor.skip(44)
      cursor.skipSpaces()
      guard let year = cursor.integer(digits: 4...4) else { return nil }
      date.year = year
    } else {
      guard let year = cursor.integer(digits: 4...4), cursor.skip(45),
        let month = cursor.integer(digits: 1...2), cursor.skip(45),
        let day = cursor.integer(digits: 1...2)
      else { return nil }
      date.year = year
      date.month = month
      date.day = day
      _ = cursor.skip(84) || cursor.skip(116)
    }
    cursor.skipSpaces()
    if let hour = cursor.integer(digits: 1...2) {
      date.hour = hour
      guard cursor.skip(58), let minute = cursor.integer(digits: 2...2) else { return nil }
      date.minute = minute
      if cursor.skip(58) {
        guard let seconds = cursor.decimal(), seconds < 61_000_000_000 else { return nil }
        date.second = Int(seconds / 1_000_000_000)
        date.nanoseconds = seconds % 1_000_000_000
      }
    }
    cursor.skipSpaces()
    var offset: Int?
    if cursor.skip(90) || cursor.skip(122) || cursor.skip(word: "UTC") {
      offset = 0
    } else if let sign = cursor.sign() {
      guard let hours = cursor.integer(digits: 2...2), hours < 24 else { return nil }
      _ = cursor.skip(58)
      let minutes = cursor.integer(digits: 2...2) ?? 0
      offset = sign * (hours * 3600 + minutes * 60)
    }
    cursor.skipSpaces()
    guard cursor.isAtEnd, date.isPossible else { return nil }
    return Int128(date.seconds(offset: offset)) * 1_000_000_000 + date.nanoseconds
  }

  /// A moment in the Gregorian calendar.
  private struct Date {
    var year = 1970
    var month = 1
    var day = 1
    var hour = 0
    var minute = 0
    var second = 0
    var nanoseconds: Int128 = 0

    var isPossible: Bool {
      let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
      let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
      guard (1...12).contains(month), (1...lengths[month - 1]).contains(day) else { return false }
      return hour < 24 && minute < 60 && second < 61
    }

    /// Seconds since 1970. `offset` is the zone's distance from UTC in seconds, nil for local time.
    func seconds(offset: Int?) -> Int {
      guard let offset else {
        var parts = tm()
        parts.tm_year = Int32(year - 1900)
        parts.tm_mon = Int32(month - 1)
        parts.tm_mday = Int32(day)
        parts.tm_hour = Int32(hour)
        parts.tm_min = Int32(minute)
        parts.tm_sec = Int32(second)
        parts.tm_isdst = -1
        return mktime(&parts)
      }
      // Days from a March that begins a cycle of 400 years: leap days come last that way.
      let shifted = month > 2 ? year : year - 1
      let era = (shifted >= 0 ? shifted : shifted - 399) / 400
      let yearOfEra = shifted - era * 400
      let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
      let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
      let days = era * 146097 + dayOfEra - 719468
      return days * 86400 + hour * 3600 + minute * 60 + second - offset
    }
  }

  /// Reads a text from its start.
  private struct Cursor {
    let text: [UInt8]
    var position = 0

    init(_ text: [UInt8]) { self.text = text }

    var isAtEnd: Bool { position == text.count }
    var octet: UInt8 { position < text.count ? text[position] : 0 }

    mutating func skip(_ octet: UInt8) -> Bool {
      guard position < text.count, text[position] == octet else { return false }
      position += 1
      return true
    }

    mutating func skip(word: String) -> Bool {
      guard text[position...].starts(with: word.utf8) else { return false }
      position += word.utf8.count
      return true
    }

    mutating func skipSpaces() {
      while octet == 32 { position += 1 }
    }

    mutating func sign() -> Int? { skip(43) ? 1 : skip(45) ? -1 : nil }

    mutating func integer(digits: ClosedRange<Int>) -> Int? {
      let start = position
      var value = 0
      while position - start < digits.upperBound, (48...57).contains(octet) {
        value = value * 10 + Int(octet - 48)
        position += 1
      }
      return digits.contains(position - start) ? value : nil
    }

    /// A decimal number in units of 10^-9, below 10^18 of them.
    mutating func decimal() -> Int128? {
      var value: Int128 = 0
      var digits = 0
      while (48...57).contains(octet), digits < 18 {
        value = value * 10 + Int128(octet - 48)
        position += 1
        digits += 1
      }
      value *= 1_000_000_000
      if octet == 46 {
        position += 1
        var unit: Int128 = 100_000_000
        while (48...57).contains(octet) {
          value += unit * Int128(octet - 48)
          unit /= 10
          position += 1
          digits += 1
        }
      }
      return digits > 0 ? value : nil
    }

    mutating func monthName() -> Int? {
      let names = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
      ]
      for (index, name) in names.enumerated() where skip(word: name) { return index + 1 }
      return nil
    }
  }
}
