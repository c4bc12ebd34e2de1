import PacketCore
import Testing

@testable import Protocols

/// Every MUST that somebody who looks on can check: the finding, and the endpoint's close code.
@Suite struct WebSocketRuleTests {
  private typealias Octets = WebSocketOctets

  struct Case: Sendable {
    var rule: WebSocketRule
    var octets: [UInt8]
    var side = Side.client
    var code: UInt16 = 1002
  }

  static let cases: [Case] = [
    Case(rule: .unmaskedClient, octets: Octets.text("a", key: nil)),
    Case(rule: .maskedServer, octets: Octets.text("a"), side: .server),
    Case(rule: .reservedBits, octets: Octets.frame(0xa1, [0x61])),
    Case(rule: .reservedBits, octets: Octets.frame(0x92, [0x61])),
    Case(rule: .reservedBits, octets: Octets.frame(0xc9)),
    Case(rule: .notNegotiated, octets: Octets.frame(0xc1, [0x61])),
    Case(rule: .reservedOpcode, octets: Octets.frame(0x83, [0x61])),
    Case(rule: .reservedOpcode, octets: Octets.frame(0x87)),
    Case(rule: .reservedOpcode, octets: Octets.frame(0x8b)),
    Case(rule: .reservedOpcode, octets: Octets.frame(0x8f)),
    Case(rule: .fragmentedControl, octets: Octets.frame(0x09)),
    Case(rule: .longControl, octets: Octets.frame(0x89, Array(repeating: 0, count: 126))),
    Case(rule: .shortClose, octets: Octets.frame(0x88, [3])),
    Case(rule: .closeCode, octets: Octets.frame(0x88, [0x03, 0xed])),
    Case(rule: .closeCode, octets: Octets.frame(0x88, [0x03, 0xec])),
    Case(rule: .closeCode, octets: Octets.frame(0x88, [0, 0])),
    Case(rule: .closeCode, octets: Octets.frame(0x88, [0x13, 0x88])),
    Case(rule: .closeReason, octets: Octets.frame(0x88, [3, 0xe8, 0xff]), code: 1007),
    Case(rule: .text, octets: Octets.frame(0x81, [0xff]), code: 1007),
    Case(rule: .text, octets: Octets.frame(0x81, [0xe2, 0x82]), code: 1007),
    Case(
      rule: .text, octets: Octets.frame(0x01, [0xe2]) + Octets.frame(0x80, [0x28]), code: 1007),
    Case(rule: .continuationWithoutStart, octets: Octets.frame(0x80, [0x61])),
    Case(
      rule: .messageInsideMessage, octets: Octets.frame(0x01, [0x61]) + Octets.frame(0x81, [0x62])),
    Case(rule: .afterClose, octets: Octets.frame(0x88) + Octets.text("late")),
    Case(rule: .lengthNotMinimal, octets: Octets.frame(0x82, [1, 2], lengthOctets: 2)),
    Case(
      rule: .lengthNotMinimal,
      octets: Octets.frame(0x82, Array(repeating: 0, count: 200), lengthOctets: 8)),
    Case(
      rule: .lengthTopBit, octets: [0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6]),
  ]

  @Test(arguments: cases.indices) func isFoundByBoth(_ index: Int) {
    let one = Self.cases[index]
    var feed = WebSocketFeed()
    feed.feed(one.octets, from: one.side)
    #expect(feed.findings.contains(one.rule.kind.name), "\(one.rule): \(feed.findings)")
    if one.rule != .lengthTopBit { #expect(feed.findings.count == 1, "\(feed.findings)") }
    let receiver = WebSocketReceiver(from: one.side)
    receiver.take(one.octets)
    var thrown: WebSocketRule?
    do { while try receiver.next() != nil {} } catch { thrown = error }
    #expect(thrown == one.rule)
    #expect(thrown?.closingCode == one.code)
  }

  @Test func namesAreApart() {
    let names = WebSocket.schema.findings.map(\.name)
    #expect(Set(names).count == names.count)
    #expect(names.allSatisfy { $0.hasPrefix("websocket.") })
  }

  @Test func whatIsAllowedIsNotFound() {
    for code in [1000, 1003, 1007, 1014, 3000, 3999, 4000, 4999] {
      var feed = WebSocketFeed()
      feed.feed(Octets.frame(0x88, [UInt8(code >> 8), UInt8(code & 255)] + Array("ä".utf8)))
      #expect(feed.findings == [], "\(code)")
      #expect(feed.stream.closing?.code == UInt16(code))
    }
    var feed = WebSocketFeed()
    // A ping after a Close frame is no data; the roles are not known; other extensions may set RSV2.
    feed.feed(Octets.frame(0x88) + Octets.frame(0x89))
    #expect(feed.findings == [])
    feed = WebSocketFeed()
    feed.sideIsKnown = false
    feed.feed(Octets.text("a", key: nil))
    #expect(feed.findings == [])
    feed = WebSocketFeed(WebSocketNegotiation(hasOtherExtensions: true))
    feed.feed(Octets.frame(0xa1, [0x61]))
    #expect(feed.findings == [])
  }

  @Test func closing() {
    var feed = WebSocketFeed()
    feed.feed(Octets.frame(0x88, [3, 0xe9] + Array("bye".utf8)))
    #expect(
      feed.stream.closing
        == StreamClosing(side: .client, code: 1001, reason: "bye", isAnswered: false))
    feed.feed(Octets.frame(0x88, [3, 0xe9], key: nil), from: .server)
    #expect(feed.stream.closing?.isAnswered == true)
  }

  @Test func whatFollowsCloseAndIsNoFrame() {
    var feed = WebSocketFeed()
    feed.feed(Octets.frame(0x88, [3, 0xe8], key: nil), from: .server)
    feed.feed(Array("<!DOCTYPE HTML>".utf8), from: .server)
    #expect(feed.isLost)
    #expect(feed.findings == ["websocket.after_close"])
    #expect(feed.messages.count == 1)
  }

  @Test func tooLongIsPassedOver() {
    var limits = Limits()
    limits.messageOctets = 1000
    var feed = WebSocketFeed(limits: limits)
    let long = Octets.frame(0x82, [UInt8](repeating: 7, count: 5000))
    for start in stride(from: 0, to: long.count, by: 600) {
      feed.feed(Array(long[start..<min(start + 600, long.count)]))
    }
    feed.feed(Octets.text("next"))
    #expect(feed.findings == ["websocket.too_long"])
    #expect(feed.messages.count == 2)
    #expect(feed.messages.first?.isReadable == false)
    #expect(feed.messages.last?.content == Array("next".utf8))
    // The same behind frames about which there was nothing special.
    feed = WebSocketFeed(limits: limits)
    feed.feed(Octets.text("one") + Octets.text("another"))
    for start in stride(from: 0, to: long.count, by: 600) {
      feed.feed(Array(long[start..<min(start + 600, long.count)]))
    }
    feed.feed(Octets.text("next"))
    #expect(feed.findings == ["websocket.too_long"])
    #expect(feed.messages.map(\.isReadable) == [true, true, false, true])
    // All in one piece, and in one with what follows.
    for pieces in [[long, Octets.text("next")], [long + Octets.text("next")]] {
      feed = WebSocketFeed(limits: limits)
      for piece in [Octets.text("one")] + pieces { feed.feed(piece) }
      #expect(feed.findings == ["websocket.too_long"])
      #expect(feed.messages.map(\.isReadable) == [true, false, true])
      #expect(feed.messages.last?.content == Array("next".utf8))
    }
    // The same in fragments.
    feed = WebSocketFeed(limits: limits)
    feed.feed(Octets.frame(0x02, [UInt8](repeating: 7, count: 900)))
    feed.feed(Octets.frame(0x00, [UInt8](repeating: 7, count: 900)))
    feed.feed(Octets.frame(0x80, [1]))
    feed.feed(Octets.text("next"))
    #expect(feed.findings == ["websocket.too_long"])
    #expect(feed.messages.map(\.isReadable) == [false, true])
    let receiver = WebSocketReceiver(from: .client, limits: limits)
    receiver.take(Array(long.prefix(20)))
    #expect(throws: WebSocketRule.tooLong) { try receiver.next() }
    #expect(WebSocketRule.tooLong.closingCode == 1009)
  }

  @Test func gaps() {
    // Inside a payload whose length is known.
    var feed = WebSocketFeed()
    let frame = Octets.frame(0x82, [UInt8](repeating: 7, count: 100))
    feed.feed(Array(frame.prefix(50)))
    feed.gap(20)
    feed.feed(Array(frame.suffix(frame.count - 70)) + Octets.text("next"))
    #expect(feed.messages.map(\.isReadable) == [false, true])
    #expect(feed.findings == ["websocket.missing"])
    // Up to the frame's end, exactly.
    feed = WebSocketFeed()
    feed.feed(Array(frame.prefix(50)))
    feed.gap(frame.count - 50)
    feed.feed(Octets.text("next"))
    #expect(feed.messages.map(\.content) == [Array("next".utf8)])
    #expect(feed.findings == ["websocket.missing"])
    // Where nothing is known: the next frame is looked for.
    feed = WebSocketFeed()
    feed.feed(Octets.text("one"))
    feed.gap(1000)
    feed.feed([1, 2, 3, 4, 5] + Octets.text("a text to be seen"))
    feed.feed(Octets.text("next"))
    #expect(feed.messages.suffix(2).map(\.content.count) == [17, 4])
    #expect(feed.findings == ["websocket.missing"])
    // A message in fragments with one missing.
    feed = WebSocketFeed()
    feed.feed(Octets.frame(0x01, Array("one".utf8)))
    feed.gap(9)
    feed.feed(Octets.text("after the gap"))
    #expect(feed.messages.map(\.content.count) == [13])
    #expect(!feed.findings.contains("websocket.message_inside_message"))
  }

  @Test func ends() {
    var feed = WebSocketFeed()
    feed.feed(Array(Octets.text("hello").prefix(8)))
    feed.end(.capture)
    #expect(feed.findings == [])
    feed.end(.fin)
    #expect(feed.findings == ["websocket.truncated"])
    feed = WebSocketFeed()
    feed.feed(Array(Octets.text("hello").prefix(8)), isLast: true)
    #expect(feed.findings == ["websocket.truncated"])
    #expect(feed.messages.count == 1)
    feed.end(.fin)
    #expect(feed.findings.count == 1)
    // A message in fragments without its last.
    feed = WebSocketFeed()
    feed.feed(Octets.frame(0x01, Array("one".utf8)))
    feed.end(.capture)
    #expect(feed.findings == [])
    feed.end(.rst)
    #expect(feed.findings == ["websocket.unfinished"])
  }

  @Test func whereTextEnds() {
    let table: [(octets: [UInt8], isText: Bool)] = [
      ([], true), ([0x7f], true), ([0x80], false), ([0xc2, 0x80], true), ([0xc1, 0x80], false),
      ([0xc0, 0x80], false), ([0xdf, 0xbf], true), ([0xc2, 0x20], false), ([0xc2], false),
      ([0xe0, 0xa0, 0x80], true), ([0xe0, 0x9f, 0xbf], false), ([0xed, 0x9f, 0xbf], true),
      ([0xed, 0xa0, 0x80], false), ([0xee, 0x80, 0x80], true), ([0xef, 0xbf, 0xbf], true),
      ([0xe1, 0x80], false), ([0xf0, 0x90, 0x80, 0x80], true), ([0xf0, 0x8f, 0xbf, 0xbf], false),
      ([0xf4, 0x8f, 0xbf, 0xbf], true), ([0xf4, 0x90, 0x80, 0x80], false),
      ([0xf5, 0x80, 0x80, 0x80], false), ([0xf1, 0x80, 0x80], false), ([0xff], false),
    ]
    for (octets, isText) in table {
      for padding in [0, 7, 8, 9] {
        let all = [UInt8](repeating: 0x61, count: padding) + octets
        let found = UTF8Check.isText(all.span.bytes, 0..<all.count)
        #expect(found == isText, "\(octets)")
        var check = UTF8Check()
        for octet in all { check.take([octet].span.bytes, 0..<1) }
        #expect(check.isComplete == isText, "\(octets) by octets")
      }
    }
  }
}
