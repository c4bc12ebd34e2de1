import PacketCore
import Protocols
import Testing

@testable import DisplayFilter

/// Reading fields straight from the packet gives what decoding gives, on any octets.
@Suite struct DirectTests {
  static let filters = [
    "toy.kind == 7", "toy.kind in {1, 5..9, 100..200, 255}", "all toy.kind > 100", "toy.kind != 3",
    "toy.flags.top == 1", "toy.flags.top != 1", "all toy.flags.low in {0..7}",
    "toy.flags >= 0x8000",
    "toy.addr == 10.0.0.0/8", "toy.addr != 128.0.0.0/1", "all toy.addr < 200.0.0.0",
    "toy.src !== 1.2.3.4",
    "toy.mac > 80:00:00:00:00:00", "toy.v6 == 8000::/1", "toy.src < toy.dst", "toy.src == toy.dst",
    "toy.kind == toy.flags.low", "toy.kind + toy.flags > 0x7fff", "toy.flags & 0x1010", "toy",
    "toy.kind",
    "toy.flags.low ^^ toy.kind > 9 ^^ toy.src > 99.0.0.0",
    "link.type == 0x9999 and not toy.kind < 9",
    "max(toy.kind, toy.flags) > 0xff00", "string(toy.kind) contains \"2\"", "toy.mac[0] > 7f",
    "toy.hdr_len > 32", "toy.kind#2 > 100",
    "(toy.kind > 9 or toy.src > 9.0.0.0) and toy.flags.top == 0",
  ]

  @Test func equalsDecoding() throws {
    var random = Seeded(seed: .random(in: 0...UInt64.max))
    print("packet seed \(random.seed)")
    let pairs = try Self.filters.map {
      (
        try DisplayFilter($0, index: ToyCapture.index, direct: true),
        try DisplayFilter($0, index: ToyCapture.index, direct: false)
      )
    }
    var passed = [Int](repeating: 0, count: pairs.count)
    var dissector = Dissector(ToyCapture.registry)
    var dissection = Dissection()
    for _ in 0..<2000 {
      let octets = Self.frame(&random)
      let bytes = octets.span.bytes
      dissector.dissect(
        bytes,
        FrameHeader(
          capturedLength: octets.count, originalLength: octets.count, linkType: .ethernet),
        into: &dissection)
      for (number, pair) in pairs.enumerated() {
        let fast = pair.0.matches(dissection, in: bytes)
        let slow = pair.1.matches(dissection, in: bytes)
        #expect(fast == slow, "\(Self.filters[number]) on \(octets)")
        if fast { passed[number] += 1 }
      }
    }
    for (number, count) in passed.enumerated() {
      #expect(count > 0 && count < 2000, "\(Self.filters[number]) tells nothing apart")
    }
  }

  /// What is declared with a fixed place stands there as it is shown: nothing scaled, nothing
  /// that only some headers have. Tried on headers of random octets, one octet repeated among
  /// them.
  @Test func fixedPlacesHoldTheValue() throws {
    var random = Seeded(seed: .random(in: 0...UInt64.max))
    print("header seed \(random.seed)")
    let index = FieldIndex(.standard)
    for layer in Registry.standard.layers {
      let headers = Self.headers(of: layer, &random)
      for entry in index.entries {
        for source in entry.sources {
          guard case .field(let type, let info, _) = source, let load = source.load,
            ObjectIdentifier(type) == ObjectIdentifier(layer), entry.sort == .field
          else { continue }
          #expect(!headers.isEmpty, "\(entry.name) was never tried")
          for header in headers {
            let (direct, collected) = Self.values(header, layer, info, load)
            #expect(direct == collected, "\(entry.name) of \(header.octets)")
          }
        }
      }
    }
  }

  /// A header with the dissection that holds its record alone.
  final class Header {
    let octets: [UInt8]
    var dissection = Dissection()
    init(_ octets: [UInt8]) { self.octets = octets }
  }

  /// Headers that the layer accepts.
  static func headers(
    of layer: any ErasedLayer.Type, _ random: inout Seeded
  ) -> [Header] {
    let memory = layer.makeMemory(Limits())
    var headers: [Header] = []
    for number in 0..<2048 {
      let repeated = UInt8(truncatingIfNeeded: number)
      var octets = [UInt8](repeating: repeated, count: 160)
      if number > 255 {
        for index in octets.indices where Bool.random(using: &random) {
          octets[index] = .random(in: 0...255, using: &random)
        }
      }
      let header = Header(octets)
      header.dissection.quoteWhatFollows()  // Nothing is inspected or remembered then.
      let walked = try? layer.walk(
        octets.span.bytes, from: 0, to: octets.count, reportedEnd: octets.count,
        into: &header.dissection, memory: Unmanaged.passUnretained(memory))
      if walked != nil, header.dissection.layers.count == 1 { headers.append(header) }
    }
    withExtendedLifetime(memory) {}
    return headers
  }

  static func values(
    _ header: Header, _ layer: any ErasedLayer.Type, _ info: FieldInfo, _ load: DirectLoad
  ) -> (direct: [Int128?], collected: [Int128?]) {
    let octets = header.octets
    let bytes = octets.span.bytes
    let record = header.dissection.layers[0]
    var sink = FieldSink(wanted: info)
    layer.collect(bytes, record, in: header.dissection, into: &sink)
    let collected = sink.items.map { item -> Int128? in
      guard case .number(let number) = Value(item) else { return nil }
      return number
    }
    return ([load.value(bytes, record, boolean: info.type == .boolean)], collected)
  }

  /// Mostly a toy or two with random octets, sometimes cut or something else.
  static func frame(_ random: inout Seeded) -> [UInt8] {
    let count = Int.random(in: 0...120, using: &random)
    var octets = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    if octets.count > 13, Int.random(in: 0..<10, using: &random) > 0 {
      octets[12] = 0x99
      octets[13] = 0x99
    }
    // Small numbers collide, so that fields can be equal.
    for index in octets.indices where index > 18 && index < 28 && Bool.random(using: &random) {
      octets[index] = 10
    }
    if octets.count > 54, Bool.random(using: &random) {
      octets[53] = 1
      octets[54] = 0
      if Bool.random(using: &random) { octets.replaceSubrange(23..<27, with: octets[19..<23]) }
    }
    return octets
  }
}
