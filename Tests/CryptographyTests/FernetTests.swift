import Testing

@testable import Cryptography

@Suite struct FernetTests {
  private let cipher: FernetCipher

  init() throws {
    let key = try FernetKey.with(FernetVectors.secret)
    cipher = try #require(FernetCipher(key))
  }

  /// How an attempt to open ended, in a word.
  private func outcome(
    _ token: [UInt8], now: UInt64? = nil, ttl: UInt64? = nil, cipher other: FernetCipher? = nil
  ) -> String {
    do {
      let opened = try (other ?? cipher).open(token, now: now, ttl: ttl)
      return opened.isCanonical ? "ok" : "not canonical"
    } catch {
      switch error {
      case .malformed(let rule, let offset): return "\(rule) at \(offset)"
      case .badHMAC: return "badHMAC"
      case .expired(let age): return "expired at \(age)"
      case .fromTheFuture(let ahead): return "fromTheFuture by \(ahead)"
      case .badPadding: return "badPadding"
      }
    }
  }

  @Test func generateAsPublished() {
    let text = cipher.seal(
      Array(FernetVectors.message.utf8), time: FernetVectors.time,
      vector: FernetVectors.vector)
    #expect(text == Array(FernetVectors.token.utf8))
    #expect(
      FernetToken.seal(
        Array(FernetVectors.message.utf8), time: FernetVectors.time, vector: FernetVectors.vector,
        with: cipher) == text)
  }

  @Test func verifyAsPublished() throws {
    let opened = try cipher.open(
      Array(FernetVectors.token.utf8), now: FernetVectors.time + 1, ttl: FernetVectors.ttl)
    #expect(opened.plain == Array(FernetVectors.message.utf8))
    #expect(opened.time == FernetVectors.time)
    #expect(opened.isCanonical)
  }

  @Test(arguments: FernetVectors.invalid) func refuseAsPublished(_ vector: FernetVectors.Invalid) {
    let found = outcome(
      Array(vector.token.utf8), now: FernetVectors.time + vector.later, ttl: FernetVectors.ttl)
    #expect(found == vector.reason)
  }

  @Test func theFieldsStandWhereTheySay() throws {
    let text = Array(FernetVectors.token.utf8)
    let token = try FernetToken(text)
    #expect(token.time == FernetVectors.time)
    #expect(Array(token.octets[token.vectorPlace]) == FernetVectors.vector)
    #expect(token.ciphertextPlace == 25..<41)
    #expect(token.hmacPlace == 41..<73)
    #expect(FernetToken.characters(of: 0..<1) == 0..<2)
    #expect(FernetToken.characters(of: 1..<9) == 1..<12)
    #expect(FernetToken.characters(of: 41..<73) == 54..<98)
  }

  @Test func everyPrefixIsRefused() {
    let text = Array(FernetVectors.token.utf8)
    for count in 0..<text.count {
      let found = outcome(Array(text[..<count]))
      #expect(
        found.hasPrefix("tooShort") || found.hasPrefix("base64") || found.hasPrefix("blockSize")
          || count < 2, "\(count): \(found)")
      #expect(found != "ok")
    }
    #expect(outcome([]) == "tooShort at 0")
    #expect(outcome(Array("gAAA".utf8)) == "tooShort at 4")
    #expect(outcome(Array("gAAAA".utf8)) == "base64Length at 5")
    #expect(outcome(Array("gAAAAA".utf8)) == "base64Padding at 6")
  }

  @Test func everyFlippedBitOfTheOctetsIsRefused() throws {
    let token = try FernetToken(Array(FernetVectors.token.utf8))
    for bit in 0..<token.octets.count * 8 {
      var octets = token.octets
      octets[bit / 8] ^= 0x80 >> UInt8(bit % 8)
      // Without a look at the time, which would not change the reason: the HMAC comes first.
      let found = outcome(
        Base64.encode(octets, .url), now: FernetVectors.time + 1, ttl: FernetVectors.ttl)
      #expect(found == (bit < 8 ? "version at 0" : "badHMAC"), "bit \(bit)")
    }
  }

  @Test func everyFlippedBitOfTheTextIsRefused() {
    let text = Array(FernetVectors.token.utf8)
    var spellings = 0
    for bit in 0..<text.count * 8 {
      var damaged = text
      damaged[bit / 8] ^= 0x80 >> UInt8(bit % 8)
      let found = outcome(damaged)
      if found == "not canonical" {
        // Only the last character has bits to spare: four of six, as 73 octets are 97.3 characters.
        #expect(bit / 8 == 97)
        spellings += 1
      } else {
        #expect(found != "ok", "bit \(bit)")
        // The version's bits are in the first two characters.
        #expect(!found.hasPrefix("version") || bit < 16)
      }
    }
    // A → C, E, I (and Q is 16, a bit of the octet); B is not one bit away from A in ASCII.
    #expect(spellings >= 1)
  }

  @Test func anEndingThatIsNotCanonicalIsOpenedAndReported() throws {
    var text = Array(FernetVectors.token.utf8)
    // 73 octets leave the last character two bits of an octet and four to spare.
    #expect(text[97] == UInt8(ascii: "A"))
    for (value, other) in "BCDEFGHIJKLMNOP".utf8.enumerated() {
      text[97] = other
      let opened = try cipher.open(text, now: nil)
      #expect(!opened.isCanonical, "spare bits \(value + 1)")
      #expect(opened.plain == Array(FernetVectors.message.utf8))
    }
    text[97] = UInt8(ascii: "Q")
    #expect(outcome(text) == "badHMAC")
  }

  @Test func agesAreHeldAgainstTheirLimits() {
    let token = Array(FernetVectors.token.utf8)
    let time = FernetVectors.time
    #expect(outcome(token, now: time + 60, ttl: 60) == "ok")
    #expect(outcome(token, now: time + 61, ttl: 60) == "expired at 61")
    #expect(outcome(token, now: time - 60) == "ok")
    #expect(outcome(token, now: time - 61) == "fromTheFuture by 61")
    #expect(outcome(token, now: .max) == "ok")
    #expect(outcome(token, now: .max, ttl: 0) == "expired at \(UInt64.max - time)")
    #expect(outcome(token, now: time, ttl: 0) == "ok")
    #expect(outcome(token, now: nil, ttl: 0) == "ok")
  }

  @Test func timesOfAllSizesPass() throws {
    for time in [0, 1, UInt64(Int64.max), UInt64(Int64.max) + 1, .max] {
      let text = try #require(cipher.seal([UInt8](), time: time))
      #expect(try FernetToken(text).time == time)
      let opened = try cipher.open(text, now: time)
      #expect(opened.time == time)
      #expect(opened.plain == [])
    }
  }

  @Test func anotherKeyDoesNotFit() throws {
    let other = try #require(FernetKey.generate().flatMap { FernetCipher($0) })
    #expect(outcome(Array(FernetVectors.token.utf8), cipher: other) == "badHMAC")
  }

  @Test func roundTripsOfAllSizes() throws {
    let seed = UInt64.random(in: 0 ... .max)
    print("FernetTests.roundTripsOfAllSizes: seed \(seed)")
    var random = SplitMix(state: seed)
    var secret = (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) }
    let key = try #require(FernetKey.with(secret))
    secret = []
    let cipher = try #require(FernetCipher(key))
    var kept: [(text: [UInt8], plain: [UInt8])] = []
    for size in Array(0...100) + [1000, 1023, 1024, 1025, 65_535, 300_000] {
      let plain = (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
      let time = UInt64.random(in: 0...(1 << 40), using: &random)
      let text = try #require(cipher.seal(plain, time: time), "seed \(seed)")
      #expect(text.count == Base64.encodedLength(of: 57 + (size / 16 + 1) * 16))
      kept.append((text, plain))
      // Old and new in turn: no token depends on the one opened before it.
      let earlier = try #require(kept.randomElement(using: &random))
      let opened = try cipher.open(earlier.text, now: nil)
      #expect(opened.plain == earlier.plain, "seed \(seed), size \(earlier.plain.count)")
    }
    for one in kept {
      let opened = try cipher.open(one.text, now: nil)
      #expect(opened.plain == one.plain, "seed \(seed)")
    }
  }

  @Test func vectorsAreDrawnAnew() throws {
    let one = try #require(cipher.seal([1, 2, 3], time: 1))
    let other = try #require(cipher.seal([1, 2, 3], time: 1))
    #expect(one != other)
    let short = [UInt8](repeating: 0, count: 15)
    #expect(cipher.seal([1], time: 1, vector: short) == nil)
  }
}

/// Random numbers that come again with their seed.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    return mixed ^ mixed >> 31
  }
}
