/// When a capture ends by itself: what `-a KEY:VALUE` and `-c` say.
public struct StopConditions: Sendable, Equatable {
  /// Nanoseconds after the start.
  public var duration: Int64?
  /// Octets in the file; with a ring it switches files instead.
  public var fileSize: UInt64?
  /// Packets in all.
  public var packets: UInt64?
  /// Files of a ring.
  public var files: UInt64?

  /// Nothing ends it.
  public init() {}

  /// Adds one condition as dumpcap's `-a` takes it: `duration:SECONDS`, `filesize:KB` (1000
  /// octets), `packets:N`, `files:N`.
  ///
  /// - Throws: `CaptureRuleError` saying what is possible.
  public mutating func add(_ text: String) throws(CaptureRuleError) {
    let rule = try CaptureRule(
      text, option: "-a", keys: ["duration", "filesize", "packets", "files"])
    switch rule.key {
    case "duration": duration = try rule.nanoseconds()
    case "filesize": fileSize = try rule.kilobytes()
    case "packets": packets = try rule.count()
    default: files = try rule.count()
    }
  }
}

/// A rule of `-a` or `-b` that cannot be taken: a mistake on the command line.
public struct CaptureRuleError: Error, Equatable, Sendable {
  /// One sentence without a full stop.
  public let message: String

  /// - Parameter message: One sentence without a full stop.
  public init(_ message: String) { self.message = message }
}

/// `KEY:VALUE`, taken apart.
struct CaptureRule {
  let text: String
  let key: String
  let value: String
  let option: String

  init(_ text: String, option: String, keys: [String]) throws(CaptureRuleError) {
    self.text = text
    self.option = option
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, keys.contains(String(parts[0])) else {
      let forms = keys.map { $0 + ":" + (Self.units[$0] ?? "N") }.joined(separator: ", ")
      throw CaptureRuleError("\(option) \(text) is none of \(forms)")
    }
    key = String(parts[0])
    value = String(parts[1])
  }

  private static let units = [
    "duration": "SECONDS", "filesize": "KB", "interval": "SECONDS", "packets": "N", "files": "N",
  ]

  /// A whole number above zero.
  func count(orZero: Bool = false, below limit: UInt64 = .max) throws(CaptureRuleError) -> UInt64 {
    guard let number = UInt64(value), number > 0 || orZero, number < limit else {
      let bound = limit == .max ? "" : " below \(limit)"
      throw CaptureRuleError(
        "\(option) \(text): \(value.isEmpty ? "nothing" : value) is no whole number"
          + (orZero ? "" : " above zero") + bound)
    }
    return number
  }

  /// Octets, of kilobytes of 1000 octets as dumpcap counts them.
  func kilobytes() throws(CaptureRuleError) -> UInt64 {
    let (octets, overflow) = try count().multipliedReportingOverflow(by: 1000)
    if overflow { throw CaptureRuleError("\(option) \(text): larger than any file") }
    return octets
  }

  /// Nanoseconds, of seconds with or without a fraction.
  func nanoseconds() throws(CaptureRuleError) -> Int64 {
    guard let seconds = Double(value), seconds > 0, seconds <= 9_000_000_000 else {
      throw CaptureRuleError("\(option) \(text): \(value) is no number of seconds above zero")
    }
    return max(1, Int64(seconds * 1_000_000_000))
  }
}
