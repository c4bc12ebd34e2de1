import Foundation
import PacketCore
import Protocols
import Testing

// The code of the article "Adding a protocol", compiled and tested. A test below holds the
// article against this file.

/// Virtual eXtensible LAN: Ethernet frames carried over UDP. RFC 7348.
///
///      0                   1                   2                   3
///     +-+-+-+-+-+-+-+-+-----------------------------------------------+
///     |R|R|R|R|I|R|R|R|            Reserved                           |
///     +-+-+-+-+-+-+-+-+-------------------------------+---------------+
///     |       VXLAN Network Identifier (VNI)          |   Reserved    |
///     +-----------------------------------------------+---------------+
struct VXLAN: Layer {
  var flags: UInt8
  var reserved: UInt32
  var identifier: UInt32
  var reservedToo: UInt8

  static let carriedBy: [PayloadType] = [.udpPort(4789)]

  init(reading reader: inout ByteReader) throws(ParseError) {
    flags = try reader.read()
    reserved = UInt32(try reader.read(UInt8.self)) << 16 | UInt32(try reader.read(UInt16.self))
    let last = try reader.read(UInt32.self)
    identifier = last >> 8
    reservedToo = UInt8(truncatingIfNeeded: last)
  }

  func write(to writer: inout ByteWriter) {
    writer.write(UInt32(flags) << 24 | reserved)
    writer.write(identifier << 8 | UInt32(reservedToo))
  }

  var payloadType: PayloadType { .linkType(.ethernet) }

  func inspect(
    _ bytes: RawSpan, at index: Int, in dissection: inout Dissection, memory: NoMemory
  ) -> PayloadType {
    // RFC 7348 section 5: "the I flag MUST be set to 1 for a valid VXLAN Network ID".
    if flags & 0x08 == 0 { dissection.add(Self.noIdentifier, at: index) }
    return payloadType
  }

  static let noIdentifier = FindingKind(
    "vxlan.flag_i.missing", "The I flag is not set", .warning, .protocolError)

  static let schema = Schema<VXLAN>(
    "vxlan", "Virtual eXtensible Local Area Network", "RFC 7348", column: "VXLAN",
    fields: [
      .number(
        "vxlan.flags", "Flags", at: 0..<1, base: .hexadecimal,
        children: [
          .flag("vxlan.flag_i", "VXLAN Network ID (VNI)", at: 0..<1, mask: 0x08) {
            $0.flags & 0x08 != 0
          }
        ]
      ) { $0.flags },
      .number("vxlan.vni", "VXLAN Network Identifier (VNI)", at: 4..<7) { $0.identifier },
    ],
    findings: [noIdentifier])
}

@Suite struct AddingAProtocolTests {
  /// A frame in a VXLAN packet in a frame, with VNI 42.
  private let octets: [UInt8] = [0x08, 0, 0, 0, 0, 0, 42, 0]

  @Test func theExampleReadsWhatItWrites() throws {
    let layer = try #require(decode(octets))
    #expect(layer.identifier == 42)
    var writer = ByteWriter()
    layer.write(to: &writer)
    #expect(writer.bytes == octets)
  }

  private func decode(_ octets: [UInt8]) -> VXLAN? {
    var reader = ByteReader(octets.span.bytes)
    return try? VXLAN(reading: &reader)
  }
}

extension AddingAProtocolTests {
  /// Every block of code in the article stands in this file, and the example works in a registry.
  @Test func theArticleShowsThisCode() throws {
    let tests = URL(fileURLWithPath: #filePath)
    let root = tests.deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let article = try String(
      contentsOf: root.appendingPathComponent(
        "Sources/PacketCore/PacketCore.docc/AddingAProtocol.md"), encoding: .utf8)
    let code = try String(contentsOf: tests, encoding: .utf8)
    let blocks = article.components(separatedBy: "```swift\n").dropFirst()
      .compactMap { $0.components(separatedBy: "```").first }
    #expect(blocks.count >= 6)
    for block in blocks { #expect(code.contains(block), "not in the test: \(block)") }
  }

  @Test func theExampleWorksInARegistry() throws {
    let registry = Registry(Registry.standard.layers + [VXLAN.self])
    let inner: [UInt8] = Array(repeating: 0, count: 12) + [0x08, 0x42, 1, 2]
    let udp: [UInt8] = [0x12, 0xb5, 0x12, 0xb5, 0, UInt8(8 + 8 + inner.count), 0, 0]
    var frame = octets + inner
    frame = udp + frame
    let ip: [UInt8] =
      [0x45, 0, 0, UInt8(20 + frame.count), 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]
    frame = ip + frame
    var dissector = Dissector(registry)
    var dissection = Dissection()
    let header = FrameHeader(
      capturedLength: frame.count, originalLength: frame.count, linkType: .raw)
    dissector.dissect(frame.span.bytes, header, into: &dissection)
    let names = dissection.layers.map { $0.type.description.name }
    #expect(names.contains("vxlan"))
    #expect(names.suffix(2) == ["eth", "data"], "\(names)")
  }
}
