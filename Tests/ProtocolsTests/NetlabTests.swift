import Cryptography
import PacketCore
import Testing

@testable import Protocols

/// The exchange's own segments, recognised, counted and read.
@Suite struct NetlabTests {
  private static let first: UInt32 = 0xffff_ffc0
  private let key: FernetKey
  private let cipher: FernetCipher

  init() throws {
    key = try #require(FernetKey.generate())
    cipher = try #require(FernetCipher(key))
  }

  /// A walk through one exchange between 10.0.0.1:12345 and 10.0.0.2:5000.
  private struct Exchange: ~Copyable {
    var walk: Walk
    var frame: [UInt8] = []

    init(keys: [FernetKey] = [], limits: Limits = Limits()) {
      walk = Walk(limits: limits)
      walk.dissector.memory(of: Fernet.self)?.keys = keys
    }

    /// Takes a segment and gives the Info column.
    mutating func take(
      _ payload: [UInt8], back: Bool = false, seq: UInt32, ack: UInt32 = 0,
      flags: TCPFlags = [.psh, .ack], options: [UInt8] = [], spoiled: Bool = false, cut: Int = 0
    ) -> String {
      let tcp = TCP(
        sourcePort: back ? 5_000 : 12_345, destinationPort: back ? 12_345 : 5_000, sequence: seq,
        acknowledgment: ack, flags: flags, window: 65_535, options: options)
      frame = TCPBench.packet(
        tcp, data: payload, from: back ? TCPBench.server : TCPBench.client,
        to: back ? TCPBench.client : TCPBench.server)
      if spoiled { frame[36] ^= 0xdd }
      let length = frame.count
      frame.removeLast(cut)
      walk.take(
        frame,
        FrameHeader(
          time: Timestamp(seconds: 1_700_000_000, nanoseconds: 0), capturedLength: frame.count,
          originalLength: length, linkType: .raw))
      return walk.summary(of: frame).info
    }

    /// The layers from TCP on.
    var names: [String] {
      walk.dissection.layers.map { $0.type.description.name }.drop { $0 != "tcp" }.map { $0 }
    }

    /// A field's value; nil when the packet has none.
    func value(_ name: String) -> FieldValue? {
      for record in walk.dissection.layers where record.is(Netlab.self) {
        for item in walk.fields(of: record, frame: frame) where item.field.name == name {
          return item.value
        }
      }
      return nil
    }
  }

  private func token(_ text: String = "some octets") -> [UInt8] {
    cipher.seal(Array(text.utf8).span.bytes, time: 1_700_000_000) ?? []
  }

  private func token(_ message: CraftedMessage) -> [UInt8] {
    cipher.seal(message.json.span.bytes, time: 1_700_000_000) ?? []
  }

  // MARK: Without the key

  @Test func triesAreCountedByEqualNumbers() {
    var exchange = Exchange()
    let token = token()
    let length = UInt32(token.count)
    let start = "netlab MESSAGE seq=4294967232 try"
    #expect(exchange.take(token, seq: Self.first, spoiled: true) == "\(start) 1 len=100 damaged")
    #expect(exchange.walk.dissection.findings.map(\.kind.name).contains("tcp.checksum_bad.expert"))
    #expect(exchange.value("netlab.damaged") == .boolean(true))
    let answer = self.token("bad")
    #expect(
      exchange.take(answer, back: true, seq: 77, ack: Self.first)
        == "netlab RESEND seq=4294967232 [frame 1]")
    #expect(exchange.value("netlab.try") == nil)
    #expect(exchange.take(token, seq: Self.first) == "\(start) 2 len=100")
    #expect(exchange.value("netlab.damaged") == .boolean(false))
    #expect(exchange.value("netlab.try") == .unsigned(2))
    #expect(exchange.value("netlab.first") == .unsigned(1))
    #expect(exchange.walk.dissection.findings.map(\.kind.name).contains("netlab.retry"))
    #expect(
      exchange.take(answer, back: true, seq: 77, ack: Self.first &+ length)
        == "netlab ACK seq=4294967232 [frame 3]")
    // The number has wrapped around.
    #expect(Self.first &+ length < Self.first)
    #expect(
      exchange.take(token, seq: Self.first &+ length)
        == "netlab MESSAGE seq=\(Self.first &+ length) try 1 len=100")
    #expect(
      exchange.take(
        answer, back: true, seq: 99, ack: Self.first &+ 2 &* length, flags: [.fin, .psh, .ack])
        == "netlab REFUSED seq=\(Self.first &+ length) [frame 5]")
    #expect(exchange.take(answer, back: true, seq: 99, ack: 5) == "netlab ANSWER")
    #expect(exchange.value("netlab.kind") == .unsigned(4))
    #expect(exchange.value("netlab.answers") == nil)
  }

  @Test func eachTryIsAMessageOfItsOwn() throws {
    for isAnalysing in [true, false] {
      var exchange = Exchange()
      exchange.walk.dissector.memory(of: TCP.self)?.isAnalysing = isAnalysing
      let token = token()
      for isSpoiled in [true, true, false] {
        _ = exchange.take(token, seq: 1, spoiled: isSpoiled)
        #expect(exchange.walk.dissection.messages.count == 1)
        let message = try #require(exchange.walk.dissection.messages.first)
        #expect(message.isWhole && message.isInOneFrame)
        #expect(message.octets == token.count)
        #expect(message.stream.side == .client)
        #expect(message.stream.sourcePort == 12_345)
        #expect(exchange.names == ["tcp", "netlab", "fernet"])
        #expect(message.layers == 4..<6, "\(message.layers)")
        #expect(message.speaker == 4)
      }
      _ = exchange.take(token, back: true, seq: 1, ack: 1)
      #expect(exchange.walk.dissection.messages.first?.stream.side == .server)
      #expect(exchange.walk.dissection.verdicts.isEmpty)
    }
  }

  /// Where one part ends and the next begins, an acknowledgment number means either.
  @Test func severalPartsUnderWay() {
    var exchange = Exchange()
    let token = token()
    let length = UInt32(token.count)
    for part in 0..<3 as Range<UInt32> { _ = exchange.take(token, seq: part &* length) }
    func kind(_ ack: UInt32) -> String {
      String(exchange.take(token, back: true, seq: 1, ack: ack).prefix { $0 != "=" })
    }
    #expect(kind(length) == "netlab ACK seq")
    #expect(kind(length) == "netlab RESEND seq")
    #expect(kind(3 &* length) == "netlab ACK seq")
    _ = exchange.take(token, seq: length)
    #expect(kind(2 &* length) == "netlab ACK seq")
    // The first one again, its acknowledgment being lost.
    _ = exchange.take(token, seq: 0)
    #expect(kind(length) == "netlab ACK seq")
  }

  @Test func anAnswerThatComesFirstIsNoMessage() {
    var exchange = Exchange()
    let token = token()
    #expect(
      exchange.take(token, back: true, seq: 1, ack: 5, flags: [.fin, .psh, .ack])
        == "netlab REFUSED")
    #expect(exchange.take(token, seq: 9).hasPrefix("netlab MESSAGE seq=9 try 1"))
  }

  @Test func theBitsOfTheToken() {
    var exchange = Exchange()
    let token = token()
    _ = exchange.take(token, seq: 1)
    #expect(exchange.value("netlab.bits") == .string(ChannelCoding.text(of: token)))
    #expect(ChannelCoding.text(of: token).hasPrefix("01100111 01000001 01000001 01000001 "))
  }

  // MARK: With the key

  @Test func theTokenSaysWhatItIs() {
    var exchange = Exchange(keys: [key])
    let id = CraftedMessage.ID(high: 0x8c5f, low: 1)
    let text = token(
      CraftedMessage(
        .message, id: id, sender: "ada", room: "ABCDEF", text: "hi\n\u{202e}", part: 2, parts: 3,
        initialSequence: 40, sequence: 50))
    let named = "id=0000000000008c5f0000000000000001"
    #expect(
      exchange.take(text, seq: 50)
        == "netlab MESSAGE seq=50 try 1 len=\(text.count) part 2/3 \(named) room \"ABCDEF\" \"ada\": \"hi\\n\\u{202e}\""
    )
    #expect(exchange.names == ["tcp", "netlab", "fernet", "data"])
    #expect(exchange.value("netlab.id") == .string("0000000000008c5f0000000000000001"))
    #expect(exchange.value("netlab.sender") == .string("ada"))
    #expect(exchange.value("netlab.room") == .string("ABCDEF"))
    #expect(exchange.value("netlab.text") == .string("hi\n\u{202e}"))
    #expect(exchange.value("netlab.part") == .unsigned(2))
    #expect(exchange.value("netlab.parts") == .unsigned(3))
    #expect(exchange.value("netlab.isn") == .unsigned(40))
    #expect(exchange.value("netlab.seq") == .unsigned(50))
    #expect(exchange.value("netlab.ordered") == .boolean(false))

    let resend = token(
      CraftedMessage(
        .resend, id: .none, sender: "bob", part: 0, parts: 0, sequence: 50,
        reason: CraftedReason(.badTCPChecksum, found: "0x1454", expected: "0xc91c")))
    #expect(
      exchange.take(resend, back: true, seq: 1, ack: 50)
        == "netlab RESEND bad-tcp-checksum 0x1454≠0xc91c seq=50 [frame 1]")
    #expect(exchange.value("netlab.reason") == .string("bad-tcp-checksum"))
    #expect(exchange.value("netlab.reason.found") == .string("0x1454"))
    #expect(exchange.value("netlab.reason.expected") == .string("0xc91c"))
    #expect(exchange.value("netlab.answers") == .unsigned(1))
    #expect(exchange.value("netlab.id") == nil)

    let refused = token(
      CraftedMessage(.refused, id: id, sequence: 50, reason: CraftedReason(.expired)))
    #expect(
      exchange.take(
        refused, back: true, seq: 1, ack: 50 &+ UInt32(text.count), flags: [.fin, .psh, .ack])
        == "netlab REFUSED expired seq=50 [frame 1] \(named)")
  }

  /// Go back N acknowledges the last part in order, again and again: the numbers alone look like a
  /// request for the next one.
  @Test func theTokenIsBelievedBeforeTheNumbers() {
    var exchange = Exchange(keys: [key])
    let id = CraftedMessage.ID(high: 1, low: 2)
    var next: UInt32 = 100
    for part in 1...3 {
      let text = token(
        CraftedMessage(
          .message, id: id, text: "x", part: part, parts: 3, initialSequence: 100, sequence: next))
      _ = exchange.take(text, seq: next)
      next &+= UInt32(text.count)
    }
    let end = 100 &+ (next &- 100) / 3
    let ack = token(CraftedMessage(.ack, id: id, part: 1, parts: 1, sequence: 100))
    for _ in 0..<3 {
      #expect(
        exchange.take(ack, back: true, seq: 1, ack: end).hasPrefix(
          "netlab ACK seq=100 [frame 1] id="))
      #expect(exchange.value("netlab.kind") == .unsigned(1))
    }
  }

  @Test func aTokenThatIsNoMessageSaysSo() {
    var exchange = Exchange(keys: [key])
    let info = exchange.take(token("{\"v\":9}"), seq: 1)
    #expect(
      info == "netlab MESSAGE seq=1 try 1 len=100 {the plaintext has no version that is known}")
    #expect(
      exchange.value("netlab.fault") == .string("the plaintext has no version that is known"))
  }

  // MARK: Recognition

  /// What a segment is taken for.
  private func layers(
    _ payload: [UInt8], flags: TCPFlags = [.psh, .ack], options: [UInt8] = [],
    handshake: Bool = false, cut: Int = 0
  ) -> [String] {
    var exchange = Exchange()
    if handshake { _ = exchange.take([], seq: 0, flags: [.syn]) }
    _ = exchange.take(payload, seq: 1, flags: flags, options: options, cut: cut)
    return Array(exchange.names.dropFirst())
  }

  @Test func aConnectionWithTokensStaysAStream() {
    let token = token()
    #expect(layers(token) == ["netlab", "fernet"])
    #expect(layers(token, handshake: true) == ["fernet"])
    let timestamps: [UInt8] = [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2]
    #expect(layers(token, options: timestamps) == ["fernet"])
    #expect(layers(token, flags: [.ack]) == ["fernet"])
    #expect(layers(token + token) == ["fernet", "fernet"])
    #expect(layers(token + [10]) == ["fernet"])
    #expect(layers(Array("gAAA and nothing else that is a token".utf8)) == ["data"])
    #expect(layers(Array("hello".utf8)) == ["data"])
    #expect(layers([]) == [])
    // Nobody reads data of a reset.
    #expect(layers(token, flags: [.psh, .ack, .rst]) == [])
    // A stream that is read already goes on.
    var exchange = Exchange()
    _ = exchange.take(token + [10], seq: 1)
    _ = exchange.take(token, seq: UInt32(token.count + 2))
    #expect(exchange.names == ["tcp", "fernet"])
  }

  @Test func aMessageThatTheCaptureCut() {
    var exchange = Exchange()
    let token = token()
    let info = exchange.take(token, seq: 1, cut: 30)
    #expect(info == "netlab MESSAGE seq=1 try 1 len=\(token.count)")
    #expect(exchange.walk.dissection.messages.isEmpty)
    #expect(exchange.walk.dissection.failure?.error.reason == .cut)
    #expect(exchange.names == ["tcp", "netlab"])
    // The next one is whole.
    #expect(exchange.take(token, seq: 1) == "netlab MESSAGE seq=1 try 2 len=\(token.count)")
    #expect(exchange.walk.dissection.messages.count == 1)
  }

  /// Whatever happens to a token behind its first characters, the segment stays one of the exchange.
  @Test func damagedTokensAreRecognised() {
    let seed = UInt64.random(in: .min ... .max)
    print("NetlabTests.damagedTokensAreRecognised: seed \(seed)")
    var lots = Lots(state: seed)
    for _ in 0..<300 {
      var text = token(String(repeating: "x", count: Int.random(in: 0..<400, using: &lots)))
      var exchange = Exchange()
      for _ in 0..<Int.random(in: 1...3, using: &lots) {
        text[Int.random(in: 6..<text.count, using: &lots)] ^=
          1 << UInt8.random(in: 0..<8, using: &lots)
      }
      let info = exchange.take(text, seq: 1, spoiled: Bool.random(using: &lots))
      #expect(info.hasPrefix("netlab MESSAGE seq=1 try 1"), "\(text)")
    }
    let text = token("a token that is cut")
    for length in 64..<text.count {
      #expect(layers(Array(text.prefix(length))).first == "netlab", "\(length)")
    }
  }

  @Test func hostileSegments() {
    let seed = UInt64.random(in: .min ... .max)
    print("NetlabTests.hostileSegments: seed \(seed)")
    var lots = Lots(state: seed)
    var limits = Limits()
    limits.exchanges = 64
    var exchange = Exchange(keys: [key], limits: limits)
    let plain = CraftedMessage(.message, id: .none, sequence: 7).json
    for _ in 0..<2_000 {
      var octets = plain
      for _ in 0..<Int.random(in: 0...3, using: &lots) {
        octets[Int.random(in: 0..<octets.count, using: &lots)] = .random(in: 0...255, using: &lots)
      }
      var text =
        cipher.seal(octets.span.bytes, time: .random(in: .min ... .max, using: &lots)) ?? []
      if Bool.random(using: &lots) {
        text = Array(text.prefix(Int.random(in: 0...text.count, using: &lots)))
      }
      _ = exchange.take(
        text, back: .random(using: &lots), seq: .random(in: .min ... .max, using: &lots),
        ack: .random(in: .min ... .max, using: &lots),
        flags: Bool.random(using: &lots) ? [.psh, .ack] : [.fin, .psh, .ack],
        cut: Int.random(in: 0..<30, using: &lots))
      for record in exchange.walk.dissection.layers {
        _ = exchange.walk.fields(of: record, frame: exchange.frame)
      }
    }
    #expect((exchange.walk.dissector.memory(of: Netlab.self)?.count ?? 99) <= 64)
  }
}
