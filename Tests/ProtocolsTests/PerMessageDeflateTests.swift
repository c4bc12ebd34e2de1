import PacketCore
import Testing

@testable import Protocols

@Suite struct PerMessageDeflateTests {
  private typealias Octets = WebSocketOctets

  private static let texts: [String] = [
    "Hello", "Hello", "", "42[\"message\",{\"text\":\"hällo\"}]",
    String(repeating: "a long text that is repeated ", count: 300), "Hello",
    (0..<2000).map { "\($0 * 7919 % 1000)" }.joined(separator: ","), "Hello",
  ]

  /// Every window, with and without takeover, each direction: own sender, both readers.
  @Test(arguments: 8...15) func everyCombination(_ bits: Int) throws {
    for takesOver in [true, false] {
      for side in [Side.client, .server] {
        for fragment in [Int.max, 5] {
          let agreed = PerMessageDeflate(
            clientNoContextTakeover: side == .client && !takesOver,
            serverNoContextTakeover: side == .server && !takesOver,
            clientMaxWindowBits: side == .client ? bits : 15,
            serverMaxWindowBits: side == .server ? bits : 15)
          let sender = WebSocketSender(side: side, deflate: agreed, fragmentOctets: fragment) { 99 }
          let receiver = WebSocketReceiver(from: side, deflate: agreed)
          var feed = WebSocketFeed(WebSocketNegotiation(deflate: agreed))
          for text in Self.texts {
            let octets = sender.text(text)
            receiver.take(octets)
            #expect(try receiver.next() == .text(text))
            feed.feed(octets, from: side)
          }
          #expect(feed.findings == [])
          #expect(feed.messages.map(\.content) == Self.texts.map { Array($0.utf8) })
          #expect(feed.messages.allSatisfy { $0.compressed > 0 })
        }
      }
    }
  }

  private static func octets(_ hex: String) -> [UInt8] {
    var digits = hex[...]
    var octets: [UInt8] = []
    while let octet = UInt8(digits.prefix(2), radix: 16) {
      octets.append(octet)
      digits = digits.dropFirst(2)
    }
    return octets
  }

  /// Made by Python's zlib, the messages of one connection: with takeover, and without.
  @Test func whatOthersCompressed() {
    let texts = [
      "Hello", "Hello", "42[\"message\",{\"text\":\"hällo\"}]",
      "42[\"message\",{\"text\":\"hällo again\"}]", "",
    ]
    let makers: [(takesOver: Bool, messages: [String])] = [
      (
        true,
        [
          "f248cdc9c90700", "f200110000",
          "32318a56ca4d2d2e4e4c4f55d2a9562a49ad2851b252ca38bc0428a7541b0b00",
          "c227ad90989e989907540400", "00",
        ]
      ),
      (
        false,
        [
          "f248cdc9c90700", "f248cdc9c90700",
          "32318a56ca4d2d2e4e4c4f55d2a9562a49ad2851b252ca38bc2427275fa9361600",
          "32318a56ca4d2d2e4e4c4f55d2a9562a49ad2851b252ca38bc2427275f21313d31334fa9361600", "00",
        ]
      ),
    ]
    for (takesOver, messages) in makers {
      for known in [true, false] {
        let agreed = PerMessageDeflate(clientNoContextTakeover: !takesOver)
        var feed = WebSocketFeed(known ? WebSocketNegotiation(deflate: agreed) : nil)
        for message in messages { feed.feed(Octets.frame(0xc1, Self.octets(message))) }
        #expect(feed.findings == [])
        #expect(feed.messages.map(\.content) == texts.map { Array($0.utf8) })
        #expect(
          feed.lines.first == "WebSocket Text \"Hello\" [compressed 7→5]", "\(feed.lines)")
      }
    }
  }

  /// RFC 7692 section 7.2.3: "Hello" in other ways.
  @Test func examplesOfTheStandard() {
    let ways = [
      "f248cdc9c90700", "000500faff48656c6c6f00", "f348cdc9c9070000", "f348cdc9c90700",
      "f248050000 00ffffcac9c90700".replacing(" "),
    ]
    for way in ways {
      var feed = WebSocketFeed(WebSocketNegotiation(deflate: PerMessageDeflate()))
      // Twice, the second time referring to the first where a dictionary survives the end.
      feed.feed(Octets.frame(0xc1, Self.octets(way)))
      feed.feed(Octets.frame(0xc1, Self.octets("f200110000")))
      #expect(feed.findings == [], "\(way)")
      #expect(feed.messages.map(\.content) == Array(repeating: Array("Hello".utf8), count: 2))
    }
  }

  @Test func damage() {
    let agreed = PerMessageDeflate()
    var feed = WebSocketFeed(WebSocketNegotiation(deflate: agreed))
    feed.feed(Octets.frame(0xc1, [0xff, 0xff, 0xff]))
    #expect(feed.findings == ["websocket.inflate_error"])
    #expect(feed.messages.first?.isReadable == false)
    // What refers to a message that is not known says so, what does not is read.
    feed.feed(Octets.frame(0xc1, Self.octets("f200110000")))
    #expect(feed.findings.last == "websocket.lost_context")
    feed.feed(Octets.frame(0xc1, Self.octets("f248cdc9c90700")))
    #expect(feed.messages.last?.content == Array("Hello".utf8))
    feed.feed(Octets.frame(0xc1, Self.octets("f200110000")))
    #expect(feed.messages.last?.content == Array("Hello".utf8))
    #expect(feed.findings.count == 2)
    // Cut inside a block.
    feed = WebSocketFeed(WebSocketNegotiation(deflate: agreed))
    feed.feed(Octets.frame(0xc1, [0xf2, 0x48]))
    #expect(feed.findings == ["websocket.inflate_error"])
    // Not UTF-8 once inflated.
    feed = WebSocketFeed(WebSocketNegotiation(deflate: agreed))
    let sender = WebSocketSender(side: .client, deflate: agreed) { 1 }
    feed.feed(sender.message(.text, [0xff, 0xfe]))
    #expect(feed.findings == ["websocket.text_not_utf8"])
    // RSV1 on a continuation.
    feed = WebSocketFeed(WebSocketNegotiation(deflate: agreed))
    feed.feed(Octets.frame(0x41, [0xf2, 0x48]) + Octets.frame(0xc0, [0xcd, 0xc9, 0xc9, 7, 0]))
    #expect(feed.findings == ["websocket.reserved_bits"])
    #expect(feed.lines.first == "WebSocket Text 2 bytes [fragment]")
    #expect(feed.lines.last == "WebSocket Text \"Hello\" [compressed 7→5] [fragmented ×2]")
    #expect(feed.messages.last?.content == Array("Hello".utf8))
    // After a gap.
    feed = WebSocketFeed(WebSocketNegotiation(deflate: agreed))
    feed.feed(Octets.frame(0xc1, Self.octets("f248cdc9c90700")))
    feed.gap(10)
    feed.feed(Octets.frame(0xc1, Self.octets("f200110000")))
    #expect(feed.findings == ["websocket.missing", "websocket.lost_context"])
  }

  /// A megabyte that inflates to a gigabyte.
  @Test func bomb() throws {
    let agreed = PerMessageDeflate()
    let deflation = PerMessageDeflation(windowBits: 15, takesOver: true, level: 9)
    let zeros = [UInt8](repeating: 0, count: 1 << 20)
    // Each part refers to zeros only, of which there are enough before all but the first.
    let part = try #require(deflation.deflate(zeros)) + [0, 0, 0xff, 0xff]
    let next = try #require(deflation.deflate(zeros)) + [0, 0, 0xff, 0xff]
    var bomb = part
    while bomb.count < 1 << 20 { bomb += next }
    var feed = WebSocketFeed(WebSocketNegotiation(deflate: agreed))
    feed.feed(Octets.frame(0xc2, bomb))
    #expect(feed.findings == ["websocket.inflated_too_long"])
    #expect(feed.messages.first?.isReadable == false)
    #expect(feed.stream.heldOctets < 200_000)
    feed.feed(Octets.frame(0xc1, Self.octets("f200110000")))
    #expect(feed.findings.last == "websocket.lost_context")
    let receiver = WebSocketReceiver(from: .client, deflate: agreed)
    receiver.take(Octets.frame(0xc2, bomb))
    #expect(throws: WebSocketRule.inflatedTooLong) { try receiver.next() }
  }

  /// A stream counts what it keeps: between plain messages nothing, but for what inflates.
  @Test func whatIsHeldIsCounted() {
    var feed = WebSocketFeed(nil)
    for side in [Side.client, .server, .client, .server] {
      feed.feed(Octets.frame(0x81, [0x48, 0x69], key: side == .client ? 7 : nil), from: side)
    }
    #expect(feed.stream.heldOctets == 0)
    feed.feed(Octets.frame(0x01, [0x48, 0x69, 0x21]))
    #expect(feed.stream.heldOctets >= 3)
    feed.feed(Octets.frame(0x80, [0x48]))
    #expect(feed.stream.heldOctets == 0)
    // The handshake was not captured: it may be compression all the same, and is kept with its window.
    feed.feed(Octets.frame(0xc1, Self.octets("f248cdc9c90700"), key: nil), from: .server)
    for side in [Side.client, .server, .client, .server] {
      feed.feed(Octets.frame(0x81, [0x48, 0x69], key: side == .client ? 7 : nil), from: side)
      #expect(feed.stream.heldOctets > 32_768)
    }
  }

  @Test func theCapIsExact() {
    for size in [1, 100, 4096, 4097, 20000] {
      let agreed = PerMessageDeflate()
      let message = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
      for (limit, isRead) in [(size - 1, size == 1), (size, true), (size + 1, true)] {
        var limits = Limits()
        limits.inflatedOctets = limit
        let sender = WebSocketSender(side: .server, deflate: agreed) { 0 }
        var feed = WebSocketFeed(WebSocketNegotiation(deflate: agreed), limits: limits)
        feed.feed(sender.binary(message), from: .server)
        #expect(feed.findings.isEmpty == isRead, "\(size) in \(limit): \(feed.findings)")
        #expect(feed.messages.first?.isReadable == isRead)
      }
    }
  }

  @Test func headers() {
    func names(_ header: String) -> [String]? { WebSocketExtension.parse(header)?.map(\.text) }
    #expect(names("permessage-deflate") == ["permessage-deflate"])
    #expect(names(" a , ,b; c ;d=1;e=\"2\" ") == ["a", "b; c; d=1; e=2"])
    for bad in [
      "", ",", ";", "a;", "a b", "a;b=", "a;b=\"", "a;b=\"\"", "a;b=\"c d\"", "a;=1", "ä",
    ] {
      #expect(names(bad) == nil, "\(bad)")
    }
  }

  @Test func offersAndAnswers() {
    let all = PerMessageDeflate(
      clientNoContextTakeover: true, serverNoContextTakeover: true, clientMaxWindowBits: 10,
      serverMaxWindowBits: 9)
    #expect(
      all.answer.text == "permessage-deflate; server_no_context_takeover; "
        + "client_no_context_takeover; server_max_window_bits=9; client_max_window_bits=10")
    #expect(PerMessageDeflate().offer.text == "permessage-deflate; client_max_window_bits")
    #expect(PerMessageDeflate.accept(all.offer.text) == all)
    #expect(PerMessageDeflate.accept(PerMessageDeflate().offer.text) == PerMessageDeflate())
    #expect(PerMessageDeflate.accept("permessage-deflate", wish: all)?.clientMaxWindowBits == 15)
    #expect(PerMessageDeflate.accept("x; y, permessage-deflate; server_max_window_bits=7") == nil)
    #expect(
      PerMessageDeflate.accept("permessage-deflate; x, permessage-deflate")
        == PerMessageDeflate())
    let audit = WebSocketExtensionAudit(offer: all.offer.text, answer: all.answer.text)
    #expect(audit.deflate == all)
    #expect(audit.offerProblems == [] && audit.answerProblems == [])
  }

  @Test func wrongAnswers() {
    let name = "permessage-deflate"
    func problems(_ offer: String?, _ answer: String) -> [WebSocketExtensionProblem] {
      WebSocketExtensionAudit(offer: offer, answer: answer).answerProblems
    }
    #expect(problems(nil, name) == [.notOffered(name)])
    #expect(problems(name, name + ", " + name) == [.answeredTwice(name)])
    #expect(problems(name, name + "; ") == [.malformed])
    #expect(problems(name, name + "; x=1") == [.unknown("x")])
    let twice = name + "; server_no_context_takeover; server_no_context_takeover"
    #expect(problems(name, twice) == [.duplicate("server_no_context_takeover")])
    for value in ["7", "16", "08", "", "x"] {
      let answer = name + "; server_max_window_bits" + (value.isEmpty ? "" : "=" + value)
      #expect(problems(name, answer) == [.value("server_max_window_bits")], "\(value)")
    }
    #expect(
      problems(name, name + "; client_no_context_takeover=1")
        == [.value("client_no_context_takeover")])
    #expect(
      problems(name, name + "; client_max_window_bits=10") == [.ignored("client_max_window_bits")])
    #expect(
      problems(name + "; client_max_window_bits=9", name + "; client_max_window_bits=10")
        == [.ignored("client_max_window_bits")])
    #expect(
      problems(name + "; server_no_context_takeover", name)
        == [.ignored("server_no_context_takeover")])
    #expect(
      problems(name + "; server_max_window_bits=10", name) == [.ignored("server_max_window_bits")])
    #expect(problems(name + "; server_max_window_bits=10, " + name, name) == [])
    #expect(
      WebSocketExtensionAudit(offer: name + "; server_max_window_bits", answer: nil).offerProblems
        == [.value("server_max_window_bits")])
  }
}

extension String {
  /// Without a character.
  fileprivate func replacing(_ character: Character) -> String { filter { $0 != character } }
}
