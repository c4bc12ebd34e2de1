import Cryptography
import Exchange
import PacketCore
import Protocols
import Testing

/// A text cut into parts: each fits its packet, and together they are the text.
@Suite struct OutgoingPartsTests {
  private static let id = CraftedMessage.ID(high: 1, low: 2)

  private func parts(
    _ text: String, mtu: Int = 1500, family: Address.Family = .ipv4, sender: String = "ada",
    room: String? = nil, initial: UInt32 = 0, first: UInt32 = 0, wantsOrder: Bool = false
  ) throws -> OutgoingParts {
    try OutgoingParts(
      OutgoingMessage(id: Self.id, sender: sender, room: room, text: text), mtu: mtu,
      family: family, initialSequence: initial, firstSequence: first, wantsOrder: wantsOrder)
  }

  private func message(_ parts: OutgoingParts, _ part: Int) throws -> CraftedMessage {
    try CraftedMessage(parts.plain(part))
  }

  @Test func aShortTextIsOnePart() throws {
    for text in ["", "hi", "\u{1F600}"] {
      let parts = try parts(text, initial: 9, first: 9)
      #expect(parts.count == 1 && parts.sequences == [9])
      let message = try message(parts, 1)
      #expect(message.text == text && message.part == 1 && message.parts == 1)
      #expect(message.sequence == 9 && message.initialSequence == 9 && message.id == Self.id)
    }
  }

  @Test func partsJoinToTheTextAndFit() throws {
    let seed = testSeed("OutgoingPartsTests.join")
    let key = try #require(FernetKey.generate())
    let cipher = try #require(FernetCipher(key))
    let alphabet: [String] = [
      "a", "Z", " ", "\"", "\\", "\n", "\u{1}", "\u{7f}", "é", "e\u{301}", "€", "\u{1F600}",
      "👩‍👩‍👧‍👦", "🇩🇪", "\r\n", "क्षि",
    ]
    for round in 0..<60 {
      var numbers = SeededNumbers(seed: seed, part: round)
      let text = (0..<numbers.pick(1...3000)).map { _ in
        alphabet[numbers.below(alphabet.count)]
      }.joined()
      let family: Address.Family = numbers.chance(50) ? .ipv4 : .ipv6
      let mtu = numbers.pick(500...1600)
      let first = UInt32(truncatingIfNeeded: numbers.next())
      let parts = try parts(
        text, mtu: mtu, family: family, room: numbers.chance(50) ? "R\"1" : nil,
        initial: numbers.chance(50) ? 0 : first, first: first, wantsOrder: numbers.chance(50))
      var joined = ""
      var sequence = first
      for part in 1...parts.count {
        let message = try message(parts, part)
        joined.unicodeScalars += message.text.unicodeScalars
        #expect(message.sequence == sequence && parts.sequences[part - 1] == sequence)
        #expect(message.part == part && message.parts == parts.count)
        let plain = parts.plain(part)
        let token = cipher.seal(plain.span.bytes, time: 1) ?? []
        #expect(token.count == parts.lengths[part - 1], "seed \(seed), round \(round)")
        #expect(CraftedSegment.headerLength(family) + token.count <= mtu)
        sequence &+= UInt32(token.count)
        // No character is cut: each part is as long in characters by itself as in the whole.
        #expect(message.text.first.map { alphabet.contains(String($0)) } != false)
      }
      #expect(Array(joined.utf8) == Array(text.utf8), "seed \(seed), round \(round)")
    }
  }

  @Test func partsAreAsLongAsTheyMayBe() throws {
    let parts = try parts(String(repeating: "a", count: 100_000))
    // One more block of 16 octets would be 21 or 22 characters more.
    for length in parts.lengths.dropLast() { #expect(40 + length > 1500 - 44) }
  }

  @Test func whatIsOneCharacterWithoutEndIsCut() throws {
    let text = "a" + String(repeating: "\u{301}", count: 5000)
    let parts = try parts(text, mtu: 600)
    #expect(parts.count > 10)
    let joined = try (1...parts.count).flatMap { Array(try message(parts, $0).text.utf8) }
    #expect(joined == Array(text.utf8))
  }

  @Test func aMegabyteIsCutFast() throws {
    let text = String(repeating: "0123456789abcdéf\n", count: 60_000)
    let clock = ContinuousClock()
    var count = 0
    let time = try clock.measure { count = try parts(text).count }
    #expect(count > 1000 && count < 1500)
    // Quadratic work would take minutes.
    #expect(time < .seconds(20), "\(time)")
  }

  @Test func whatDoesNotGoIsSaid() throws {
    func fault(_ make: () throws(OutgoingFault) -> OutgoingParts) -> OutgoingFault? {
      do {
        _ = try make()
        return nil
      } catch {
        return error
      }
    }
    func attempt(_ text: String, mtu: Int) -> OutgoingFault? {
      fault { () throws(OutgoingFault) in
        try OutgoingParts(
          OutgoingMessage(id: Self.id, sender: "ada", text: text), mtu: mtu, family: .ipv4,
          initialSequence: 0, firstSequence: 0, wantsOrder: false)
      }
    }
    let long = String(repeating: "a", count: OutgoingMessage.mostOctets + 1)
    #expect(
      attempt(long, mtu: 1500)?.text
        == "the message has 16777217 octets, and 16777216 is the most")
    for mtu in [Int.min / 2, -1, 0, 40, 100, 200] {
      guard case .noRoom(let needed) = attempt("hi", mtu: mtu) else {
        Issue.record("MTU \(mtu) was taken")
        continue
      }
      #expect(attempt("hi", mtu: needed - 1) == .noRoom(needed: needed))
      #expect(attempt("hi", mtu: needed) == nil)
    }
    let least = try #require(
      attempt("", mtu: 0).flatMap { if case .noRoom(let needed) = $0 { needed } else { nil } })
    let many = attempt(String(repeating: "\u{1}", count: 1 << 18), mtu: least)
    #expect(
      many?.text.hasSuffix("parts, and 65536 is the most: a larger MTU makes fewer") == true)
    // A text as long as may be goes where packets are as large as may be.
    #expect(try parts(String(long.dropLast()), mtu: .max).lengths.allSatisfy { $0 <= 65_495 })
  }

  @Test func lengthsOfTokens() throws {
    let key = try #require(FernetKey.generate())
    let cipher = try #require(FernetCipher(key))
    for count in 0..<200 {
      let plain = [UInt8](repeating: 1, count: count)
      let token = cipher.seal(plain.span.bytes, time: 0)
      #expect(token?.count == OutgoingParts.tokenLength(ofPlain: count))
    }
  }
}
