import PacketCore
import Testing

@testable import Protocols

@Suite struct WebSocketCodecTests {
  private typealias Octets = WebSocketOctets

  @Test func maskingIsItsOwnInverse() {
    var lots = Lots(state: 7)
    for count in Array(0...130) + [1000] {
      for phase in 0..<5 {
        let key = UInt32.random(in: .min ... .max, using: &lots)
        let octets = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &lots) }
        var masked = octets
        WebSocketMasking.apply(key, to: &masked, phase: phase)
        for (index, octet) in octets.enumerated() {
          let shift = UInt32(24 - (index + phase) % 4 * 8)
          #expect(masked[index] == octet ^ UInt8(truncatingIfNeeded: key >> shift))
        }
        // The same from one place to another, which tells whether what comes out is ASCII.
        var copy = [UInt8](repeating: 0, count: count)
        let isASCII = copied(octets, key, phase, to: &copy)
        #expect(isASCII == masked.allSatisfy { $0 < 0x80 })
        #expect(copy == masked)
        WebSocketMasking.apply(key, to: &masked, phase: phase)
        #expect(masked == octets)
        if let late = (0..<count).randomElement(using: &lots) {
          // One octet alone that is none.
          var text = [UInt8](repeating: 0x61, count: count)
          text[late] = 0x80
          WebSocketMasking.apply(key, to: &text, phase: phase)
          #expect(!copied(text, key, phase, to: &copy))
        }
      }
    }
  }

  private func copied(
    _ octets: [UInt8], _ key: UInt32, _ phase: Int, to copy: inout [UInt8]
  ) -> Bool {
    copy.withUnsafeMutableBytes {
      var place = $0.mutableBytes
      return WebSocketMasking.apply(
        key, from: octets.span.bytes, 0..<octets.count, to: &place, phase: phase)
    }
  }

  /// RFC 6455 section 5.7.
  @Test func examplesOfTheStandard() throws {
    let server = WebSocketSender(side: .server) { 0 }
    let client = WebSocketSender(side: .client) { 0x37fa_213d }
    #expect(server.text("Hello") == [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f])
    #expect(
      client.text("Hello")
        == [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58])
    server.fragmentOctets = 3
    #expect(
      server.text("Hello") == [0x01, 0x03, 0x48, 0x65, 0x6c, 0x80, 0x02, 0x6c, 0x6f])
    #expect(server.ping(Array("Hello".utf8)).prefix(2) == [0x89, 0x05])
    #expect(client.pong(Array("Hello".utf8)).prefix(2) == [0x8a, 0x85])
  }

  @Test func bothRolesEachOther() throws {
    for side in [Side.client, .server] {
      for fragment in [Int.max, 1, 7, 126] {
        let sender = WebSocketSender(side: side, fragmentOctets: fragment) { 0x0102_0304 }
        let receiver = WebSocketReceiver(from: side)
        let long = String(repeating: "ä€😀 ", count: 100)
        let octets =
          sender.text(long) + sender.ping([1]) + sender.binary([1, 2, 3])
          + sender.text("") + sender.close(4000, "ende")
        var events: [WebSocketReceiver.Event] = []
        for octet in octets {
          receiver.take([octet])
          while let event = try receiver.next() { events.append(event) }
        }
        #expect(
          events == [
            .text(long), .ping([1]), .binary([1, 2, 3]), .text(""),
            .close(code: 4000, reason: "ende"),
          ])
        #expect(sender.isClosed)
      }
    }
  }

  @Test func aReasonIsCutAtACharacter() throws {
    let frame = WebSocketSender(side: .server) { 0 }.close(1000, String(repeating: "€", count: 99))
    #expect(frame.count == 2 + 2 + 123)
    let receiver = WebSocketReceiver(from: .server)
    receiver.take(frame)
    #expect(
      try receiver.next() == .close(code: 1000, reason: String(repeating: "€", count: 41)))
  }

  private func frames(_ lots: inout Lots, from side: Side, deflate: PerMessageDeflate?) -> [UInt8] {
    let sender = WebSocketSender(side: side, deflate: deflate) { 0xa1b2_c3d4 }
    var octets: [UInt8] = []
    for _ in 0..<Int.random(in: 1...12, using: &lots) {
      sender.fragmentOctets = Bool.random(using: &lots) ? .max : .random(in: 1...40, using: &lots)
      let count = Int.random(in: 0...300, using: &lots)
      switch Int.random(in: 0...4, using: &lots) {
      case 0: octets += sender.ping([UInt8](repeating: 1, count: count % 126))
      case 1: octets += sender.binary((0..<count).map { UInt8(truncatingIfNeeded: $0) })
      case 2: octets += sender.text("42[\"message\",\(count)]")
      default:
        octets += sender.text(String(repeating: "häl😀lo ", count: count / 8))
      }
    }
    return octets + sender.close(1000, "")
  }

  /// Any segmentation of the same octets gives the same messages.
  @Test func anySegmentation() {
    let seed = UInt64.random(in: .min ... .max)
    print("WebSocketCodecTests.anySegmentation: seed \(seed)")
    var lots = Lots(state: seed)
    for round in 0..<60 {
      let side = round % 2 == 0 ? Side.client : .server
      let deflate = round % 3 == 0 ? nil : PerMessageDeflate()
      let octets = frames(&lots, from: side, deflate: deflate)
      let negotiation = WebSocketNegotiation(deflate: deflate)
      var whole = WebSocketFeed(negotiation)
      whole.feed(octets, from: side)
      #expect(whole.findings == [], "seed \(seed)")
      #expect(whole.waiting(side) == 0)
      for most in [1, 3, 50, 500] {
        var pieces = WebSocketFeed(negotiation)
        var at = 0
        while at < octets.count {
          let end = min(at + Int.random(in: 1...most, using: &lots), octets.count)
          pieces.feed(Array(octets[at..<end]), from: side)
          at = end
        }
        #expect(pieces.messages == whole.messages, "seed \(seed)")
        #expect(pieces.findings == [])
      }
    }
  }

  /// Random octets, every prefix, every changed bit: no trap, and what is claimed is there.
  @Test func hostileOctets() {
    let seed = UInt64.random(in: .min ... .max)
    print("WebSocketCodecTests.hostileOctets: seed \(seed)")
    var lots = Lots(state: seed)
    for round in 0..<40 {
      let deflate = round % 2 == 0 ? nil : PerMessageDeflate()
      let negotiation = round % 3 == 0 ? nil : WebSocketNegotiation(deflate: deflate)
      let good = Array(frames(&lots, from: .client, deflate: deflate).prefix(400))
      for _ in 0..<40 {
        var octets = good
        for _ in 0..<Int.random(in: 1...4, using: &lots) where !octets.isEmpty {
          let place = Int.random(in: octets.indices, using: &lots)
          octets[place] ^= 1 << UInt8.random(in: 0...7, using: &lots)
        }
        check(octets, negotiation, deflate, &lots)
        check(Array(octets.prefix(.random(in: 0...400, using: &lots))), negotiation, deflate, &lots)
      }
      let noise = (0..<300).map { _ in UInt8.random(in: .min ... .max, using: &lots) }
      check(noise, negotiation, deflate, &lots)
    }
  }

  private func check(
    _ octets: [UInt8], _ negotiation: WebSocketNegotiation?, _ deflate: PerMessageDeflate?,
    _ lots: inout Lots
  ) {
    var limits = Limits()
    limits.messageOctets = .random(in: 10...1000, using: &lots)
    limits.inflatedOctets = .random(in: 1...1000, using: &lots)
    var feed = WebSocketFeed(negotiation, limits: limits)
    let cut = octets.isEmpty ? 0 : Int.random(in: 0..<octets.count, using: &lots)
    feed.feed(Array(octets[..<cut]))
    if Bool.random(using: &lots) { feed.gap(.random(in: 1...500, using: &lots)) }
    feed.feed(Array(octets[cut...]), isLast: Bool.random(using: &lots))
    feed.end(.fin)
    let receiver = WebSocketReceiver(from: .client, deflate: deflate, limits: limits)
    receiver.take(octets)
    do { while try receiver.next() != nil {} } catch {}
  }

  @Test func recognition() {
    func recognise(_ octets: [UInt8], mid: Bool = true, isLast: Bool = false) -> StreamRecognition {
      WebSocketStream.recognise(
        octets.span.bytes,
        StreamChunk(
          range: 0..<octets.count, side: .client, sideIsKnown: false, isMidStream: mid,
          isLast: isLast))
    }
    #expect(recognise(Octets.text("2")) == .yes(.client))
    #expect(recognise(Octets.text("2", key: nil)) == .yes(.server))
    #expect(recognise(Octets.text("2"), mid: false) == .no)
    #expect(recognise(Octets.frame(0x82, [1, 2, 3])) == .yes(.client))
    #expect(recognise(Octets.frame(0x89) + Octets.text("hello")) == .yes(.client))
    #expect(recognise(Octets.text("a") + Octets.text("b", key: nil)) == .no)
    #expect(recognise(Array(Octets.text("hello").prefix(1))) == .perhaps)
    #expect(recognise(Array(Octets.text("hello").prefix(8))) == .perhaps)
    #expect(recognise(Array(Octets.text("hello").prefix(8)), isLast: true) == .no)
    #expect(
      recognise(Array(Octets.text(String(repeating: "abc ", count: 10)).prefix(40)))
        == .yes(.client))
    #expect(recognise(Array("GET / HTTP/1.1\r\n".utf8)) == .no)
    #expect(recognise([0x16, 3, 1, 0, 5, 1, 2, 3, 4, 5]) == .no)
    #expect(recognise([0x00, 0x03, 1, 2, 3]) == .no)
    #expect(recognise(Octets.frame(0x81, [1, 2, 3])) == .no)
    var lots = Lots(state: 1)
    var taken = 0
    for _ in 0..<20_000 {
      let octets = (0..<Int.random(in: 1...200, using: &lots)).map { _ in
        UInt8.random(in: .min ... .max, using: &lots)
      }
      if case .yes = recognise(octets) { taken += 1 }
    }
    #expect(taken < 5)
  }
}
