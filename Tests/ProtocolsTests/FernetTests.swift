import Cryptography
import PacketCore
import Testing

@testable import Protocols

/// Tokens that stand alone in UDP datagrams, which `-d` says hold them.
@Suite struct FernetTests {
  /// Token, key and time of the specification's generate.json.
  static let published = Array(
    ("gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU"
      + "4IwqDA==").utf8)
  static let time: Int64 = 499_162_800
  private let key: FernetKey
  private let other: FernetKey
  private let cipher: FernetCipher

  init() throws {
    key = try FernetKey(text: Array("cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=".utf8).span.bytes)
    other = try #require(FernetKey.generate())
    cipher = try #require(FernetCipher(key))
  }

  private func seal(_ plain: [UInt8], at time: Int64 = Self.time) -> [UInt8] {
    cipher.seal(plain.span.bytes, time: UInt64(time)) ?? []
  }

  /// A walk that takes UDP port 5001 for Fernet.
  private func makeWalk(_ keys: [FernetKey], ttl: UInt64? = nil) -> Walk {
    var registry = Registry.standard
    _ = registry.decode(.udpPort(5001), as: "fernet")
    let walk = Walk(registry)
    let memory = walk.dissector.memory(of: Fernet.self)
    memory?.keys = keys
    memory?.ttl = ttl
    return walk
  }

  private func frame(_ text: [UInt8]) -> [UInt8] {
    let length = text.count + 8
    let udp: [UInt8] =
      [0x30, 0x39, 0x13, 0x89, UInt8(length >> 8), UInt8(truncatingIfNeeded: length), 0, 0] + text
    let total = udp.count + 20
    return [0x45, 0, UInt8(total >> 8), UInt8(truncatingIfNeeded: total), 0, 0, 0, 0, 64, 17, 0, 0]
      + [10, 0, 0, 1, 10, 0, 0, 2] + udp
  }

  /// What is known of one token, out of the frame that carried it.
  private struct Outcome {
    var info = ""
    var protocolName = ""
    var fields: [String: FieldValue] = [:]
    var places: [String: Range<Int>] = [:]
    var findings: [String] = []
    var names: [String] = []
  }

  private func take(
    _ text: [UInt8], with walk: inout Walk, after seconds: Int64 = 1, cutTo cut: Int? = nil
  ) -> Outcome {
    let whole = frame(text)
    let octets = Array(whole.prefix(cut ?? whole.count))
    let header = FrameHeader(
      time: Timestamp(seconds: Self.time + seconds, nanoseconds: 500_000_000),
      capturedLength: octets.count, originalLength: whole.count, linkType: .raw)
    walk.take(octets, header)
    var outcome = Outcome()
    (outcome.protocolName, outcome.info) = walk.summary(of: octets)
    outcome.findings = walk.dissection.findings.map(\.kind.name).filter { $0.contains("fernet") }
    outcome.names = walk.dissection.layers.map { $0.type.description.name }
    if let record = walk.dissection.layers.first(where: { $0.is(Fernet.self) }) {
      for item in walk.fields(of: record, frame: octets) {
        outcome.fields[item.field.name] =
          item.value == .octetsInPlace
          ? .octets(Array(octets[item.place ?? 0..<0])) : item.value
        outcome.places[item.field.name] = item.place.map {
          $0.lowerBound - 28..<$0.upperBound - 28
        }
      }
    }
    return outcome
  }

  @Test func withTheKeyTheTextIsThere() {
    var walk = makeWalk([other, key])
    let found = take(Self.published, with: &walk)
    #expect(found.protocolName == "Fernet")
    #expect(found.info == "Fernet token 100 bytes, 1985-10-26T08:20:00Z, {Fernet ok} \"hello\"")
    #expect(found.findings == [])
    #expect(
      found.fields["fernet.token"] == .string(String(decoding: Self.published, as: UTF8.self)))
    #expect(found.fields["fernet.version"] == .unsigned(0x80))
    #expect(
      found.fields["fernet.time"] == .time(Timestamp(seconds: Self.time, nanoseconds: 0)))
    #expect(found.fields["fernet.age"] == .duration(1_500_000_000))
    #expect(found.fields["fernet.iv"] == .octets([UInt8](0..<16)))
    #expect(found.fields["fernet.ciphertext.length"] == .unsigned(16))
    #expect(found.fields["fernet.hmac.status"] == .unsigned(1))
    #expect(found.fields["fernet.key"] == .unsigned(2))
    #expect(found.fields["fernet.plain"] == .string("hello"))
    #expect(found.fields["fernet.plain.length"] == .unsigned(5))
    #expect(found.places["fernet.token"] == 0..<100)
    #expect(found.places["fernet.version"] == 0..<2)
    #expect(found.places["fernet.time"] == 1..<12)
    #expect(found.places["fernet.iv"] == 12..<34)
    #expect(found.places["fernet.hmac"] == 54..<98)
    #expect(found.places["fernet.plain"] == nil)
    // The plaintext is a layer in a buffer of its own, made from the token's.
    #expect(found.names.suffix(2) == ["fernet", "data"])
    let record = walk.dissection.layers[walk.dissection.layers.count - 1]
    #expect(walk.octets(of: record, frame: []) == Array("hello".utf8))
    #expect(
      walk.dissection.origin(of: record.buffer) == BufferOrigin(.decrypted, of: 0, 28..<128))
    #expect(walk.dissection.wire(0..<5, of: record.buffer) == nil)
  }

  @Test func withoutAKeyTheRestIsThere() {
    var walk = makeWalk([])
    let found = take(Self.published, with: &walk)
    #expect(found.info == "Fernet token 100 bytes, 1985-10-26T08:20:00Z, {Fernet no key}")
    #expect(found.fields["fernet.hmac.status"] == .unsigned(2))
    #expect(found.fields["fernet.plain"] == nil)
    #expect(found.fields["fernet.ciphertext.length"] == .unsigned(16))
    #expect(found.findings == [])
    #expect(found.names.last == "fernet")
  }

  @Test func wrongKeyUntilOneHasFitted() {
    var walk = makeWalk([other])
    let wrong = take(Self.published, with: &walk)
    #expect(wrong.findings == ["fernet.wrong_key"])
    #expect(wrong.fields["fernet.hmac.status"] == .unsigned(6))
    #expect(wrong.info.hasSuffix("{Fernet wrong key}"))

    var known = makeWalk([other, key])
    var damaged = Self.published
    damaged[60] = damaged[60] == 0x41 ? 0x42 : 0x41
    #expect(take(damaged, with: &known).findings == ["fernet.wrong_key"])
    #expect(take(Self.published, with: &known).findings == [])
    let bad = take(damaged, with: &known)
    #expect(bad.findings == ["fernet.hmac.bad"])
    #expect(bad.fields["fernet.hmac.status"] == .unsigned(0))
    #expect(bad.info.hasSuffix("{Fernet bad HMAC}"))
    #expect(bad.fields["fernet.plain"] == nil)
    // The damaged one is forgotten with the next.
    #expect(take(Self.published, with: &known).info.hasSuffix("\"hello\""))
  }

  @Test func timesAreJudged() {
    var walk = makeWalk([key])
    #expect(take(Self.published, with: &walk, after: 1_000_000).findings == [])
    #expect(take(Self.published, with: &walk, after: -60).findings == [])
    let future = take(Self.published, with: &walk, after: -61)
    #expect(future.findings == ["fernet.future"])
    #expect(future.info.hasSuffix("{Fernet from the future} \"hello\""))
    #expect(future.fields["fernet.age"] == .duration(-60_500_000_000))

    var strict = makeWalk([key], ttl: 60)
    #expect(take(Self.published, with: &strict, after: 60).findings == [])
    let expired = take(Self.published, with: &strict, after: 61)
    #expect(expired.findings == ["fernet.expired"])
    #expect(expired.info.hasSuffix("{Fernet expired} \"hello\""))
    // A damaged time is no expiry.
    var damaged = Self.published
    damaged[8] = 0x41
    #expect(take(damaged, with: &strict, after: 100_000).findings == ["fernet.hmac.bad"])
  }

  @Test func badPaddingBehindAGoodHMAC() {
    // invalid.json: "payload padding error".
    let text =
      "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0ODz4LEpdELGQAad7aNEHbf-JkLPIpuiYRLQ3RtXatOYREu2FWke6CnJNY"
      + "IbkuKNqOhw=="
    var walk = makeWalk([key])
    let found = take(Array(text.utf8), with: &walk)
    #expect(found.findings == ["fernet.padding.bad"])
    #expect(found.fields["fernet.hmac.status"] == .unsigned(1))
    #expect(found.info.hasSuffix("{Fernet bad padding}"))
  }

  @Test func aNonCanonicalEndingIsReportedAndOpened() {
    var text = Self.published
    text[97] = UInt8(ascii: "P")
    var walk = makeWalk([key])
    let found = take(text, with: &walk)
    #expect(found.findings == ["fernet.noncanonical"])
    #expect(found.fields["fernet.plain"] == .string("hello"))
    #expect(found.info.contains("{Fernet ok}"))
  }

  @Test func aLineEndingIsNoPartOfTheToken() {
    var walk = makeWalk([key])
    let found = take(Self.published + [0x0d, 0x0a], with: &walk)
    #expect(found.findings == [])
    #expect(found.fields["fernet.plain"] == .string("hello"))
    #expect(found.places["fernet.token"] == 0..<100)
  }

  @Test func everyPrefixKeepsWhatCanBeRead() {
    var walk = makeWalk([key])
    for count in 1..<Self.published.count {
      let found = take(Array(Self.published[..<count]), with: &walk)
      #expect(found.findings == ["fernet.malformed"], "\(count)")
      #expect((found.fields["fernet.version"] != nil) == (count >= 4), "\(count)")
      #expect((found.fields["fernet.time"] != nil) == (count >= 12), "\(count)")
      #expect((found.fields["fernet.iv"] != nil) == (count >= 36), "\(count)")
      #expect(found.fields["fernet.hmac.status"] == nil)
      #expect(found.info.contains("{Fernet malformed}"))
    }
    let found = take(Array("gAAA?".utf8), with: &walk)
    #expect(
      found.info
        == "Fernet token 5 bytes, {Fernet malformed} a character that is not base64url at octet 4")
  }

  @Test func aCutCaptureIsNoMalformedToken() {
    var walk = makeWalk([key])
    for kept in 1..<Self.published.count {
      let found = take(Self.published, with: &walk, cutTo: 28 + kept)
      #expect(walk.dissection.failure?.error.reason == .cut)
      #expect(found.findings == [])
      #expect((found.fields["fernet.version"] != nil) == (kept >= 4), "\(kept)")
    }
  }

  @Test func everyBitFlipOfTheTextIsNoticed() {
    var walk = makeWalk([key])
    _ = take(Self.published, with: &walk)
    for bit in 0..<Self.published.count * 8 {
      var text = Self.published
      text[bit / 8] ^= 0x80 >> UInt8(bit % 8)
      let found = take(text, with: &walk)
      #expect(!found.findings.isEmpty, "bit \(bit)")
      let isOpened = found.fields["fernet.plain"] != nil
      #expect(isOpened == (found.findings == ["fernet.noncanonical"]), "bit \(bit)")
    }
  }

  @Test func writtenAsRead() {
    for text in [Self.published, Self.published + [0x0a], Array("gA".utf8), [0, 1, 2, 255]] {
      var writer = ByteWriter()
      Fernet(text).write(to: &writer)
      #expect(writer.bytes == text)
    }
  }

  @Test func extentOfATokenInOtherOctets() {
    func extent(_ before: String, _ token: [UInt8], _ after: String) -> Range<Int>? {
      let octets = Array(before.utf8) + token + Array(after.utf8)
      return Fernet.looksLikeToken(
        octets.span.bytes, from: before.utf8.count, to: octets.count)
    }
    #expect(extent("", Self.published, "") == 0..<100)
    #expect(extent("{\"m\":\"", Self.published, "\"}") == 6..<106)
    #expect(extent("", Self.published, "\n") == 0..<100)
    #expect(extent("", Self.published, "==") == 0..<100)
    #expect(extent("", Array(Self.published[..<97]), "") == nil)
    #expect(extent("x", Array(Self.published.dropFirst()), "") == nil)
    let long = seal([UInt8](repeating: 7, count: 1000))
    #expect(extent("=", long, "]") == 1..<1 + long.count)
    let octets = Self.published
    for end in 0...octets.count {
      let found = Fernet.looksLikeToken(octets.span.bytes, from: 0, to: end)
      #expect((found != nil) == (end == 100))
    }
    let beyond = Fernet.looksLikeToken(octets.span.bytes, from: 4, to: 10_000)
    #expect(beyond == nil)
    let before = Fernet.looksLikeToken(octets.span.bytes, from: -1, to: 100)
    #expect(before == nil)
  }

  @Test func foreignTextDoesNothingToATerminal() {
    var walk = makeWalk([key])
    func shown(_ plain: [UInt8]) -> Substring? {
      let info = take(seal(plain), with: &walk).info
      return info.firstIndex(of: "}").map { info[$0...].dropFirst(2) }
    }
    #expect(shown(Array("a\"b\\c\u{1b}[31m\n".utf8)) == #""a\"b\\c\033[31m\n""#)
    #expect(shown(Array("grüß dich 👋".utf8)) == "\"grüß dich 👋\"")
    #expect(shown(Array("\u{202e}x\u{9b}".utf8)) == #""\u{202e}x\u{009b}""#)
    #expect(shown([0x41, 0xff, 0xc3]) == "\"A\u{FFFD}\u{FFFD}\"")
    #expect(shown([]) == "\"\"")
    let long = shown([UInt8](repeating: 0x61, count: 300))
    let expected = "\"" + String(repeating: "a", count: 256) + "…\""
    #expect(long.map { String($0) } == expected, "\(long?.count ?? 0)")
  }

  @Test func datesOfAllSizes() {
    func date(_ seconds: UInt64) -> String {
      var text = TextBuffer(capacity: 64)
      text.append(dateOfSeconds: seconds)
      return text.string
    }
    #expect(date(0) == "1970-01-01T00:00:00Z")
    #expect(date(1_700_000_000) == "2023-11-14T22:13:20Z")
    #expect(date(951_782_400) == "2000-02-29T00:00:00Z")
    #expect(date(951_868_799) == "2000-02-29T23:59:59Z")
    #expect(date(951_868_800) == "2000-03-01T00:00:00Z")
    #expect(date(4_107_542_400) == "2100-03-01T00:00:00Z")
    #expect(date(4_107_542_399) == "2100-02-28T23:59:59Z")
    #expect(date(1_735_689_599) == "2024-12-31T23:59:59Z")
    #expect(date(253_402_300_799) == "9999-12-31T23:59:59Z")
    #expect(date(253_402_300_800) == "253402300800 s after 1970")
    #expect(date(.max) == "18446744073709551615 s after 1970")
  }

  @Test func timesOfAllSizesPass() throws {
    var walk = makeWalk([key])
    for time in [UInt64(Int64.max), .max, 1 << 48] {
      let text = try #require(cipher.seal([1].span.bytes, time: time) as [UInt8]?)
      let found = take(text, with: &walk)
      #expect(found.findings == ["fernet.future"])
    }
  }

  @Test func aHugeTokenIsNotLookedInto() {
    let layer = Fernet([UInt8](repeating: 0x41, count: Fernet.largest + 1))
    #expect(layer.token == nil)
    #expect(layer.refusal == nil)
  }
}
