import Capture
import Cryptography
import PacketCore
import Protocols
import Testing

@testable import Exchange

/// One packet after the other is judged: each test by itself, and which comes first.
@Suite struct SegmentCheckTests {
  private static func reason(_ checked: CheckedSegment) -> CraftedReason? {
    guard case .failed(let reason) = checked.verdict else { return nil }
    return reason
  }

  @Test(arguments: [Making.ends, Making.ends6]) func aGoodSegmentIsTaken(_ ends: SegmentEnds) throws
  {
    let segment = try Making.segment(Making.message(), ends: ends)
    let packet = segment.packet
    // Octets behind the packet, such as Ethernet's padding, do not matter.
    for padding in [0, 1, 6] {
      let checked = try Making.judge(packet + [UInt8](repeating: 0xa5, count: padding))
      #expect(checked.verdict == .taken(Making.message(), made: Making.start))
      #expect(checked.ends == ends)
      #expect(checked.sequence == 1000)
      #expect(checked.payload == CraftedSegment.headerLength(ends.source.family)..<packet.count)
      #expect(checked.end == 1000 + UInt32(segment.payload.count))
      #expect(checked.flags == [.psh, .ack])
    }
  }

  @Test func headersWithMoreInThemAreRead() throws {
    var packet = try Making.segment(Making.message()).packet
    // Router alert, RFC 2113.
    Making.insert([0x94, 4, 0, 0], at: 20, into: &packet)
    #expect(
      try Making.judge(packet).verdict == .taken(Making.message(), made: Making.start))

    let plain = try Making.segment(Making.message(), ends: Making.ends6).packet
    // Hop-by-hop options, routing with no segment left, destination options, an atomic fragment.
    let chain: [[UInt8]] = [
      [43, 0, 1, 4, 0, 0, 0, 0],
      [60, 2, 0, 0, 0, 0, 0, 0] + [UInt8](repeating: 0, count: 16),
      [44, 0, 1, 4, 0, 0, 0, 0], [6, 0, 0, 0, 0x12, 0x34, 0x56, 0x78],
    ]
    packet = plain
    packet[6] = 0
    Making.insert(chain.flatMap { $0 }, at: 40, into: &packet)
    #expect(try Making.judge(packet).verdict == .taken(Making.message(), made: Making.start))
    // With a segment left, the packet is on its way to somebody else.
    packet[40 + 8 + 3] = 1
    #expect(try Making.judge(packet).verdict == .foreign)
    packet[40 + 8 + 3] = 0
    // A first fragment.
    packet[40 + 8 + 24 + 8 + 3] = 1
    #expect(try Making.judge(packet).verdict == .foreign)
  }

  @Test func sumsAreNamedWithWhatShouldStandThere() throws {
    let good = try Making.segment(Making.message()).packet
    func hexadecimal(_ place: Int, _ packet: [UInt8]) -> String {
      let word = Int(packet[place]) << 8 | Int(packet[place + 1])
      return "0x" + String(word + 0x10000, radix: 16).dropFirst()
    }
    var packet = good
    packet[10] ^= 0x5a
    packet[36] ^= 0x11
    var reason = try #require(Self.reason(try Making.judge(packet)))
    #expect(reason.code == .badIPChecksum)
    #expect(reason.found == hexadecimal(10, packet))
    #expect(reason.expected == hexadecimal(10, good))
    packet[10] = good[10]
    reason = try #require(Self.reason(try Making.judge(packet)))
    #expect(reason.code == .badTCPChecksum)
    #expect(reason.found == hexadecimal(36, packet))
    #expect(reason.expected == hexadecimal(36, good))
    #expect(reason.text == "bad-tcp-checksum \(reason.found)≠\(reason.expected)")
  }

  @Test(arguments: [Making.ends, Making.ends6])
  func anOffloadedSumIsGoodOnlyWhereItWasMade(_ ends: SegmentEnds) throws {
    var packet = try Making.segment(Making.message(), ends: ends).packet
    let start = CraftedSegment.headerLength(ends.source.family) - 20
    var sum = InternetChecksum()
    // Both addresses stand together in either header.
    sum.add(packet.span.bytes.extracting(start - (start == 20 ? 8 : 32)..<start))
    sum.add(UInt16(6))
    sum.add(UInt16(packet.count - start))
    packet[start + 16] = UInt8(sum.folded >> 8)
    packet[start + 17] = UInt8(sum.folded & 0xff)
    #expect(Self.reason(try Making.judge(packet))?.code == .badTCPChecksum)
    #expect(
      try Making.judge(packet, isFromThisHost: true).verdict
        == .taken(Making.message(), made: Making.start))
    packet[start + 17] ^= 1
    #expect(
      Self.reason(try Making.judge(packet, isFromThisHost: true))?.code == .badTCPChecksum)
  }

  @Test(arguments: [
    ("gAAA", "bad-token 4 characters≠100 or more"),
    ("gAAAA", "bad-token 5 characters≠a multiple of 4"),
    ("gAAA+" + String(repeating: "A", count: 95), "bad-token octet 4≠base64url"),
    ("gAAA" + String(repeating: "A", count: 92) + "==x=", "bad-token octet 96≠right padding"),
    ("gAAA" + String(repeating: "A", count: 100), "bad-token 104 characters≠whole blocks"),
  ]) func textThatIsNoTokenIsNamed(_ text: String, _ words: String) throws {
    var segment = try Making.segment(Making.message())
    segment.payload = Array(text.utf8)
    #expect(Self.reason(try Making.judge(segment.packet))?.text == words)
  }

  @Test func aTokenOfAnotherVersionIsDamageToOne() throws {
    var segment = try Making.segment(Making.message())
    segment.payload[0] = 0x68
    #expect(
      Self.reason(try Making.judge(segment.packet))?.text == "bad-token another version≠0x80")
  }

  @Test func anotherSpellingOfATokenIsTheToken() throws {
    for length in 0..<48 {
      var segment = try Making.segment(Making.message(String(repeating: "x", count: length)))
      guard let end = segment.payload.firstIndex(of: 0x3d) else { continue }
      // The spare bits of the last character.
      let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
      let place = try #require(letters.firstIndex(of: segment.payload[end - 1]))
      segment.payload[end - 1] = letters[place | 1]
      #expect(
        try Making.judge(segment.packet).verdict
          == .taken(Making.message(String(repeating: "x", count: length)), made: Making.start))
      return
    }
    Issue.record("no token with padding")
  }

  @Test func anotherKeyIsABadCodeAndTheRightOneStaysSecret() throws {
    let packet = try Making.segment(Making.message(), key: Making.otherKeyText).packet
    #expect(Self.reason(try Making.judge(packet)) == CraftedReason(.badHMAC))
  }

  @Test func swappedWordsPassTheSumAndNotTheCode() throws {
    let good = try Making.segment(Making.message()).packet
    for place in stride(from: 40, to: good.count - 4, by: 2) {
      var packet = good
      packet.swapAt(place, place + 2)
      packet.swapAt(place + 1, place + 3)
      guard packet != good else { continue }
      let code = Self.reason(try Making.judge(packet))?.code
      #expect(code == .badHMAC || code == .badToken, "octet \(place)")
    }
  }

  @Test(
    arguments: [
      (0, nil), (60, nil), (61, "expired 61 s≠60 s"), (3600, "expired 3600 s≠60 s"), (-60, nil),
      (-61, "from-the-future 61 s≠60 s"), (-3600, "from-the-future 3600 s≠60 s"),
    ] as [(Int, String?)]) func theAgeIsLimited(_ age: Int, _ words: String?) throws
  {
    let packet = try Making.segment(Making.message()).packet
    let checked = try Making.judge(packet, now: UInt64(Int(Making.start) + age))
    #expect(Self.reason(checked)?.text == words)
    // What is answered names the message all the same.
    #expect(checked.authentic == (words == nil ? nil : Making.message()))
  }

  @Test(arguments: [
    ("hello", "bad-message octet 0≠a JSON object"),
    ("{}", "bad-message another version≠version 1"),
    (#"{"v":1,"kind":"message","id":"x"}"#, "bad-message \"id\"≠a value that it may have"),
  ]) func aPlaintextThatIsNoMessageIsNamed(_ plain: String, _ words: String) throws {
    var segment = try Making.segment(Making.message())
    segment.payload = try Making.token(Array(plain.utf8))
    #expect(Self.reason(try Making.judge(segment.packet))?.text == words)
  }

  @Test func aTokenHasItsPlace() throws {
    var segment = try Making.segment(Making.message())
    segment.sequence += 1
    let checked = try Making.judge(segment.packet)
    #expect(Self.reason(checked)?.text == "wrong-sequence 1001≠1000")
    #expect(checked.authentic == Making.message())
    // An answer names the segment that it answers.
    var answer = Making.message()
    answer.kind = .ack
    segment.payload = try Making.token(answer.json)
    #expect(try Making.judge(segment.packet).verdict == .taken(answer, made: Making.start))
  }

  @Test func theFirstTestFailedIsTheReason() throws {
    var message = Making.message()
    message.sequence = 5
    var segment = try Making.segment(message, made: 0, key: Making.otherKeyText)
    segment.sequence = 6
    #expect(Self.reason(try Making.judge(segment.packet))?.code == .badHMAC)
    segment.payload = try Making.token(message.json, made: 0)
    #expect(Self.reason(try Making.judge(segment.packet))?.code == .expired)
    segment.payload = try Making.token(Array("{".utf8), made: 0)
    #expect(Self.reason(try Making.judge(segment.packet))?.code == .expired)
    segment.payload = try Making.token(Array("{".utf8))
    #expect(Self.reason(try Making.judge(segment.packet))?.code == .badMessage)
  }

  @Test func whatIsNoneOfOursIsForeign() throws {
    let good = try Making.segment(Making.message())
    #expect(try Making.judge(good.packet, port: 5001).verdict == .foreign)
    #expect(try Making.judge(good.packet, port: nil).verdict != .foreign)
    var other = good
    other.payload = Array("GET / HTTP/1.1\r\nHost: gAAA\r\n\r\n".utf8)
    #expect(try Making.judge(other.packet).verdict == .foreign)
    #expect(try Making.judge(other.packet).ends == Making.ends)
    other.payload = [UInt8](repeating: 0x41, count: 3)
    #expect(try Making.judge(other.packet).verdict == .foreign)
    var packet = good.packet
    packet[9] = 17
    Making.mendHeader(&packet)
    #expect(try Making.judge(packet).verdict == .foreign)
    packet = good.packet
    packet[7] = 1
    Making.mendHeader(&packet)
    #expect(try Making.judge(packet).verdict == .foreign)
    for packet in [[], [0x45], [UInt8](repeating: 0, count: 60)] as [[UInt8]] {
      #expect(try Making.judge(packet).verdict == .foreign)
    }
  }

  @Test func withoutPayloadTheFlagsAreTold() throws {
    var segment = try Making.segment(Making.message())
    segment.payload = []
    segment.flags = .syn
    #expect(try Making.judge(segment.packet).verdict == .empty(.syn))
    segment.flags = [.rst, .ack]
    #expect(try Making.judge(segment.packet).verdict == .empty([.rst, .ack]))
  }
}
