import PacketCore

/// Statistics for people: tables in 80 columns, numbers to the right.
///
/// Where the widest cells do not fit, addresses and words make room: an address that is too long
/// for its column takes a line of its own, words are continued below. A table with too many numbers
/// goes on in a further block.
public final class TextReport: Report {
  private var text = TextBuffer(capacity: 1 << 16)
  private var scratch = TextBuffer(capacity: 256)
  private let passOn: (borrowing TextBuffer) throws -> Void
  private var isFirst = true
  /// Nothing stands below the heading of a part yet.
  private var isAtStart = true

  /// Columns of text that a line takes at most.
  static let width = 80
  /// Columns that the names of single values take.
  private static let names = 24
  /// Words make room down to this.
  private static let leastWords = 16

  /// - Parameter passOn: Takes the text, whenever some has gathered.
  public init(passOn: @escaping (borrowing TextBuffer) throws -> Void) { self.passOn = passOn }

  public func begin(_ key: String, _ title: String) {
    if !isFirst { text.append("\n") }
    isFirst = false
    text.append(title)
    text.append("\n")
    text.append(byte: 61, times: title.count)
    text.append("\n")
    isAtStart = true
  }

  public func end() {}

  public func value(_ key: String, _ title: String, _ value: Value) {
    isAtStart = false
    let start = text.count
    text.append(title)
    text.append(":")
    text.pad(from: start, to: Self.names)
    text.append(" ")
    let words: String
    switch value {
    case .text(let all): words = all
    case .list(let all): words = all.joined(separator: ", ")
    default:
      text.append(value)
      if case .seconds = value { text.append(" s") }
      if case .milliseconds = value { text.append(" ms") }
      text.append("\n")
      return
    }
    writeWords(words, from: Self.names + 1)
  }

  /// Writes words, in as many lines as it takes.
  private func writeWords(_ words: String, from column: Int) {
    var (head, tail) = Self.split(words, at: Self.width - column)
    text.append(head)
    text.append("\n")
    while !tail.isEmpty {
      (head, tail) = Self.split(tail, at: Self.width - column)
      text.append(byte: 32, times: column)
      text.append(head)
      text.append("\n")
    }
  }

  public func finish() throws {
    try passOn(text)
    text.removeAll()
  }

  public func table(_ table: Table, count: Int, row: (Int, (Value) -> Void) -> Void) throws {
    if !table.title.isEmpty {
      if !isAtStart { text.append("\n") }
      text.append(table.title)
      text.append(": ")
      text.append(UInt64(count))
      text.append("\n")
    }
    isAtStart = false
    guard count > 0 else { return }
    var layout = Layout(table)
    for index in 0..<count {
      var place = 0
      row(index) { value in
        guard place < layout.places.count else { return }
        layout.widen(place, to: measure(value))
        place += 1
      }
    }
    for block in layout.blocks() {
      writeHeadings(layout, block)
      for index in 0..<count {
        writeRow(layout, block, index, row)
        if text.count > 1 << 16 { try finish() }
      }
    }
  }

  private func measure(_ value: Value) -> Int {
    scratch.removeAll()
    scratch.append(value)
    return scratch.columns(from: 0)
  }

  private func writeHeadings(_ layout: Layout, _ block: [Int]) {
    for line in layout.table.lines {
      let start = text.count
      for slot in block {
        if slot != block.first { text.append("  ") }
        let column = slot < line.count ? line[slot] : nil
        let title = column?.title ?? ""
        let padding = layout.widths[slot] - title.count
        if column?.isWords == false { text.append(byte: 32, times: padding) }
        text.append(title)
        if column?.isWords != false { text.append(byte: 32, times: padding) }
      }
      trimBlanks(from: start)
      text.append("\n")
    }
  }

  private func writeRow(
    _ layout: Layout, _ block: [Int], _ index: Int, _ row: (Int, (Value) -> Void) -> Void
  ) {
    var place = 0
    var start = text.count
    /// Words that go on below.
    var rest: (words: String, column: Int)?
    var line = 0
    row(index) { value in
      guard place < layout.places.count else { return }
      let (ownLine, slot) = layout.places[place]
      place += 1
      guard block.contains(slot) else { return }
      if ownLine != line {
        line = ownLine
        start = endLine(start)
      }
      text.append(byte: 32, times: layout.column(of: slot, in: block) - text.columns(from: start))
      let cell = text.count
      let width = layout.widths[slot]
      text.append(value)
      let used = text.columns(from: cell)
      guard layout.isWords(ownLine, slot) else {
        return text.alignRight(from: cell, to: width)
      }
      guard used > width else { return }
      if case .text(let words) = value {
        text.truncate(to: cell)
        let (head, tail) = Self.split(words, at: width)
        text.append(head)
        rest = (tail, layout.column(of: slot, in: block))
      } else {
        // An address too long for its column: what follows goes on the next line.
        start = endLine(start)
      }
    }
    _ = endLine(start)
    guard let (words, column) = rest, !words.isEmpty else { return }
    text.append(byte: 32, times: column)
    writeWords(words, from: column)
  }

  /// Ends a line, and gives the place where the next one begins.
  private func endLine(_ start: Int) -> Int {
    trimBlanks(from: start)
    text.append("\n")
    return text.count
  }

  private func trimBlanks(from start: Int) {
    let end = text.withBytes { bytes in
      var end = bytes.count
      while end > start, bytes[end - 1] == 32 { end -= 1 }
      return end
    }
    text.truncate(to: end)
  }

  /// As many whole words as fit, and the rest.
  static func split(_ words: String, at width: Int) -> (head: String, tail: String) {
    guard words.count > width, width > 0 else { return (words, "") }
    let limit = words.index(words.startIndex, offsetBy: width)
    guard let blank = words[...limit].lastIndex(of: " "), blank > words.startIndex else {
      return (String(words[..<limit]), String(words[limit...]))
    }
    return (String(words[..<blank]), String(words[words.index(after: blank)...]))
  }

  /// Where the columns of a table stand.
  private struct Layout {
    let table: Table
    /// Line and slot of each value of a row.
    let places: [(line: Int, slot: Int)]
    private(set) var widths: [Int]

    init(_ table: Table) {
      self.table = table
      var places: [(Int, Int)] = []
      widths = Array(repeating: 1, count: table.lines.map(\.count).max() ?? 0)
      for (line, columns) in table.lines.enumerated() {
        for (slot, column) in columns.enumerated() {
          guard let column else { continue }
          places.append((line, slot))
          widths[slot] = max(widths[slot], column.title.count)
        }
      }
      self.places = places
    }

    mutating func widen(_ place: Int, to width: Int) {
      let slot = places[place].slot
      widths[slot] = max(widths[slot], width)
    }

    func isWords(_ line: Int, _ slot: Int) -> Bool { table.lines[line][slot]?.isWords ?? true }

    /// Shrinks the widest words until a line fits, and divides the slots into as many blocks as
    /// that takes; the first slot stands in each.
    mutating func blocks() -> [[Int]] {
      let all = Array(widths.indices)
      let excess = column(of: widths.count, in: all) - 2 - TextReport.width
      guard excess > 0 else { return [all] }
      let words = all.filter { slot in table.lines.contains { $0[slot]?.isWords == true } }
      if let slot = words.max(by: { widths[$0] < widths[$1] }) {
        widths[slot] = max(widths[slot] - excess, TextReport.leastWords)
        return [all]
      }
      var blocks: [[Int]] = []
      var block = [0]
      for slot in all.dropFirst() {
        if column(of: widths.count, in: block + [slot]) - 2 > TextReport.width, block.count > 1 {
          blocks.append(block)
          block = [0]
        }
        block.append(slot)
      }
      return blocks + [block]
    }

    /// The column of text in which a slot begins, two blanks between slots.
    func column(of slot: Int, in block: [Int]) -> Int {
      block.prefix { $0 != slot }.reduce(0) { $0 + widths[$1] + 2 }
    }
  }
}
