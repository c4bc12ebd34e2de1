import Capture
import PacketCore
import Protocols
import Testing

@testable import Exchange

@Suite struct WireFloodTests {
  private func segment(_ family: Address.Family, _ payload: Int) -> CraftedSegment {
    let isIPv6 = family == .ipv6
    return CraftedSegment(
      ends: SegmentEnds(
        source: isIPv6 ? WireNetwork.here6 : WireNetwork.here,
        destination: isIPv6 ? WireNetwork.there6 : WireNetwork.there, sourcePort: 12_345,
        destinationPort: 5000),
      sequence: 0xffff_fff0, acknowledgment: 3, identification: 0xfffe,
      payload: (0..<payload).map { UInt8(truncatingIfNeeded: $0 &* 37) })
  }

  @Test(
    "Each packet of a flood equals the one crafted singly, numbers running on",
    arguments: [Address.Family.ipv4, .ipv6])
  func equalsSingle(family: Address.Family) {
    for length in [0, 1, 2, 7, 100, 1399] {
      var single = segment(family, length)
      var flood = FloodSegment(single, linkHeader: [1, 2, 3])
      let place = UnsafeMutableRawBufferPointer.allocate(byteCount: 2048, alignment: 64)
      defer { place.deallocate() }
      for _ in 0..<300 {
        let count = flood.write(to: place)
        #expect(Array(place[..<count]) == [1, 2, 3] + single.packet)
        single.sequence &+= UInt32(max(length, 1))
        single.identification &+= 1
      }
    }
  }

  @Test("A place that is too small stays as it is")
  func smallPlace() {
    var flood = FloodSegment(segment(.ipv4, 100))
    let place = UnsafeMutableRawBufferPointer.allocate(byteCount: 139, alignment: 8)
    defer { place.deallocate() }
    place.initializeMemory(as: UInt8.self, repeating: 7)
    #expect(flood.write(to: place) == 0)
    #expect(place.allSatisfy { $0 == 7 })
  }
}
