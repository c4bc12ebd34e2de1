import PacketCore

/// The body of a hop-by-hop or destination options header: type, length and data, one behind the
/// other. RFC 8200 section 4.2.
public struct IPv6Options: Sendable, Equatable {
  /// The header that follows.
  public var nextHeader: UInt8
  /// Octets of the whole header in units of eight, the first eight not counted.
  public var length: UInt8
  /// The options, padding included.
  public var octets: [UInt8]

  init(reading reader: inout ByteReader) throws(ParseError) {
    nextHeader = try reader.read()
    length = try reader.read()
    octets = try reader.array(Int(length) * 8 + 6)
  }

  func write(to writer: inout ByteWriter) {
    writer.write(nextHeader)
    writer.write(length)
    writer.write(octets)
  }

  /// Octets of the whole header.
  var size: Int { Int(length) * 8 + 8 }

  /// Goes through the options up to the first whose length cannot be.
  func each(_ body: (IPv6Option, Range<Int>) -> Void) {
    var at = 0
    while at < octets.count {
      let type = octets[at]
      // RFC 8200 4.2: "the format of the Pad1 option is a special case -- it does not have length
      // and value fields".
      if type == 0 {
        body(IPv6Option(type: 0, data: [], isBroken: false), at + 2..<at + 3)
        at += 1
        continue
      }
      guard at + 1 < octets.count else {
        body(IPv6Option(type: type, data: [], isBroken: true), at + 2..<at + 3)
        return
      }
      let wanted = at + 2 + Int(octets[at + 1])
      let end = min(wanted, octets.count)
      body(
        IPv6Option(
          type: type, length: octets[at + 1], data: Array(octets[at + 2..<end]),
          isBroken: wanted > end), at + 2..<end + 2)
      at = wanted
    }
  }

  /// RFC 6275 section 6.3: the address under which the sender's upper layers know it.
  var homeAddress: IPv6Address? {
    var found: IPv6Address?
    each { option, _ in
      if option.type == 201, option.data.count == 16 { found = option.address(at: 0) }
    }
    return found
  }
}

/// One option of an IPv6 options header.
public struct IPv6Option: Sendable, Equatable {
  /// What the option is; the upper bits say what a host does that does not know it.
  public var type: UInt8
  /// Octets of the data; nil for Pad1, which has no length octet.
  public var length: UInt8?
  /// What stands behind the length octet.
  public var data: [UInt8]
  /// The length reaches behind the header's end.
  public var isBroken: Bool

  static let names: ValueNames = [
    0: "Pad1", 1: "PadN", 4: "Tunnel Encapsulation Limit", 5: "Router Alert", 7: "CALIPSO",
    8: "SMF_DPD", 15: "Performance and Diagnostic Metrics", 30: "Experimental (0x1E)",
    38: "Quick-Start", 48: "Path MTU Option", 49: "IOAM Option", 62: "Experimental (0x3E)",
    94: "Experimental (0x5E)", 99: "RPL Option", 109: "MPL Option", 126: "Experimental (0x7E)",
    138: "Endpoint Identification", 139: "ILNP Nonce", 140: "Line-Identification Option",
    158: "Experimental (0x9E)", 190: "Experimental (0xBE)", 194: "Jumbo Payload",
    201: "Home Address", 222: "Experimental (0xDE)", 238: "IP_DFF", 254: "Experimental (0xFE)",
  ]
  /// RFC 8200 section 4.2: what a host does with a type that it does not know.
  static let actions: ValueNames = [
    0: "Skip and continue", 1: "Discard", 2: "Discard and send ICMP Parameter Problem",
    3: "Discard and send ICMP if not multicast",
  ]

  func number(at offset: Int, _ count: Int) -> UInt64? {
    guard offset + count <= data.count else { return nil }
    return data[offset..<offset + count].reduce(0) { $0 << 8 | UInt64($1) }
  }

  func address(at offset: Int) -> IPv6Address? {
    guard let high = number(at: offset, 8), let low = number(at: offset + 8, 8) else { return nil }
    return IPv6Address(high: high, low: low)
  }

  /// The fields of an option, named for the header that holds it: Wireshark's `ipv6.opt.*` stands
  /// for both (see `IPv6.schema`).
  static func fields(_ prefix: String) -> [Field<IPv6Option>] {
    [
      .number(
        "\(prefix).opt.type", "Type", at: 0..<1, base: .hexadecimal, label: names.label,
        children: [
          .number(
            "\(prefix).opt.type.action", "Action", at: 0..<1, mask: 0xc0, label: actions.label
          ) { $0.type >> 6 },
          .flag("\(prefix).opt.type.change", "May Change", at: 0..<1, mask: 0x20) {
            $0.type & 0x20 != 0
          },
          .number(
            "\(prefix).opt.type.rest", "Low-Order Bits", at: 0..<1, mask: 0x1f,
            base: .hexadecimal
          ) { $0.type & 0x1f },
        ]
      ) { $0.type },
      .number("\(prefix).opt.length", "Length", bits: 8, at: { _ in 1..<2 }) { $0.length },
      .octets("\(prefix).opt.padn", "PadN") { $0.type == 1 ? 2..<2 + $0.data.count : nil },
      .number("\(prefix).opt.tel", "Tunnel Encapsulation Limit", bits: 8, at: { _ in 2..<3 }) {
        $0.type == 4 ? $0.number(at: 0, 1) : nil
      },
      .number("\(prefix).opt.router_alert", "Router Alert", bits: 16, at: { _ in 2..<4 }) {
        $0.type == 5 ? $0.number(at: 0, 2) : nil
      },
      .number("\(prefix).opt.jumbo", "Payload Length", bits: 32, at: { _ in 2..<6 }) {
        $0.type == 194 ? $0.number(at: 0, 4) : nil
      },
      .derived("\(prefix).opt.mipv6.home_address", "MIPv6 Home Address", .ipv6, at: { _ in 2..<18 })
      { option, _, _ in
        option.type == 201 ? option.address(at: 0).map { .ipv6($0) } : nil
      },
      // RFC 4727 section 3.4.
      .octets("\(prefix).opt.experimental", "Experimental Option") {
        $0.type & 0x1f == 30 ? 2..<2 + $0.data.count : nil
      },
      .octets("\(prefix).opt.unknown", "Unknown Option Payload") {
        names[$0.type] != nil ? nil : 2..<2 + $0.data.count
      },
    ]
  }

  /// Names and titles that stand for an option's field in either header.
  static let shared: [(name: String, title: String)] = [
    ("type", "Type"), ("type.action", "Action"), ("type.change", "May Change"),
    ("type.rest", "Low-Order Bits"), ("length", "Length"), ("padn", "PadN"),
    ("tel", "Tunnel Encapsulation Limit"), ("router_alert", "Router Alert"),
    ("jumbo", "Payload Length"), ("mipv6.home_address", "MIPv6 Home Address"),
    ("experimental", "Experimental Option"),
    ("unknown", "Unknown Option Payload"),
  ]
}
