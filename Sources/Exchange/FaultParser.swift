import PacketCore
import Protocols

/// Reads `KIND:VALUE[@N,M…][/in|/out][ if FILTER]`.
struct FaultParser {
  private let text: String
  let octets: [UInt8]
  /// The first octet not read yet.
  private var at = 0
  /// Where the part before the filter ends.
  private let end: Int

  init(_ text: String) {
    self.text = text
    octets = Array(text.utf8)
    while at < octets.count, octets[at] == UInt8(ascii: " ") { at += 1 }
    end = octets[at...].firstIndex(of: UInt8(ascii: " ")) ?? octets.count
  }

  mutating func parse(id: Int, direction: FaultDirection) throws(FaultError) -> PacketFault {
    let word = take(until: ":@/")
    guard let kind = PacketFault.Kind(rawValue: string(word).lowercased()) else {
      let kinds = PacketFault.Kind.allCases.map(\.rawValue)
      let near = nearestWords(to: string(word), among: kinds)
      throw fail(
        word.isEmpty
          ? "A fault begins with its kind." : "\"\(string(word))\" is no kind of fault.",
        word, near.isEmpty ? kinds : near)
    }
    var value: [Range<Int>] = []
    if take(":") { value = try parts(until: "@/", "Behind \":\" a value is missing.") }
    var positions: [ClosedRange<Int>] = []
    if take("@") {
      for part in try parts(until: "/", "Behind \"@\" a position is missing.") {
        positions.append(try position(part))
      }
    }
    var way = direction
    if take("/") {
      let word = take(until: "")
      guard let named = FaultDirection(rawValue: string(word)) else {
        throw fail("A direction is /in or /out.", word.lowerBound - 1..<word.upperBound)
      }
      way = named
    }
    let filter = try filterRange()
    var millionths: Int?
    for part in value where octets[part].last == UInt8(ascii: "%") {
      guard millionths == nil else { throw fail("One probability is enough.", part) }
      millionths = try probability(part)
    }
    value.removeAll { octets[$0].last == UInt8(ascii: "%") }
    let action = try action(kind, value, word)
    return PacketFault(
      id: id, action: action, millionths: millionths, positions: positions, direction: way,
      filter: string(filter), filterOffset: filter.lowerBound, text: text)
  }

  // MARK: - Parts

  func string(_ range: Range<Int>) -> String {
    String(decoding: octets[range], as: UTF8.self)
  }

  func fail(
    _ message: String, _ range: Range<Int>, _ suggestions: [String] = [], command: String = ""
  ) -> FaultError {
    FaultError(
      message: message, text: text, range: range, suggestions: suggestions, command: command)
  }

  private mutating func take(_ octet: Unicode.Scalar) -> Bool {
    guard at < end, octets[at] == UInt8(ascii: octet) else { return false }
    at += 1
    return true
  }

  /// Everything before one of `marks`.
  private mutating func take(until marks: String) -> Range<Int> {
    let start = at
    let marks = Array(marks.utf8)
    while at < end, !marks.contains(octets[at]) { at += 1 }
    return start..<at
  }

  /// What stands between commas, none of it empty.
  private mutating func parts(
    until marks: String, _ missing: String
  ) throws(FaultError) -> [Range<Int>] {
    var parts: [Range<Int>] = []
    repeat {
      let part = take(until: marks + ",")
      guard !part.isEmpty else { throw fail(missing, part) }
      parts.append(part)
    } while take(",")
    return parts
  }

  private func filterRange() throws(FaultError) -> Range<Int> {
    var start = end
    func skipSpaces() { while start < octets.count, octets[start] == 32 { start += 1 } }
    skipSpaces()
    guard start < octets.count else { return octets.count..<octets.count }
    let word = start..<(octets[start...].firstIndex(of: 32) ?? octets.count)
    guard string(word) == "if" else {
      throw fail("Behind a fault only \"if\" and a filter may stand.", word, ["if"])
    }
    start = word.upperBound
    skipSpaces()
    guard start < octets.count else {
      throw fail("Behind \"if\" a filter is missing.", start..<start)
    }
    return start..<octets.count
  }

  private func position(_ part: Range<Int>) throws(FaultError) -> ClosedRange<Int> {
    let ends = string(part).split(separator: "-", omittingEmptySubsequences: false)
    guard ends.count <= 2, let first = Self.whole(ends[0]), first >= 1 else {
      throw fail("A position is 2, 3-5 or 10-, and the first packet is 1.", part)
    }
    if ends.count == 1 { return first...first }
    if ends[1].isEmpty { return first...Int.max }
    guard let last = Self.whole(ends[1]), last >= first else {
      throw fail("A range of positions goes upwards: 3-5.", part)
    }
    return first...last
  }

  private func probability(_ part: Range<Int>) throws(FaultError) -> Int {
    guard let value = Self.scaled(string(part).dropLast(), by: 10_000), value <= 1_000_000 else {
      throw fail("A probability is from 0% to 100%, with at most four decimals.", part)
    }
    return Int(value)
  }

  // MARK: - Values

  private func action(
    _ kind: PacketFault.Kind, _ value: [Range<Int>], _ word: Range<Int>
  ) throws(FaultError) -> PacketFault.Action {
    // What no kind takes twice.
    let limit = kind == .rate ? 2 : kind == .loss || kind == .duplicate ? 0 : 1
    if value.count > limit {
      throw fail(
        limit == 0
          ? "\(kind.rawValue) takes a probability, such as 30%." : "That is one value too many.",
        value[limit], limit == 0 ? ["\(kind.rawValue):30%", "\(kind.rawValue)@2"] : [])
    }
    guard let first = value.first else {
      switch kind {
      case .loss: return .loss
      case .duplicate: return .duplicate
      case .reorder: return .reorder(behind: 1)
      case .corrupt: return .corrupt(FaultCorruption(.packet, .bit(nil)))
      case .delay: throw fail("delay needs a time.", word, ["delay:20ms", "delay:20ms±5ms"])
      case .rate: throw fail("rate needs a speed.", word, ["rate:1Mbit"])
      case .cut: throw fail("cut needs the octets that stay.", word, ["cut:40"])
      }
    }
    switch kind {
    case .loss: return .loss
    case .duplicate: return .duplicate
    case .reorder:
      guard let behind = Self.whole(string(first)), (1...1000).contains(behind) else {
        throw fail("reorder takes a number of packets, from 1 to 1000.", first, ["reorder:2"])
      }
      return .reorder(behind: behind)
    case .delay: return try delay(first)
    case .rate: return try rate(value)
    case .cut:
      let (body, fits) = fit(first)
      guard let octets = Self.whole(string(body)), octets >= 1 else {
        throw fail("cut takes the number of octets that stay.", body, ["cut:40", "cut:40+fit"])
      }
      return .cut(octets: octets, fits: fits)
    case .corrupt: return .corrupt(try corruption(first))
    }
  }

  /// Splits `+fit` off.
  func fit(_ part: Range<Int>) -> (Range<Int>, Bool) {
    guard string(part).hasSuffix("+fit") else { return (part, false) }
    return (part.lowerBound..<part.upperBound - 4, true)
  }

  private func delay(_ part: Range<Int>) throws(FaultError) -> PacketFault.Action {
    for mark in [Array("±".utf8), Array("+-".utf8)] {
      guard let place = part.first(where: { octets[$0..<part.upperBound].starts(with: mark) })
      else { continue }
      let mean = try time(part.lowerBound..<place)
      let jitter = try time(place + mark.count..<part.upperBound)
      return .delay(nanoseconds: mean, jitter: jitter)
    }
    return .delay(nanoseconds: try time(part), jitter: 0)
  }

  private static let times: [(String, Int64)] = [
    ("ns", 1), ("us", 1000), ("µs", 1000), ("ms", 1_000_000), ("s", 1_000_000_000),
  ]

  private func time(_ part: Range<Int>) throws(FaultError) -> Int64 {
    let word = string(part)
    // An hour is beyond every delay that anybody wants to sit through.
    guard let (unit, factor) = Self.times.first(where: { word.hasSuffix($0.0) }),
      let value = Self.scaled(word.dropLast(unit.count), by: factor), value <= 3_600_000_000_000
    else {
      throw fail("A time is a number with ns, us, ms or s, at most an hour.", part, ["20ms"])
    }
    return value
  }

  private static let speeds: [(String, Int64)] = [
    ("gbit", 1_000_000_000), ("mbit", 1_000_000), ("kbit", 1000), ("bit", 1),
  ]

  private func rate(_ value: [Range<Int>]) throws(FaultError) -> PacketFault.Action {
    let word = string(value[0]).lowercased()
    guard let (unit, factor) = Self.speeds.first(where: { word.hasSuffix($0.0) }),
      let speed = Self.scaled(word.dropLast(unit.count), by: factor),
      (1...1_000_000_000_000).contains(speed)
    else {
      throw fail("A speed is a number with bit, kbit, Mbit or Gbit.", value[0], ["rate:1Mbit"])
    }
    guard value.count > 1 else { return .rate(bitsPerSecond: speed, backlog: 100) }
    let option = string(value[1])
    guard option.hasPrefix("backlog="), let backlog = Self.whole(option.dropFirst(8)),
      (1...1000).contains(backlog)
    else {
      throw fail(
        "Beside its speed, rate takes the packets that may wait, from 1 to 1000.", value[1],
        ["backlog=20"])
    }
    return .rate(bitsPerSecond: speed, backlog: backlog)
  }

  // MARK: - Numbers

  /// Digits only.
  static func whole(_ word: some StringProtocol) -> Int? {
    guard !word.isEmpty, word.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
    return Int(word)
  }

  /// A decimal number times `factor`, which leaves no fraction behind.
  private static func scaled(_ word: some StringProtocol, by factor: Int64) -> Int64? {
    let parts = word.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count <= 2, let units = parts.first.flatMap({ whole($0) }) else { return nil }
    let (product, overflow) = Int64(units).multipliedReportingOverflow(by: factor)
    guard !overflow else { return nil }
    guard parts.count == 2 else { return product }
    var rest: Int64 = 0
    var step = factor
    for digit in parts[1].utf8 {
      guard (48...57).contains(digit), step % 10 == 0 else { return nil }
      step /= 10
      rest += Int64(digit - 48) * step
    }
    guard !parts[1].isEmpty else { return nil }
    let (sum, tooLarge) = product.addingReportingOverflow(rest)
    return tooLarge ? nil : sum
  }
}
