import ChatClient
import Console
import Glibc
import PacketCore

/// Prints what happens in a room.
protocol ChatPrinter {
  mutating func begin(into text: inout TextBuffer)
  mutating func print(_ event: ChatEvent, into text: inout TextBuffer)
  mutating func end(into text: inout TextBuffer)
  /// Who is here, when the user asks.
  mutating func who(into text: inout TextBuffer)
  mutating func help(into text: inout TextBuffer)
  /// A word of the program's own.
  mutating func note(_ words: String, into text: inout TextBuffer)
}

/// Lines for a person. The mark behind the time tells whose a line is, with colours or without: `>` one's
/// own, `<` another's, `*` the room's notice, `-` the program's own. A sender cannot forge it: their
/// text stays behind it, however long, and nothing in it moves the cursor.
struct ChatTextPrinter: ChatPrinter {
  private let url: String
  private let isColoured: Bool
  private let isInteractive: Bool
  private var members: [String] = []
  private var hasSaidMembers = false
  private var hasJoined = false
  /// The day of the line before.
  private var day: LocalClock.Day

  init(url: String, isColoured: Bool, isInteractive: Bool) {
    self.url = url
    self.isColoured = isColoured
    self.isInteractive = isInteractive
    day = LocalClock.now.day
  }

  private enum Tint: String {
    case own = "\u{1b}[94m"
    case other = "\u{1b}[92m"
    case notice = "\u{1b}[36m"
    case trouble = "\u{1b}[33m"
    case none = ""
  }

  mutating func begin(into text: inout TextBuffer) {}
  mutating func end(into text: inout TextBuffer) {}

  mutating func print(_ event: ChatEvent, into text: inout TextBuffer) {
    switch event {
    case .joined(let room, _, let isFirst, let hasEarlier):
      hasJoined = true
      guard isFirst else { return note("connected again", .none, into: &text) }
      note("Room \(room). Others join with this code at \(url), or with", .none, into: &text)
      note("netlab chat --url \(url) --room \(room) --name NAME", .none, into: &text)
      if url.hasPrefix("http://127.") || url.hasPrefix("http://localhost") {
        note(
          "(on other machines: with the address that `netlab serve` printed)", .none,
          into: &text)
      }
      if hasEarlier { note("(earlier messages are left out here)", .none, into: &text) }
      if isInteractive { note("/help tells what you can do here", .none, into: &text) }
    case .message(let message, _): line(message, into: &text)
    case .members(let names):
      members = names
      // Later changes the room tells by its notices.
      if !hasSaidMembers { who(into: &text) }
      hasSaidMembers = true
    case .delivered: break
    case .delayed(let message):
      note("not delivered yet, it is sent again: \(message.text)", .trouble, into: &text)
    case .refused(let message, let reason):
      // Without a room the error says it all.
      guard hasJoined else { return }
      note("NOT DELIVERED (\(reason)): \(message.text)", .trouble, into: &text)
    case .remark(let words): note("the server says: \(words)", .trouble, into: &text)
    case .lost(let reason, let pause):
      let tenths =
        pause.components.seconds * 10 + pause.components.attoseconds / 100_000_000_000_000_000
      note(
        "no connection: \(reason); trying again in \(tenths / 10).\(tenths % 10) s", .trouble,
        into: &text)
    case .over(.left): note("left the room", .none, into: &text)
    case .over: break
    }
  }

  mutating func who(into text: inout TextBuffer) {
    note(
      members.isEmpty ? "nobody is here" : "Here: " + members.joined(separator: ", "), .none,
      into: &text)
  }

  mutating func help(into text: inout TextBuffer) {
    for words in [
      "Each line you type is sent when you press Enter; // at its beginning sends a /",
      "/who    who is here", "/leave  leave the room; so do Ctrl-D and Ctrl-C",
      "/help   this text",
      "> is before your messages, < before others', * before the room's notices",
    ] { note(words, .none, into: &text) }
  }

  mutating func note(_ words: String, into text: inout TextBuffer) {
    note(words, .trouble, into: &text)
  }

  private mutating func note(_ words: String, _ tint: Tint, into text: inout TextBuffer) {
    append("-", words, tint, clock: LocalClock.now, into: &text)
  }

  private mutating func line(_ message: ChatMessage, into text: inout TextBuffer) {
    let clock = message.time.flatMap { LocalClock(milliseconds: $0) }
    guard !message.isNotice else {
      return append("*", message.text, .notice, clock: clock, into: &text)
    }
    // Long names push the text away; the mark and the colon stay.
    let name = message.sender.count > 64 ? message.sender.prefix(63) + "…" : message.sender[...]
    append(
      message.isOwn ? ">" : "<", "\(name): \(message.text)", message.isOwn ? .own : .other,
      tinted: TerminalText.escaped(String(name)).count + 1, clock: clock, into: &text)
  }

  /// Columns before the words: a clock, a space, the mark, a space.
  private static let indent = 11

  private mutating func append(
    _ mark: String, _ words: String, _ tint: Tint, tinted: Int = .max, clock: LocalClock?,
    into text: inout TextBuffer
  ) {
    if let clock, clock.day != day {
      day = clock.day
      text.append("         - \(day)\n")
    }
    let time = clock?.text ?? "        "
    let lines = TerminalText.wrapped(
      "\(time) \(mark) " + TerminalText.escaped(words), width: StandardOutput.width,
      indent: Self.indent)
    for (index, line) in lines.enumerated() {
      if isColoured, tint != .none, index == 0 || tinted == .max {
        let head = line.prefix(9)
        let rest = line.dropFirst(9)
        let inside = rest.prefix(tinted == .max ? .max : tinted + 2)
        text.append(String(head) + tint.rawValue + String(inside) + "\u{1b}[0m")
        text.append(String(rest.dropFirst(inside.count)))
      } else {
        text.append(line)
      }
      text.append("\n")
    }
  }
}

/// A moment as the user's clock and calendar show it.
struct LocalClock {
  struct Day: Equatable, CustomStringConvertible {
    var year, month, day: Int
    var description: String {
      "\(year)-\(LocalClock.two(month))-\(LocalClock.two(day))"
    }
  }

  var day: Day
  /// `21:26:53`.
  var text: String

  static var now: LocalClock { LocalClock(seconds: time(nil)) ?? LocalClock(epoch: ()) }

  /// - Returns: Nil for a moment that no calendar holds.
  init?(milliseconds: Int64) {
    self.init(seconds: time_t(milliseconds / 1000))
  }

  private init?(seconds: time_t) {
    var seconds = seconds
    var parts = tm()
    guard localtime_r(&seconds, &parts) != nil else { return nil }
    day = Day(
      year: Int(parts.tm_year) + 1900, month: Int(parts.tm_mon) + 1, day: Int(parts.tm_mday))
    text = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { Self.two(Int($0)) }
      .joined(separator: ":")
  }

  private init(epoch: Void) {
    day = Day(year: 1970, month: 1, day: 1)
    text = "00:00:00"
  }

  fileprivate static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
