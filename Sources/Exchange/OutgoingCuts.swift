/// Where a text is cut into parts.
enum OutgoingCuts {
  /// How far back a cut is moved to spare a character that people see as one (an emoji of several
  /// scalars, a letter with accents). What is longer than that is cut between two scalars: the
  /// receiver joins the parts before anybody looks.
  private static let patience = 256

  /// - Parameters:
  ///   - text: UTF-8.
  ///   - room: Octets that each part has for its text as JSON has it; at least 6.
  /// - Returns: Where each part ends, and how many octets it takes in JSON. An empty text is one
  ///   empty part.
  static func make(_ text: [UInt8], room: Int) -> (ends: [Int], costs: [Int]) {
    guard !text.isEmpty else { return ([0], [0]) }
    var ends: [Int] = []
    var costs: [Int] = []
    var start = 0
    while start < text.count {
      var end = start
      var cost = 0
      while end < text.count {
        let more = Self.cost(text[end])
        if cost + more > room { break }
        cost += more
        end += 1
      }
      if end < text.count {
        var cut = scalarBoundary(text, atOrBefore: end, after: start)
        cut = characterBoundary(text, atOrBefore: cut, after: start)
        for octet in text[cut..<end] { cost -= Self.cost(octet) }
        end = cut
      }
      ends.append(end)
      costs.append(cost)
      start = end
    }
    return (ends, costs)
  }

  /// Octets of JSON text that stand for an octet of UTF-8: what `JSONWriter` writes.
  static func cost(_ octet: UInt8) -> Int {
    switch octet {
    case 0x22, 0x5c, 8, 9, 10, 12, 13: 2
    case ..<0x20: 6
    default: 1
    }
  }

  /// RFC 3629 section 3: octets 10xxxxxx go on with a character.
  private static func scalarBoundary(_ text: [UInt8], atOrBefore end: Int, after start: Int) -> Int
  {
    var cut = end
    while cut > start + 1, text[cut] & 0xc0 == 0x80 { cut -= 1 }
    return cut
  }

  /// The last boundary between two characters as people see them; `end` when there is none near.
  ///
  /// - Parameter end: A boundary between two scalars, before the end of the text.
  private static func characterBoundary(
    _ text: [UInt8], atOrBefore end: Int, after start: Int
  ) -> Int {
    var first = max(end - patience, start)
    while first < end, first > start, text[first] & 0xc0 == 0x80 { first += 1 }
    var last = end + 1
    while last < text.count, text[last] & 0xc0 == 0x80 { last += 1 }
    // With the scalar behind the cut: does it begin a character?
    let window = String(decoding: text[first..<last], as: UTF8.self)
    guard let character = window.last else { return end }
    let cut = last - character.utf8.count
    return cut > first ? cut : end
  }
}
