import PacketCore
import Testing

@testable import Protocols

/// The reader of the common event and the general one say the same of every text that the first takes.
@Suite struct SocketIOPlainEventTests {
  private struct Both {
    var plain: [UInt8]
    var general: [UInt8]
    /// The common form was recognised.
    var isPlain: Bool
  }

  private static func octets(_ content: SocketIOContent) -> [UInt8] {
    // Every field, named: padding between them is nobody's.
    let numbers: [UInt32] = [
      content.event.start, content.event.count, content.arguments.start, content.arguments.count,
      content.value.start, content.value.count, content.argumentCount, content.faultOffset,
      UInt32(content.defect.rawValue), UInt32(content.fault.rawValue), content.isContainer ? 1 : 0,
      content.hasToken ? 1 : 0, content.chat.room.start, content.chat.room.count,
      content.chat.sender.start, content.chat.sender.count, content.chat.text.start,
      content.chat.text.count, content.chat.member.start, content.chat.member.count,
      UInt32(content.chat.kind.rawValue),
    ]
    return numbers.flatMap { number in
      (0..<4).map { UInt8(truncatingIfNeeded: number >> UInt32(8 * $0)) }
    }
  }

  /// Reads `text` behind some other octets, and with some behind it, in both ways.
  private static func read(_ text: String) -> Both {
    let octets = Array("xxx42".utf8) + Array(text.utf8) + Array("yyyyyyyyy".utf8)
    let range = 5..<5 + text.utf8.count
    let bytes = octets.span.bytes
    let layer = SocketIO(.event)
    var probe = SocketIOContent()
    let isPlain = probe.readPlain(bytes, range)
    return Both(
      plain: Self.octets(SocketIOContent(layer, bytes, range)),
      general: Self.octets(SocketIOContent(layer, bytes, range, isPlainTried: false)),
      isPlain: isPlain)
  }

  @Test(arguments: [
    #"["message",{"sender":"Ahmad","message":"hi"}]"#,
    #"["message",{"user":"u1","room":"lobby","seq":7,"text":"hello there","ts":1700000000001}]"#,
    #"["join",{"user":"u1","room":"ABCDEF"}]"#, #"["connect",{"a":"b"}]"#, #"["m",{"a":12}]"#,
    #"["message",{"sender":"","message":"(Zoe) entered the chat"}]"#,
  ]) func theCommonFormIsTaken(_ text: String) {
    let both = Self.read(text)
    #expect(both.isPlain)
    #expect(both.plain == both.general)
  }

  @Test func theSameIsSaidOfEveryText() {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SeededGenerator(seed: seed)
    let words = [
      "message", "join", "left", "error", "user", "sender", "room", "text", "a", "", "disconnect",
      "gAAAAABk" + String(repeating: "Q", count: 100), "x\\n", "\u{e9}", "\u{1}",
      "long " + String(repeating: "z", count: 70),
    ]
    var taken = 0
    for _ in 0..<20_000 {
      func string() -> String { "\"" + (words.randomElement(using: &random) ?? "") + "\"" }
      var members: [String] = []
      for _ in 0..<Int.random(in: 0...5, using: &random) {
        let value: String
        switch Int.random(in: 0..<12, using: &random) {
        case 0: value = "\(Int.random(in: -3...120, using: &random))"
        case 1:
          value =
            ["true", "null", "01", "1.5", "{}", "[1]", "1e3", "0"].randomElement(using: &random)
            ?? "0"
        default: value = string()
        }
        members.append(string() + ":" + value)
      }
      var text = "[" + string() + ",{" + members.joined(separator: ",") + "}]"
      // Damage: an octet lost, doubled or changed.
      if Int.random(in: 0..<3, using: &random) == 0 {
        var octets = Array(text.utf8)
        let at = Int.random(in: 0..<octets.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: octets.remove(at: at)
        case 1: octets.insert(octets[at], at: at)
        default: octets[at] = Array(#",:{}[]"0 a\"#.utf8).randomElement(using: &random) ?? 0
        }
        text = String(decoding: octets, as: UTF8.self)
      }
      let both = Self.read(text)
      if both.isPlain { taken += 1 }
      #expect(both.plain == both.general, "seed \(seed): \(text)")
    }
    #expect(taken > 3_000, "seed \(seed)")
  }
}
