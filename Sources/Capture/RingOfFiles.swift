/// When to go on to the next file and how many to keep: what `-b KEY:VALUE` says.
public struct RingRules: Sendable, Equatable {
  /// Octets in a file.
  public var fileSize: UInt64?
  /// Nanoseconds since the file was opened.
  public var duration: Int64?
  /// Packets in a file.
  public var packets: UInt64?
  /// Switch when the clock shows a multiple of this many seconds.
  public var interval: Int64?
  /// Files to keep, the oldest is deleted first; 0 for all.
  public var files: UInt64 = 0

  /// One file only.
  public init() {}

  /// Adds one rule as dumpcap's `-b` takes it: `filesize:KB` (1000 octets), `duration:SECONDS`,
  /// `packets:N`, `interval:SECONDS`, `files:N`.
  ///
  /// - Throws: `CaptureRuleError` saying what is possible.
  public mutating func add(_ text: String) throws(CaptureRuleError) {
    let rule = try CaptureRule(
      text, option: "-b", keys: ["filesize", "duration", "packets", "interval", "files"])
    switch rule.key {
    case "filesize": fileSize = try rule.kilobytes()
    case "duration": duration = try rule.nanoseconds()
    case "packets": packets = try rule.count()
    case "interval": interval = Int64(clamping: try rule.count(below: 1 << 32))
    // Five digits number the files.
    default: files = try rule.count(orZero: true, below: 100_000)
    }
  }

  /// Whether any rule was given.
  public var isEmpty: Bool { self == RingRules() }
  /// Whether any rule says when to switch; `files` alone does not.
  var switches: Bool { fileSize != nil || duration != nil || packets != nil || interval != nil }
}

/// Decides which file a capture writes to, and when it ends: events in, actions out, no I/O.
///
/// Without ring rules it is the one file of that name. With them files are named as dumpcap names
/// them, NAME_00001_YYYYMMDDhhmmss.EXT in local time, and at most `files` exist at any moment.
public struct RingOfFiles: Sendable {
  /// What the capture does next, in this order.
  public enum Action: Sendable, Equatable {
    /// Finish the file; its path is final.
    case close(String)
    /// Remove a file that has fallen out of the ring; it may be gone already.
    case delete(String)
    /// Begin a file.
    case open(String)
    /// End the capture.
    case end
  }

  private let path: String
  private let rules: RingRules
  private let stop: StopConditions
  private var kept: [String] = []
  private var current: String?
  private var number: UInt64 = 0
  private var packets: UInt64 = 0
  private var packetsInFile: UInt64 = 0
  private var octetsInFile: UInt64 = 0
  private var started = MonotonicTime(nanoseconds: 0)
  private var fileStarted = MonotonicTime(nanoseconds: 0)
  private var nextInterval: Int64 = .max

  /// - Parameters:
  ///   - path: What `-w` says; may be empty when nothing is written and only `stop` counts.
  /// - Throws: `CaptureRuleError` for rules that never switch files.
  public init(
    path: String, rules: RingRules = RingRules(), stop: StopConditions = StopConditions()
  ) throws(CaptureRuleError) {
    self.path = path
    var rules = rules
    var stop = stop
    if !rules.isEmpty {
      if path.isEmpty || path == "-" {
        throw CaptureRuleError("-b needs a file to write to: add -w FILE")
      }
      // With a ring, the size that ends a file is the one that switches (dumpcap).
      if let size = stop.fileSize {
        rules.fileSize = min(size, rules.fileSize ?? .max)
        stop.fileSize = nil
      }
      guard rules.switches else {
        throw CaptureRuleError(
          "-b files needs a second -b that says when a file is full, such as -b filesize:10000")
      }
    }
    self.rules = rules
    self.stop = stop
  }

  /// The file being written; nil before the beginning and after the end.
  public var currentPath: String? { current }

  /// The capture begins.
  public mutating func begin(at moment: RingMoment) -> [Action] {
    started = moment.monotonic
    return [open(at: moment)]
  }

  /// A packet was written. Cheap: no clock, no actions.
  ///
  /// - Parameter octetsInFile: The size of the file with it.
  /// - Returns: Whether `look` has something to do right now.
  public mutating func wrote(octetsInFile: UInt64) -> Bool {
    packets &+= 1
    packetsInFile &+= 1
    self.octetsInFile = octetsInFile
    return isFull || isEnough
  }

  /// Looks at clock and counts: after `wrote` said so, and at every pause of the capture.
  ///
  /// - Returns: What is due; `.end` comes last and after it nothing more.
  public mutating func look(at moment: RingMoment) -> [Action] {
    guard let file = current else { return [] }
    if isEnough || reached(elapsed(since: started, moment), stop.duration) { return finish() }
    guard
      isFull || reached(elapsed(since: fileStarted, moment), rules.duration)
        || (rules.interval != nil && moment.wallSeconds >= nextInterval)
    else { return [] }
    if let files = stop.files, number >= files { return finish() }
    var actions = [Action.close(file)]
    // Before the next is opened, so that there are never more than were allowed.
    if rules.files > 0, kept.count >= rules.files { actions.append(.delete(kept.removeFirst())) }
    actions.append(open(at: moment))
    return actions
  }

  /// The capture ends from elsewhere.
  public mutating func end() -> [Action] {
    guard let file = current else { return [] }
    current = nil
    return [.close(file)]
  }

  /// When `look` has something to do if no packet comes; nil for never.
  public func wake(after moment: RingMoment) -> MonotonicTime? {
    guard current != nil else { return nil }
    var moments: [MonotonicTime] = []
    if let duration = stop.duration { moments.append(started.advanced(byNanoseconds: duration)) }
    if let duration = rules.duration {
      moments.append(fileStarted.advanced(byNanoseconds: duration))
    }
    if rules.interval != nil {
      let seconds = max(0, nextInterval &- moment.wallSeconds)
      moments.append(moment.monotonic.advanced(byNanoseconds: seconds &* 1_000_000_000))
    }
    return moments.min()
  }

  private var isFull: Bool {
    reached(octetsInFile, rules.fileSize) || reached(packetsInFile, rules.packets)
  }

  private var isEnough: Bool {
    reached(packets, stop.packets) || reached(octetsInFile, stop.fileSize)
  }

  private func reached<Number: Comparable>(_ number: Number, _ limit: Number?) -> Bool {
    limit.map { number >= $0 } ?? false
  }

  private func elapsed(since start: MonotonicTime, _ moment: RingMoment) -> Int64 {
    moment.monotonic.nanoseconds &- start.nanoseconds
  }

  private mutating func finish() -> [Action] { end() + [.end] }

  private mutating func open(at moment: RingMoment) -> Action {
    number += 1
    packetsInFile = 0
    octetsInFile = 0
    fileStarted = moment.monotonic
    if let interval = rules.interval {
      nextInterval = moment.wallSeconds - moment.wallSeconds % interval + interval
    }
    let name = rules.isEmpty ? path : ringName(at: moment)
    current = name
    if rules.files > 0 { kept.append(name) }
    return .open(name)
  }

  /// NAME_00001_YYYYMMDDhhmmss.EXT; `.gz` counts as part of the extension.
  private func ringName(at moment: RingMoment) -> String {
    let slash = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
    let name = path[slash...]
    var end = name.lastIndex(of: ".") ?? name.endIndex
    if name[end...] == ".gz" { end = name[..<end].lastIndex(of: ".") ?? end }
    if end == slash { end = name.endIndex }  // a hidden file has no extension
    return path[..<end] + "_" + padded(Int64(number % 100_000), 5) + "_" + moment.nameStamp
      + path[end...]
  }
}
