import PacketCore
import Protocols
import Testing

@Suite struct FragmentTests {
  /// An Ethernet frame with a part of an IPv4 datagram; its checksum is right.
  private func fragment(
    identification: UInt16, offset: Int, more: Bool, _ data: [UInt8]
  ) -> [UInt8] {
    var header: [UInt8] = [0x45, 0]
    header += bytes(UInt16(20 + data.count)) + bytes(identification)
    header += bytes(UInt16(offset / 8) | (more ? 0x2000 : 0))
    header += [64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]
    var sum = InternetChecksum()
    sum.add(header.span.bytes)
    header.replaceSubrange(10..<12, with: bytes(sum.value))
    return [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0] + header + data
  }

  private func bytes(_ word: UInt16) -> [UInt8] {
    [UInt8(truncatingIfNeeded: word >> 8), UInt8(truncatingIfNeeded: word)]
  }

  private func header(
    _ octets: [UInt8], seconds: Int64 = 0, interface: UInt16 = 0
  ) -> FrameHeader {
    FrameHeader(
      time: Timestamp(seconds: seconds, nanoseconds: 0), capturedLength: octets.count,
      originalLength: octets.count, linkType: .ethernet, point: CapturePoint(interface: interface))
  }

  /// A datagram of 24 octets without a checksum, cut in two.
  private var first: [UInt8] { [0, 7, 0, 9, 0, 24, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8] }
  private var second: [UInt8] { [9, 10, 11, 12, 13, 14, 15, 16] }

  private func completes(
    _ walk: inout Walk, seconds: (Int64, Int64) = (0, 0), interfaces: (UInt16, UInt16) = (0, 0)
  ) -> Bool {
    let one = fragment(identification: 1, offset: 0, more: true, first)
    let two = fragment(identification: 1, offset: 16, more: false, second)
    walk.take(one, header(one, seconds: seconds.0, interface: interfaces.0))
    #expect(walk.dissection.last(UDP.self) == nil)
    walk.take(two, header(two, seconds: seconds.1, interface: interfaces.1))
    return walk.dissection.last(UDP.self) != nil
  }

  @Test func theSecondFragmentCompletesTheDatagram() {
    var walk = Walk()
    let done = completes(&walk)
    #expect(done)
    #expect(walk.dissection.bufferCount == 1)
    let whole = walk.dissection.withBytes(of: 1, frame: first.span.bytes) { [UInt8]($0) }
    #expect(whole == first + second)
    #expect(walk.dissection.last(UDP.self)?.payload == 8..<24)
    let memory = walk.dissector.memory(of: IPv4.self)
    #expect(memory?.heldOctets == 0)
  }

  @Test func fragmentsAreForgottenInTheCapturesOwnTime() {
    var limits = Limits()
    limits.fragmentSeconds = 30
    var inTime = Walk(limits: limits)
    let isWhole = completes(&inTime, seconds: (0, 30))
    #expect(isWhole)
    var late = Walk(limits: limits)
    let done = completes(&late, seconds: (0, 31))
    #expect(!done)
  }

  @Test func pointsOfCaptureAreKeptApart() {
    var walk = Walk()
    let done = completes(&walk, interfaces: (0, 1))
    #expect(!done)
  }

  @Test func whatIsHeldIsBounded() {
    var limits = Limits()
    limits.fragmentOctets = 10_000
    var walk = Walk(limits: limits)
    for identification in UInt16(0)..<5000 {
      let octets = fragment(identification: identification, offset: 8, more: true, second)
      walk.take(octets, header(octets))
      #expect((walk.dissector.memory(of: IPv4.self)?.heldOctets ?? .max) <= 10_000)
    }
    // The last one to come is still there.
    let octets = fragment(identification: 4999, offset: 0, more: true, Array(first[..<8]))
    walk.take(octets, header(octets))
    let end = fragment(identification: 4999, offset: 16, more: false, second)
    walk.take(end, header(end))
    #expect(walk.dissection.last(UDP.self) != nil)
  }

  @Test func overlapsAreFindings() {
    for (octets, name) in [
      (Array(first[8...]), "ip.fragment.overlap"),
      ([UInt8](repeating: 0xee, count: 8), "ip.fragment.overlap.conflict"),
    ] {
      var walk = Walk()
      let one = fragment(identification: 1, offset: 0, more: true, first)
      walk.take(one, header(one))
      let again = fragment(identification: 1, offset: 8, more: true, octets)
      walk.take(again, header(again))
      #expect(walk.dissection.findings.map(\.kind.name) == [name])
    }
  }

  @Test func aWrongHeaderChecksumTakesNoPart() {
    var walk = Walk()
    var one = fragment(identification: 1, offset: 0, more: true, first)
    one[24] ^= 1
    walk.take(one, header(one))
    #expect(walk.dissection.findings.map(\.kind.name) == ["ip.checksum_bad.expert"])
    #expect(walk.dissector.memory(of: IPv4.self)?.heldOctets == 0)
  }
}
