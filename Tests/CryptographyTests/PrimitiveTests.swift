import Testing

@testable import Cryptography

/// The primitives against their standards' own examples.
@Suite struct PrimitiveTests {
  private func octets(_ hex: String) -> [UInt8] {
    let digits = hex.compactMap { $0.hexDigitValue }.map { UInt8($0) }
    return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }

  @Test func digests() {
    // FIPS 180-4's examples.
    #expect(
      SHA1.digest(Array("abc".utf8)) == octets("a9993e364706816aba3e25717850c26c9cd0d89d"))
    #expect(
      SHA256.digest(Array("abc".utf8))
        == octets("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))
    #expect(SHA1.digest([]) == octets("da39a3ee5e6b4b0d3255bfef95601890afd80709"))
    // RFC 6455 section 1.3's handshake.
    let accept = SHA1.digest(
      Array("dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8))
    #expect(accept.map { Base64.encode($0) } == Array("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".utf8))
  }

  /// All threads hash with one state, one after the other.
  @Test func digestsOnManyThreads() async {
    let texts = (0..<64).map { [UInt8](repeating: UInt8($0), count: $0 * 3) }
    let alone = texts.map { SHA1.digest($0) }
    await withTaskGroup(of: [[UInt8]?].self) { group in
      for _ in 0..<16 { group.addTask { texts.map { SHA1.digest($0) } } }
      for await digests in group { #expect(digests == alone) }
    }
    #expect(Set(alone.compactMap { $0 }).count == texts.count)
  }

  /// RFC 4231: keys shorter than a block, of several lengths, and longer than one.
  @Test func hmac() throws {
    let cases: [(key: [UInt8], message: [UInt8], code: String)] = [
      (
        Array(repeating: 0x0b, count: 20), Array("Hi There".utf8),
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
      ),
      (
        Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
      ),
      (
        Array(repeating: 0xaa, count: 131),
        Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
      ),
    ]
    for (key, message, code) in cases {
      let hmac = try #require(HMACSHA256.with(key))
      // Twice: the state of the key outlives a message.
      for _ in 0..<2 {
        let found = hmac.code(of: message)
        #expect(found == octets(code))
      }
      let good = hmac.verifies(message, octets(code))
      #expect(good)
      var other = octets(code)
      other[31] ^= 1
      let bad = hmac.verifies(message, other)
      #expect(!bad)
      let short = hmac.verifies(message, Array(octets(code)[..<31]))
      #expect(!short)
    }
  }

  /// NIST SP 800-38A, F.2.1: four blocks, behind which a block of padding comes.
  @Test func aesAsPublished() throws {
    let key = octets("2b7e151628aed2a6abf7158809cf4f3c")
    let plain = octets(
      "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
        + "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710")
    let encrypted = octets(
      "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
        + "73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7")
    let vector = [UInt8](0..<16)
    let aes = try #require(AES128CBC.with(key))
    // More than once: each message begins with its own vector, whatever came before.
    for _ in 0..<3 {
      let found = try #require(aes.encrypt(plain, vector: vector))
      #expect(found.count == 80)
      #expect(Array(found[..<64]) == encrypted)
      let back = aes.decrypt(found, vector: vector)
      #expect(back == plain)
      _ = aes.encrypt([1, 2, 3], vector: [UInt8](16..<32))
    }
  }

  @Test func paddingOfEveryLengthAndEveryWrongOne() throws {
    let key = [UInt8](0..<16)
    let aes = try #require(AES128CBC.with(key))
    let zeros = [UInt8](repeating: 0, count: 16)
    for count in 0...33 {
      let plain = [UInt8](repeating: 0x41, count: count)
      let encrypted = try #require(aes.encrypt(plain, vector: zeros))
      let back = aes.decrypt(encrypted, vector: zeros)
      #expect(back == plain)
    }
    // What the vector flips in the one block, the plaintext has flipped.
    let whole = try #require(aes.encrypt([], vector: zeros))
    for last in UInt8.min ... .max {
      var vector = zeros
      vector[15] ^= 16 ^ last
      let found = aes.decrypt(whole, vector: vector)
      let expected: [UInt8]? =
        switch last {
        case 1: [UInt8](repeating: 16, count: 15)
        case 16: []
        default: nil
        }
      #expect(found == expected, "last octet \(last)")
    }
    for count in [0, 1, 15, 17] {
      let found = aes.decrypt(
        [UInt8](repeating: 0, count: count), vector: zeros)
      #expect(found == nil)
    }
    #expect(AES128CBC.with([UInt8](repeating: 0, count: 15)) == nil)
  }

  @Test func comparison() {
    #expect(ConstantTime.areEqual([], []))
    #expect(ConstantTime.areEqual([1, 2], [1, 2]))
    #expect(!ConstantTime.areEqual([1, 2], [1, 3]))
    #expect(!ConstantTime.areEqual([1, 2], [1]))
  }
}
