import PacketCore
import Protocols
import Testing

/// Octets to bits and back.
@Suite struct ChannelCodingTests {
  @Test func theMostSignificantBitIsFirst() {
    #expect(ChannelCoding.text(of: [0x67, 0x41]) == "01100111 01000001")
    #expect(
      ChannelCoding.bits(of: [0x80, 1])
        == [
          true, false, false, false, false, false, false, false, false, false, false, false, false,
          false, false, true,
        ])
  }

  @Test func whatIsCodedComesBack() {
    let seed = UInt64.random(in: 0..<1_000_000)
    var numbers = SeededNumbers(seed: seed)
    for count in 0..<64 {
      let octets = numbers.octets(count)
      #expect(ChannelCoding.octets(from: ChannelCoding.bits(of: octets)) == octets, "seed \(seed)")
    }
  }

  @Test func halfAnOctetIsNone() {
    #expect(ChannelCoding.octets(from: [true]) == nil)
    #expect(ChannelCoding.octets(from: []) == [])
  }
}
