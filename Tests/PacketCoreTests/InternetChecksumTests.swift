import PacketCore
import Testing

/// RFC 1071 against the textbook loop over 16-bit words, at every length and alignment.
@Suite struct InternetChecksumTests {
  private func textbook(_ octets: ArraySlice<UInt8>) -> UInt16 {
    var sum: UInt32 = 0
    var index = octets.startIndex
    while index < octets.endIndex {
      let low = index + 1 < octets.endIndex ? octets[index + 1] : 0
      sum += UInt32(octets[index]) << 8 | UInt32(low)
      index += 2
    }
    while sum >> 16 != 0 { sum = (sum & 0xffff) + (sum >> 16) }
    return UInt16(sum)
  }

  private func sum(_ octets: [UInt8], from start: Int) -> UInt16 {
    var checksum = InternetChecksum()
    checksum.add(octets.span.bytes.extracting(start..<octets.count))
    return checksum.folded
  }

  @Test func equalsTheTextbook() {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("InternetChecksumTests seed \(seed)")
    var state = seed
    for length in 0..<200 {
      let octets = (0..<length).map { _ -> UInt8 in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 56)
      }
      for start in 0..<min(9, length + 1) {
        let expected = textbook(octets[start...])
        let found = sum(octets, from: start)
        // 0x0000 and 0xffff are the same sum in ones' complement, RFC 1624 section 3.
        #expect(found == expected || found % 0xffff == expected % 0xffff)
        #expect(found == 0 ? expected == 0 : true)
      }
    }
  }

  /// Data with its checksum in it, at every length, and with each bit turned: right, then not.
  @Test func rightIsWhatFoldsToOnes() {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("InternetChecksumTests seed \(seed)")
    var generator = SeededNumbers(seed: seed)
    #expect(!InternetChecksum().isRight, "nothing but zeros sums to zero")
    for length in 2..<150 {
      var octets = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
      octets[0] = 0
      octets[1] = 0
      var sum = InternetChecksum()
      sum.add(octets.span.bytes)
      octets[0] = UInt8(sum.value >> 8)
      octets[1] = UInt8(sum.value & 0xff)
      for bit in -1..<length * 8 {
        var changed = octets
        if bit >= 0 { changed[bit / 8] ^= 1 << UInt8(bit % 8) }
        var total = InternetChecksum()
        total.add(changed.span.bytes)
        #expect(total.isRight == (total.folded == 0xffff))
        #expect(total.isRight == (bit < 0))
      }
    }
  }

  /// Words of each size count as their octets do.
  @Test func wordsAreTheirOctets() {
    var words = InternetChecksum()
    words.add(UInt64.max)
    words.add(UInt64.max)
    words.add(0xfedc_ba98_7654_3210 as UInt64)
    words.add(0x8000_0001 as UInt32)
    words.add(0xffff as UInt16)
    let octets =
      [UInt8](repeating: 0xff, count: 16)
      + [0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10, 0x80, 0, 0, 1, 0xff, 0xff]
    #expect(words.folded == sum(octets, from: 0))
  }

  /// The example of RFC 1071 section 3.
  @Test func theExampleOfTheSpecification() {
    #expect(sum([0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7], from: 0) == 0xddf2)
  }

  @Test func aVerdictNamesWhatWouldHaveBeenRight() {
    var pseudo = InternetChecksum()
    pseudo.add(UInt32(0x0a00_0001))
    var total = pseudo
    total.add(UInt16(0x1234))
    let right = total.value
    total.add(right)
    let good = ChecksumVerdict(found: right, total: total, pseudoHeader: pseudo)
    #expect(good.status == .good)
    var wrong = pseudo
    wrong.add(UInt16(0x1234))
    wrong.add(UInt16(0x4321))
    let bad = ChecksumVerdict(found: 0x4321, total: wrong, pseudoHeader: pseudo)
    #expect(bad.status == .bad)
    #expect(bad.expected == right)
    var partial = pseudo
    partial.add(UInt16(0x1234))
    partial.add(pseudo.folded)
    let offloaded = ChecksumVerdict(found: pseudo.folded, total: partial, pseudoHeader: pseudo)
    #expect(offloaded.status == .offloaded)
  }
}
