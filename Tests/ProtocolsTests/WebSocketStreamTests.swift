import PacketCore
import Testing

@testable import Protocols

@Suite struct WebSocketStreamTests {
  private typealias Octets = WebSocketOctets

  @Test func everyLengthClassBothSides() {
    for count in [0, 1, 125, 126, 127, 65535, 65536, 100_000] {
      for side in [Side.client, .server] {
        let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0 % 95 + 32) }
        for first: UInt8 in [0x81, 0x82] {
          var feed = WebSocketFeed()
          feed.feed(
            Octets.frame(first, payload, key: side == .client ? Octets.key : nil), from: side)
          #expect(feed.messages.count == 1)
          #expect(feed.messages.first?.content == payload)
          #expect(feed.messages.first?.opcode.rawValue == first & 15)
          #expect(feed.findings == [])
        }
      }
    }
  }

  @Test func fragmentsWithAPingBetween() {
    var feed = WebSocketFeed()
    feed.feed(
      Octets.frame(0x01, Array("Hel".utf8)) + Octets.frame(0x89, [1, 2])
        + Octets.frame(0x00, Array("l".utf8)) + Octets.frame(0x80, Array("o".utf8)))
    #expect(feed.messages.map(\.opcode) == [.ping, .text])
    #expect(feed.messages.last?.content == Array("Hello".utf8))
    #expect(feed.messages.last?.fragments == 3)
    #expect(feed.parts.count == 2)
    #expect(feed.findings == [])
    #expect(
      feed.lines == [
        "WebSocket Text \"Hel\" [fragment]", "WebSocket Ping 2 bytes",
        "WebSocket Continuation 1 byte [fragment]", "WebSocket Text \"Hello\" [fragmented ×3]",
      ])
  }

  @Test func whatFollowsAMessage() {
    func type(_ text: String, engineIO: Bool = false, known: Bool = true) -> PayloadType? {
      var feed = WebSocketFeed(known ? WebSocketNegotiation(isEngineIO: engineIO) : nil)
      feed.feed(Octets.text(text))
      return feed.messages.first?.type
    }
    #expect(type("42[\"message\"]", engineIO: true) == .engineIO)
    #expect(type("hello", engineIO: true) == .engineIO)
    #expect(type("42[\"message\"]") == .nothing)
    #expect(type("42[\"message\"]", known: false) == .engineIO)
    #expect(type("2probe", known: false) == .engineIO)
    #expect(type("4 apples", known: false) == .nothing)
    #expect(type("{\"a\":1}") == .json)
    #expect(type("[1]") == .json)
    #expect(type("hello") == .nothing)
    #expect(type("gAAAAAB" + String(repeating: "a", count: 93)) == .fernet)
    #expect(type("gAAAAAB" + String(repeating: "a", count: 92)) == .nothing)
    #expect(type("gAAAAAB" + String(repeating: " ", count: 93)) == .nothing)
  }

  @Test func summaries() {
    var feed = WebSocketFeed()
    feed.feed(Octets.text("a\"\\\n\t\u{1}ä€😀\u{202e}\u{85}"))
    feed.feed(Octets.frame(0x88, [3, 0xe8] + Array("bye".utf8)))
    feed.feed(Octets.frame(0x88))
    feed.feed(Octets.frame(0x8b, [1]))
    feed.feed(Octets.frame(0x82, [1, 2, 3]))
    #expect(
      feed.lines == [
        "WebSocket Text \"a\\\"\\\\\\n\\t\\u0001ä€😀\\u202e\\u0085\"",
        "WebSocket Close 1000 \"bye\"", "WebSocket Close", "WebSocket Unknown Opcode 11 1 byte",
        "WebSocket Binary 3 bytes",
      ])
  }
}
