import Capture
import PacketCore
import Protocols
import Testing

@testable import Exchange

/// ICMP errors and filters, without any network.
@Suite struct WireNoticeTests {
  private static let ends = SegmentEnds(
    source: WireNetwork.here, destination: WireNetwork.there, sourcePort: 12_345,
    destinationPort: 5000)
  private static let ends6 = SegmentEnds(
    source: WireNetwork.here6, destination: WireNetwork.there6, sourcePort: 12_345,
    destinationPort: 5000)

  /// An ICMP error about a segment, as a router sends it.
  private func notice(
    _ type: UInt8, _ code: UInt8, ends: SegmentEnds, rest: [UInt8] = [0, 0, 0, 0]
  ) -> [UInt8] {
    let quoted = CraftedSegment(
      ends: ends, sequence: 0x1234_5678, acknowledgment: 0, identification: 1, payload: []
    ).packet
    let isIPv6 = ends.source.family == .ipv6
    var packet = [UInt8](repeating: 0, count: isIPv6 ? 40 : 20)
    packet[0] = isIPv6 ? 0x60 : 0x45
    packet[isIPv6 ? 6 : 9] = isIPv6 ? 58 : 1
    if isIPv6 { packet[23] = 9 } else { packet.replaceSubrange(12..<16, with: [10, 0, 0, 9]) }
    return packet + [type, code, 0, 0] + rest + quoted.prefix(isIPv6 ? 48 : 28)
  }

  @Test func errorsAboutOurSegmentAreRead() throws {
    let far = try #require(UnreachableNotice(notice(3, 1, ends: Self.ends), about: Self.ends))
    #expect(far.text == "host unreachable" && far.sequence == 0x1234_5678 && far.mtu == nil)
    #expect(far.reporter == Address(IPv4Address(10, 0, 0, 9)))
    let long = notice(3, 4, ends: Self.ends, rest: [0, 0, 0x05, 0x14])
    #expect(UnreachableNotice(long, about: Self.ends)?.mtu == 1300)
    let far6 = try #require(UnreachableNotice(notice(1, 3, ends: Self.ends6), about: Self.ends6))
    #expect(far6.text == "host unreachable" && far6.sequence == 0x1234_5678)
    let long6 = notice(2, 0, ends: Self.ends6, rest: [0, 0, 0x05, 0])
    #expect(UnreachableNotice(long6, about: Self.ends6)?.mtu == 1280)
  }

  @Test func errorsAboutOthersAndPiecesAreNot() {
    var elsewhere = Self.ends
    elsewhere.destinationPort = 5001
    #expect(UnreachableNotice(notice(3, 1, ends: elsewhere), about: Self.ends) == nil)
    #expect(UnreachableNotice(notice(8, 0, ends: Self.ends), about: Self.ends) == nil)
    for (packet, ends) in [
      (notice(3, 4, ends: Self.ends), Self.ends), (notice(2, 0, ends: Self.ends6), Self.ends6),
    ] {
      for count in 0..<packet.count {
        #expect(UnreachableNotice(Array(packet[..<count]), about: ends) == nil)
      }
      // Whatever an octet is: no trap.
      for place in packet.indices {
        for value in [0, 0x0f, 0x4f, 0x45, 0x60, 0xff] as [UInt8] {
          var changed = packet
          changed[place] = value
          _ = UnreachableNotice(changed, about: ends)
        }
      }
    }
  }

  @Test(arguments: [ends, ends6])
  func theSendersFilterTakesAnswersAndErrorsOnly(ends: SegmentEnds) throws {
    var filter = try CaptureFilter(WirePort.answerFilter(ends), linkType: .raw)
    func passes(_ packet: [UInt8]) throws -> Bool {
      let header = FrameHeader(
        time: Timestamp(seconds: 0, nanoseconds: 0), capturedLength: packet.count,
        originalLength: packet.count, linkType: .raw)
      return try filter.matches(packet.span.bytes, header)
    }
    var answer = CraftedSegment(
      ends: ends.reversed, sequence: 1, acknowledgment: 1, identification: 1, payload: [1])
    #expect(try passes(answer.packet))
    answer.flags = [.rst]
    #expect(try passes(answer.packet))
    answer.ends.sourcePort = 1
    #expect(try !passes(answer.packet))
    answer.ends = ends
    #expect(try !passes(answer.packet))
    var error = notice(ends.source.family == .ipv6 ? 1 : 3, 1, ends: ends)
    error.replaceSubrange(
      ends.source.family == .ipv6 ? 24..<40 : 16..<20,
      with: answer.packet[ends.source.family == .ipv6 ? 8..<24 : 12..<16])
    #expect(try passes(error))
    error[ends.source.family == .ipv6 ? 40 : 20] = ends.source.family == .ipv6 ? 135 : 8
    #expect(try !passes(error))
  }
}
