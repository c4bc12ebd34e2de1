import PacketCore
import Testing

@testable import DisplayFilter

@Suite struct FieldIndexTests {
  let index = ToyCapture.index

  @Test func entriesSayWhatTheyAre() throws {
    let kind = try #require(index.entry("toy.kind"))
    #expect(kind.sort == .field && kind.type == "unsigned integer, 1 byte")
    #expect(kind.layer == "toy" && kind.reference == "RFC 9999")
    let address = try #require(index.entry("toy.addr"))
    #expect(address.sort == .alias && address.type == "IPv4 address")
    #expect(address.members == ["toy.src", "toy.dst"])
    #expect(index.entry("toy")?.sort == .protocol)
    #expect(index.entry("toy.analysis.odd")?.sort == .finding)
    #expect(index.entry("_ws.malformed")?.sort == .finding)
    #expect(index.entry("nope") == nil)
  }

  @Test func patternsChoose() {
    #expect(
      index.entries(matching: "link").map(\.name) == ["link", "link.dst", "link.src", "link.type"])
    #expect(
      index.entries(matching: "toy.fl").map(\.name) == [
        "toy.flags", "toy.flags.top", "toy.flags.low",
      ])
    #expect(index.entries(matching: "*.addr").map(\.name) == ["toy.addr"])
    #expect(index.entries(matching: "toy.?6").map(\.name) == ["toy.v6"])
    #expect(index.entries(matching: "station").map(\.name) == ["toy.mac"])
    #expect(index.entries(matching: "").count == index.entries.count)
  }

  @Test func valuesComeInTheOrderOfTheLayers() throws {
    let packet = ToyCapture.packets[2]
    var dissector = Dissector(ToyCapture.registry)
    var dissection = Dissection()
    func values(_ name: String) -> [FieldValue] {
      let bytes = packet.octets.span.bytes
      let count = packet.octets.count
      dissector.dissect(
        bytes,
        FrameHeader(capturedLength: count, originalLength: count, linkType: .ethernet),
        into: &dissection)
      return index.values(of: name, in: dissection, frame: bytes).map(\.value)
    }
    #expect(values("toy.kind") == [.unsigned(3), .unsigned(200)])
    #expect(
      values("toy.addr") == [
        .ipv4(IPv4Address(0xc0a8_0001)), .ipv4(IPv4Address(0x0a00_0001)),
        .ipv4(IPv4Address(0xc0a8_0002)), .ipv4(IPv4Address(0xffff_ffff)),
      ])
    #expect(values("toy.kind#2") == [.unsigned(200)])
    #expect(values("toy") == [.octetsInPlace, .octetsInPlace])
    #expect(values("_ws.expert.message") == [.string("The kind is odd"), .string("Long name")])
    #expect(values("toy.analysis.odd") == [.present])
    #expect(values("nope") == [])
    #expect(values("toy.kind#") == [])
  }

  @Test func onlyHonestPlacesAreReadDirectly() {
    func isDirect(_ name: String) -> Bool {
      guard let entry = index.entry(name) else { return false }
      return BoundField(FieldReader(entry)).isDirect
    }
    for name in ["toy.kind", "toy.flags", "toy.flags.top", "toy.flags.low", "toy.addr", "toy.v6"] {
      #expect(isDirect(name), "\(name)")
    }
    // Scaled; counted from an item; there only with its group; not fixed; computed.
    for name in ["toy.hdr_len", "toy.option.value", "toy.mark.high", "toy.offset", "toy.name"] {
      #expect(!isDirect(name), "\(name)")
    }
  }

  @Test func explains() throws {
    let filter = try DisplayFilter(
      "toy.addr != 10.0.0.0/8 && (toy.kind < 256 || not toy.flags[0:1] == 010)"
        .replacing("toy.kind < 256", with: "toy.kind <= 255")
        .replacing("toy.flags[0:1] == 010", with: "toy[1:2] == 10"), index: index)
    #expect(
      filter.explanation == """
        Keeps a packet when all of these hold:
          - it has toy.addr and every value of it differs from 10.0.0.0/8
          - at least one of these holds:
            - any value of toy.kind is at most 255
            - it is not so that any value of toy[1:2] equals 10
        Names:
          toy.addr  Address or Peer, IPv4 address (toy.src or toy.dst); Toy Protocol, RFC 9999
          toy.kind  Kind, unsigned integer, 1 byte; Toy Protocol, RFC 9999
          toy       Toy Protocol, protocol, RFC 9999
        Mind:
          - toy.addr != 10.0.0.0/8 wants every value of toy.addr to differ, and one to be there; \
        !(toy.addr == 10.0.0.0/8) also keeps packets without toy.addr.
          - toy.kind <= 255 holds wherever there is a toy.kind, which goes from 0 to 255.
          - not toy[1:2] == 10 also keeps packets that have no toy[1:2].
          - 10 is compared with octets and read as hexadecimal; decimal 10 is 0xa.
        """)
    #expect(try DisplayFilter("", index: index).explanation.hasPrefix("Keeps every packet"))
    let never = try DisplayFilter("toy.flags.low > 15", index: index).explanation
    #expect(never.contains("can never be: toy.flags.low goes from 0 to 15"))
    let octal = try DisplayFilter("toy.kind == 010", index: index).explanation
    #expect(octal.contains("is read as octal: 8"))
  }
}
