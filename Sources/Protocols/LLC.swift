import PacketCore

/// Logical Link Control, with the SNAP extension. IEEE 802.2 clause 3; IEEE 802 clause 9 (SNAP).
///
/// ```
/// +---------+---------+----------------+  SNAP:  +-------------------+-------------------+
/// | DSAP, 1 | SSAP, 1 | control, 1 or 2 |        | organisation, 3   | protocol, 2       |
/// +---------+---------+----------------+         +-------------------+-------------------+
/// ```
public struct LLC: Layer {
  /// The service access point addressed; its lowest bit set means a group of them.
  public var destinationSAP: UInt8
  /// The service access point of the sender; its lowest bit set makes the frame a response.
  public var sourceSAP: UInt8
  /// The first control octet; its two lowest bits say what kind of frame this is.
  public var control: UInt8
  /// The second control octet, which unnumbered frames do not have.
  public var controlExtension: UInt8
  /// The organisation's number and the protocol's, where both SAPs are 0xaa.
  public var organization: UInt32
  /// The protocol's number at that organisation; an EtherType where it is 0.
  public var `protocol`: UInt16

  /// LLC has no EtherType. Linux gives it 4 (`ETH_P_802_2`), which is below every EtherType and
  /// is what stands in the protocol field of its cooked captures.
  public static let asPayload = PayloadType.etherType(0x0004)
  public static let carriedBy: [PayloadType] = [asPayload]

  public init(reading reader: inout ByteReader) throws(ParseError) {
    destinationSAP = try reader.read()
    sourceSAP = try reader.read()
    control = try reader.read()
    // IEEE 802.2 5.2: the two lowest bits set make an unnumbered frame, which has one octet.
    controlExtension = control & 3 == 3 ? 0 : try reader.read()
    organization = 0
    `protocol` = 0
    if destinationSAP == 0xaa, sourceSAP == 0xaa, control & 3 == 3 {
      organization = UInt32(try reader.read(UInt16.self)) << 8
      organization |= UInt32(try reader.read(UInt8.self))
      `protocol` = try reader.read()
    }
  }

  public func write(to writer: inout ByteWriter) {
    writer.write(destinationSAP)
    writer.write(sourceSAP)
    writer.write(control)
    if !isUnnumbered { writer.write(controlExtension) }
    guard isSNAP else { return }
    writer.write(UInt16(truncatingIfNeeded: organization >> 8))
    writer.write(UInt8(truncatingIfNeeded: organization))
    writer.write(`protocol`)
  }

  /// Whether an organisation and its protocol follow the control field.
  public var isSNAP: Bool { destinationSAP == 0xaa && sourceSAP == 0xaa && isUnnumbered }
  /// Whether the frame is unnumbered, with one control octet.
  public var isUnnumbered: Bool { control & 3 == 3 }
  private var controlLength: Int { isUnnumbered ? 1 : 2 }

  public var payloadType: PayloadType {
    guard isUnnumbered, control & 0xef == 0x03 else { return .nothing }
    if isSNAP {
      // IEEE 802 clause 9.5 and RFC 1042: organisation 0 means that an EtherType follows.
      return organization == 0 || organization == 0xf8 ? .etherType(`protocol`) : .nothing
    }
    return .llcSAP(destinationSAP)
  }

  public func summarize(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns
  ) {
    columns.protocolName = "LLC"
    writeControl(into: &columns.info)
    if isSNAP {
      columns.info.append("; SNAP, OUI 0x")
      columns.info.append(hexUpper: organization, digits: 6)
      if let name = Self.organizations[organization] {
        columns.info.append(" (")
        columns.info.append(name)
        columns.info.append(")")
      }
      columns.info.append(", PID 0x")
      columns.info.append(hexUpper: UInt32(`protocol`), digits: 4)
      return
    }
    columns.info.append("; DSAP ")
    columns.info.append(Self.accessPoints[destinationSAP & 0xfe] ?? "Unknown")
    columns.info.append(destinationSAP & 1 == 0 ? " Individual, SSAP " : " Group, SSAP ")
    columns.info.append(Self.accessPoints[sourceSAP & 0xfe] ?? "Unknown")
    columns.info.append(sourceSAP & 1 == 0 ? " Command" : " Response")
  }

  /// "U, func=UI", "I, N(R)=2, N(S)=1", "S F, func=RR, N(R)=3".
  func writeControl(into text: inout TextBuffer) {
    let isResponse = sourceSAP & 1 == 1
    if isUnnumbered {
      text.append(control & 0x10 == 0 ? "U" : isResponse ? "U F" : "U P")
      text.append(", func=")
      text.append(
        (isResponse ? Self.responses[control & 0xec] : Self.commands[control & 0xec])
          ?? "Unknown")
      return
    }
    let isSupervisory = control & 3 == 1
    text.append(isSupervisory ? "S" : "I")
    if controlExtension & 1 == 1 { text.append(isResponse ? " F" : " P") }
    if isSupervisory {
      text.append(", func=")
      text.append(Self.supervisory[control >> 2 & 3] ?? "Unknown")
    }
    text.append(", N(R)=")
    text.append(controlExtension >> 1)
    if !isSupervisory {
      text.append(", N(S)=")
      text.append(control >> 1)
    }
  }

  static let organizations: ValueNames = [
    0x000000: "Officially Xerox, but", 0x00000c: "Cisco Systems, Inc",
    0x0000f8: "Digital Equipment Corporation", 0x080007: "Apple, Inc.",
  ]
  static let commands: ValueNames = [
    0x00: "UI", 0x20: "UP", 0x40: "DISC", 0x6c: "SABME", 0xac: "XID", 0xe0: "TEST", 0x2c: "SABM",
    0x80: "SNRM", 0xcc: "SNRME", 0x0c: "SARM", 0x4c: "SARME", 0x04: "SIM", 0x8c: "RSET",
    0x84: "FRMR",
  ]
  static let responses: ValueNames = [
    0x00: "UI", 0x60: "UA", 0x0c: "DM", 0x84: "FRMR", 0xac: "XID", 0xe0: "TEST", 0x04: "RIM",
    0x40: "RD",
  ]
  static let supervisory: ValueNames = [0: "RR", 1: "RNR", 2: "REJ", 3: "SREJ"]
  static let accessPoints: ValueNames = [
    0x00: "NULL LSAP", 0x02: "LLC Sub-Layer Management", 0x04: "SNA Path Control",
    0x06: "TCP/IP", 0x08: "SNA", 0x0c: "SNA", 0x42: "Spanning Tree BPDU", 0x80: "XNS",
    0x98: "ARP", 0xaa: "SNAP", 0xe0: "NetWare", 0xf0: "NetBIOS", 0xf4: "IBM Net Management",
    0xf8: "HP Extended LLC", 0xfc: "Remote Program Load", 0xfe: "ISO Network Layer",
  ]

  public static let schema = Schema<LLC>(
    "llc", "Logical-Link Control", "IEEE 802.2", column: "LLC",
    fields: [
      .number(
        "llc.dsap", "DSAP", at: 0..<1, base: .hexadecimal, label: accessPoints.label,
        children: [
          .flag("llc.dsap.ig", "IG Bit", at: 0..<1, mask: 1) { $0.destinationSAP & 1 == 1 }
        ]
      ) { $0.destinationSAP },
      .number(
        "llc.ssap", "SSAP", at: 1..<2, base: .hexadecimal, label: accessPoints.label,
        children: [
          .flag("llc.ssap.cr", "CR Bit", at: 1..<2, mask: 1) { $0.sourceSAP & 1 == 1 }
        ]
      ) { $0.sourceSAP },
      .number(
        "llc.control", "Control", bits: 16, base: .hexadecimal,
        at: { 2..<2 + $0.controlLength }
      ) {
        // Wireshark shows the two octets as the little-endian number that IEEE 802.2 draws.
        UInt16($0.control) | UInt16($0.controlExtension) << 8
      },
      .number(
        "llc.oui", "Organization Code", bits: 24, base: .decimal, label: organizations.label,
        at: { _ in 3..<6 }
      ) { $0.isSNAP ? $0.organization : nil },
      .number(
        "llc.type", "Type", bits: 16, base: .hexadecimal, label: EtherTypes.names.label,
        at: { _ in 6..<8 }
      ) { $0.isSNAP && $0.organization == 0 ? $0.protocol : nil },
      .number(
        "llc.pid", "Protocol ID", bits: 16, base: .hexadecimal, at: { _ in 6..<8 }
      ) { $0.isSNAP && $0.organization != 0 ? $0.protocol : nil },
    ],
    heading: { layer, _, _, text in
      text.append(", ")
      layer.writeControl(into: &text)
    })
}

extension TextBuffer {
  /// A number in upper-case hexadecimal, exactly `digits` digits.
  mutating func append(hexUpper number: UInt32, digits: Int) {
    for index in stride(from: digits - 1, through: 0, by: -1) {
      let digit = UInt8(truncatingIfNeeded: number >> UInt32(truncatingIfNeeded: index * 4)) & 15
      append(byte: digit < 10 ? 48 + digit : 55 + digit)
    }
  }
}
