import PacketCore

@testable import DisplayFilter

/// A protocol with a field of every type, so that the language is tested without any real one.
struct Toy: Layer {
  var kind: UInt8
  var flags: UInt16
  /// Words of header in the lower four bits, shown in octets.
  var words: UInt8
  var offset: Int8
  var address: IPv4Address
  var peer: IPv4Address
  var mac: MACAddress
  var high: UInt64
  var low: UInt64
  var seconds: UInt32
  var next: UInt8
  var options: [UInt8]

  static let odd = FindingKind("toy.analysis.odd", "The kind is odd", .warning, .sequence)
  static let long = FindingKind("toy.analysis.long", "Long name", .note, .protocolError)

  static let carriedBy: [PayloadType] = [.etherType(0x9999), .linkType(.raw)]

  init(reading reader: inout ByteReader) throws(ParseError) {
    kind = try reader.read()
    flags = try reader.read()
    words = try reader.read()
    offset = try reader.read()
    address = IPv4Address(try reader.read())
    peer = IPv4Address(try reader.read())
    let first: UInt16 = try reader.read()
    let rest: UInt32 = try reader.read()
    mac = MACAddress(UInt64(first) << 32 | UInt64(rest))
    high = try reader.read()
    low = try reader.read()
    seconds = try reader.read()
    next = try reader.read()
    options = try reader.array(Int(try reader.read() as UInt8) & 15)
  }

  func write(to writer: inout ByteWriter) {
    writer.write(kind)
    writer.write(flags)
    writer.write(words)
    writer.write(offset)
    writer.write(address.value)
    writer.write(peer.value)
    writer.write(UInt16(truncatingIfNeeded: mac.value >> 32))
    writer.write(UInt32(truncatingIfNeeded: mac.value))
    writer.write(high)
    writer.write(low)
    writer.write(seconds)
    writer.write(next)
    writer.write(UInt8(options.count))
    writer.write(options)
  }

  var payloadType: PayloadType { next == 1 ? .linkType(.raw) : .nothing }

  func inspect(
    _ bytes: RawSpan, at index: Int, in dissection: inout Dissection, memory: NoMemory
  ) -> PayloadType {
    if kind & 1 == 1 { dissection.add(Toy.odd, at: index) }
    if options.count > 3 { dissection.add(Toy.long, at: index) }
    return payloadType
  }

  /// One octet of the options.
  struct Item: Sendable { var value: UInt8 }

  private static func kindLabel(_ kind: UInt64) -> String? {
    switch kind {
    case 1: "Hello"
    case 2: "Not Now"
    case 3, 4: "Twin"
    default: nil
    }
  }

  static let schema = Schema<Toy>(
    "toy", "Toy Protocol", "RFC 9999", column: "TOY",
    fields: [
      .number("toy.kind", "Kind", at: 0..<1, label: { kindLabel($0) }) { $0.kind },
      .number(
        "toy.flags", "Flags", at: 1..<3, base: .hexadecimal,
        children: [
          .flag("toy.flags.top", "Top", at: 1..<3, mask: 0x8000) { $0.flags & 0x8000 != 0 },
          .number("toy.flags.low", "Low", at: 1..<3, mask: 0x00f0) { $0.flags >> 4 & 15 },
        ]
      ) { $0.flags },
      .number("toy.hdr_len", "Header Length", bits: 8, at: { _ in 3..<4 }) {
        Int($0.words & 15) * 4
      },
      .derived("toy.offset", "Offset", .signed, bits: 8, at: { _ in 4..<5 }) { toy, _, _ in
        .signed(Int64(toy.offset))
      },
      .ipv4("toy.src", "Address", at: 5..<9) { $0.address },
      .ipv4("toy.dst", "Peer", at: 9..<13) { $0.peer },
      .either("toy.addr", "Address or Peer", of: "toy.src", "toy.dst"),
      .mac("toy.mac", "Station", at: 13..<19) { $0.mac },
      .ipv6("toy.v6", "Long Address", at: 19..<35) { IPv6Address(high: $0.high, low: $0.low) },
      .derived("toy.time", "Time", .absoluteTime) { toy, _, _ in
        .time(Timestamp(seconds: Int64(toy.seconds), nanoseconds: 500_000_000))
      },
      .derived("toy.gap", "Gap", .duration) { toy, _, _ in
        .duration(Int64(toy.offset) * 100_000_000)
      },
      .derived("toy.ratio", "Ratio", .floating) { toy, _, _ in .floating(Double(toy.kind) / 4) },
      .derived("toy.name", "Name", .string) { toy, _, _ in
        toy.options.isEmpty ? nil : .string(String(decoding: toy.options, as: UTF8.self))
      },
      .octets("toy.body", "Body") { 41..<41 + $0.options.count },
      .list("toy.letter", "Letter", .unsigned, bits: 8) { toy, _, _, add in
        for (index, option) in toy.options.enumerated() {
          add(.unsigned(UInt64(option)), 41 + index..<42 + index)
        }
      },
      .items(
        "toy.option", "Option",
        of: [Field<Item>.number("toy.option.value", "Value", at: 0..<1) { $0.value }]
      ) { toy, add in
        for (index, option) in toy.options.enumerated() {
          add(Item(value: option), 41 + index..<42 + index)
        }
      },
      .group(
        "toy.mark", "Mark", at: { $0.flags & 1 == 1 ? 1..<3 : nil },
        children: [
          .number("toy.mark.high", "Marked", at: 1..<2) { UInt8(truncatingIfNeeded: $0.flags >> 8) }
        ]),
    ],
    findings: [odd, long])
}

/// One packet of toys, dissected.
struct ToyPacket {
  var octets: [UInt8]

  /// - Parameter toys: Outermost first; each is followed by the next.
  init(_ toys: [Toy], payload: String = "") {
    var writer = ByteWriter()
    writer.write(UInt64(0x0011_2233_4455_0a0b))
    writer.write(UInt32(0x0c0d_0e0f))
    writer.write(UInt16(0x9999))
    for (index, toy) in toys.enumerated() {
      var toy = toy
      toy.next = index + 1 < toys.count ? 1 : 0
      toy.write(to: &writer)
    }
    writer.write(payload.utf8)
    octets = writer.bytes
  }

  init(octets: [UInt8]) { self.octets = octets }
}

extension Toy {
  init(
    kind: UInt8 = 2, flags: UInt16 = 0, words: UInt8 = 5, offset: Int8 = 0, _ address: UInt32,
    _ peer: UInt32, mac: UInt64 = 0x0011_2233_4455, high: UInt64 = 0, low: UInt64 = 1,
    seconds: UInt32 = 0, _ name: String = ""
  ) {
    self.kind = kind
    self.flags = flags
    self.words = words
    self.offset = offset
    self.address = IPv4Address(address)
    self.peer = IPv4Address(peer)
    self.mac = MACAddress(mac)
    self.high = high
    self.low = low
    self.seconds = seconds
    next = 0
    options = Array(name.utf8.prefix(15))
  }
}

/// The packets that the table of expressions speaks of, numbered from 1.
enum ToyCapture {
  static let packets: [ToyPacket] = [
    // 1: a hello between 10.0.0.1 and 10.0.0.2.
    ToyPacket(
      [
        Toy(
          kind: 1, flags: 0x8010, words: 5, offset: -3, 0x0a00_0001, 0x0a00_0002,
          high: 0xfe80 << 48, low: 1, seconds: 1_700_000_000, "abc")
      ], payload: "hi there\n"),
    // 2: from 10.0.0.2 to itself, without a name.
    ToyPacket([
      Toy(kind: 2, flags: 0x0021, words: 6, offset: 7, 0x0a00_0002, 0x0a00_0002, high: 0x2001 << 48)
    ]),
    // 3: one toy inside another.
    ToyPacket([
      Toy(kind: 3, flags: 0x00f0, 0xc0a8_0001, 0x0a00_0001, mac: 0xffff_ffff_ffff, "GET /x"),
      Toy(kind: 200, flags: 0xffff, offset: 100, 0xc0a8_0002, 0xffff_ffff, "Zz"),
    ]),
    // 4: another protocol, with nothing in it.
    ToyPacket(octets: [UInt8](repeating: 0, count: 12) + [0x12, 0x34, 1, 2, 3]),
  ]

  static let registry = Registry([Link.self, Toy.self])
  static let index = FieldIndex(registry)

  /// The numbers of the packets that pass.
  static func passing(_ text: String, direct: Bool = true) throws -> [Int] {
    let filter = try DisplayFilter(text, index: index, direct: direct)
    var dissector = Dissector(registry)
    var dissection = Dissection()
    var numbers: [Int] = []
    for (position, packet) in packets.enumerated() {
      let count = packet.octets.count
      let header = FrameHeader(
        time: Timestamp(seconds: Int64(100 + position), nanoseconds: 0), capturedLength: count,
        originalLength: count, linkType: .ethernet)
      let bytes = packet.octets.span.bytes
      dissector.dissect(bytes, header, into: &dissection)
      if filter.matches(dissection, in: bytes) { numbers.append(position + 1) }
    }
    return numbers
  }
}

/// A link layer like Ethernet.
struct Link: Layer {
  var destination: MACAddress
  var source: MACAddress
  var type: UInt16

  static let carriedBy: [PayloadType] = [.linkType(.ethernet)]

  init(reading reader: inout ByteReader) throws(ParseError) {
    let first: UInt64 = try reader.read()
    let second: UInt32 = try reader.read()
    type = try reader.read()
    destination = MACAddress(first >> 16)
    source = MACAddress((first & 0xffff) << 32 | UInt64(second))
  }

  func write(to writer: inout ByteWriter) {
    writer.write(UInt64(destination.value) << 16 | source.value >> 32)
    writer.write(UInt32(truncatingIfNeeded: source.value))
    writer.write(type)
  }

  var payloadType: PayloadType { .etherType(type) }

  static let schema = Schema<Link>(
    "link", "Link", "", column: "LINK",
    fields: [
      .mac("link.dst", "Destination", at: 0..<6) { $0.destination },
      .mac("link.src", "Source", at: 6..<12) { $0.source },
      .number("link.type", "Type", at: 12..<14, base: .hexadecimal) { $0.type },
    ])
}
