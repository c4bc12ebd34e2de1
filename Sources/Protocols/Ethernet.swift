import PacketCore

/// Ethernet II and IEEE 802.3 frames. IEEE 802.3 clause 3; the EtherType field as RFC 894 uses it.
///
/// ```
/// +--------------------+--------------------+-------------+----------------------- - -
/// | destination, 6     | source, 6          | type, 2     | data, padding, trailer
/// +--------------------+--------------------+-------------+----------------------- - -
/// ```
public struct Ethernet: Layer {
  /// The station or group that the frame is for.
  public var destination: MACAddress
  /// The station that sent the frame.
  public var source: MACAddress
  /// EtherType from 0x0600 on; up to 1500 the octets of an 802.3 frame's LLC data.
  public var type: UInt16

  public static let carriedBy: [PayloadType] = [.linkType(.ethernet), .etherType(0x6558)]

  /// A header with these fields.
  public init(destination: MACAddress, source: MACAddress, type: UInt16) {
    self.destination = destination
    self.source = source
    self.type = type
  }

  @inline(__always)  // Read and looked at in one go, its fields stay in registers.
  public init(reading reader: inout ByteReader) throws(ParseError) {
    let (first, second, last) = try reader.read(UInt64.self, UInt32.self, UInt16.self)
    type = last
    destination = MACAddress(first >> 16)
    source = MACAddress((first & 0xffff) << 32 | UInt64(second))
    // IEEE 802.3 3.2.6: a value up to 1500 is the number of octets of data, and padding follows.
    if isLength { reader.trim(toRemaining: Int(type)) }
  }

  public func write(to writer: inout ByteWriter) {
    writer.write(UInt16(truncatingIfNeeded: destination.value >> 32))
    writer.write(UInt32(truncatingIfNeeded: destination.value))
    writer.write(UInt16(truncatingIfNeeded: source.value >> 32))
    writer.write(UInt32(truncatingIfNeeded: source.value))
    writer.write(type)
  }

  /// Whether the type field is the length of an 802.3 frame.
  public var isLength: Bool { type <= 1500 }
  /// Between the two meanings: IEEE 802.3 3.2.6 leaves 1501 to 1535 undefined.
  public var isUndefined: Bool { type > 1500 && type < 0x600 }

  public var payloadType: PayloadType {
    isLength ? LLC.asPayload : isUndefined ? .nothing : .etherType(type)
  }

  public func inspect(
    _ bytes: RawSpan, at index: Int, in dissection: inout Dissection, memory: NoMemory
  ) -> PayloadType {
    dissection.setEndpoints(source: Address(source), destination: Address(destination))
    if isLength {
      let record = dissection.layers[index]
      if Int(type) > record.reportedPayloadLength {
        dissection.add(
          Self.lengthPastEnd, at: index, found: UInt64(type),
          expected: UInt64(record.reportedPayloadLength))
      }
    } else if isUndefined {
      dissection.add(Self.invalidLengthOrType, at: index, found: UInt64(type))
    }
    if source.value >> 40 & 1 == 1 { dissection.add(Self.groupSource, at: index) }
    return payloadType
  }

  public func summarize(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns
  ) {
    columns.protocolName = "Ethernet"
    if isUndefined {
      columns.info.append("Ethernet Unknown: Invalid length/type: 0x")
      columns.info.append(hex: UInt64(type), digits: 4)
      columns.info.append(" (")
      columns.info.append(type)
      columns.info.append(")")
    } else {
      columns.info.append(EtherTypes.names[type] ?? "Ethernet II")
    }
  }

  static let lengthPastEnd = FindingKind(
    "eth.len.past_end", "Length field value goes past the end of the payload", .error, .malformed
  ) { ": \($0), \($1) octets are there" }
  static let invalidLengthOrType = FindingKind(
    "eth.invalid_lentype.expert", "Invalid length/type", .warning, .protocolError
  ) { found, _ in ": \(found)" }
  static let groupSource = FindingKind(
    "eth.src_not_group",
    "Source MAC must not be a group address: IEEE 802.3-2002, Section 3.2.3(b)", .warning,
    .protocolError)

  public static let schema = Schema<Ethernet>(
    "eth", "Ethernet", "IEEE 802.3", column: "Ethernet",
    fields: [
      .mac(
        "eth.dst", "Destination", at: 0..<6,
        children: [
          .flag(
            "eth.dst.lg", "LG bit", at: 0..<3, mask: 0x2_0000,
            words: ("Locally administered address", "Globally unique address (factory default)")
          ) { $0.destination.value >> 41 & 1 == 1 },
          .flag(
            "eth.dst.ig", "IG bit", at: 0..<3, mask: 0x1_0000,
            words: ("Group address (multicast/broadcast)", "Individual address (unicast)")
          ) { $0.destination.value >> 40 & 1 == 1 },
        ]
      ) { $0.destination },
      .mac(
        "eth.src", "Source", at: 6..<12,
        children: [
          .flag(
            "eth.src.lg", "LG bit", at: 6..<9, mask: 0x2_0000,
            words: ("Locally administered address", "Globally unique address (factory default)")
          ) { $0.source.value >> 41 & 1 == 1 },
          .flag(
            "eth.src.ig", "IG bit", at: 6..<9, mask: 0x1_0000,
            words: ("Group address (multicast/broadcast)", "Individual address (unicast)")
          ) { $0.source.value >> 40 & 1 == 1 },
        ]
      ) { $0.source },
      .either("eth.addr", "Address", of: "eth.dst", "eth.src"),
      .either("eth.lg", "LG bit", of: "eth.dst.lg", "eth.src.lg"),
      .either("eth.ig", "IG bit", of: "eth.dst.ig", "eth.src.ig"),
      .number(
        "eth.type", "Type", bits: 16, base: .hexadecimal, label: EtherTypes.names.label,
        at: { _ in 12..<14 }
      ) { $0.isLength || $0.isUndefined ? nil : $0.type },
      .number("eth.len", "Length", bits: 16, at: { _ in 12..<14 }) { $0.isLength ? $0.type : nil },
      .number(
        "eth.invalid_lentype", "Invalid length/type", bits: 16, base: .hexadecimalAndDecimal,
        at: { _ in 12..<14 }
      ) { $0.isUndefined ? $0.type : nil },
      .octets("eth.padding", "Padding") { _, bytes, record, dissection in
        FrameTail(behind: record, bytes, dissection)?.padding
      },
      .octets("eth.trailer", "Trailer") { _, bytes, record, dissection in
        FrameTail(behind: record, bytes, dissection)?.trailer
      },
      .list(
        "eth.fcs", "Frame check sequence", .unsigned, base: .hexadecimal, bits: 32
      ) { _, bytes, dissection, emit in
        // Only the frame's own header has one; what a tunnel carries has left its behind.
        guard let record = dissection.layers.first(where: { $0.is(Ethernet.self) }),
          let place = FrameTail(behind: record, bytes, dissection)?.frameCheckSequence,
          place.count == 4
        else { return }
        let start = Int(record.start) + place.lowerBound
        let octets = (start..<start + 4).map {
          bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self)
        }
        emit(.unsigned(octets.reduce(0) { $0 << 8 | UInt64($1) }), place)
      },
    ], findings: [lengthPastEnd, invalidLengthOrType, groupSource],
    heading: { layer, _, _, text in
      text.append(layer.isLength ? " (IEEE 802.3), Src: " : " II, Src: ")
      text.append(layer.source)
      text.append(", Dst: ")
      text.append(layer.destination)
    })
}
