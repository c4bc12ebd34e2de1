import PacketCore

/// A part of a packet that its sender cut. RFC 8200 section 4.5.
///
/// ```
/// |  Next Header  |   Reserved    |      Fragment Offset    |Res|M|
/// |                         Identification                        |
/// ```
public struct IPv6Fragment: Layer {
  /// The header that the whole packet goes on with.
  public var nextHeader: UInt8
  /// Zero.
  public var reserved: UInt8
  /// Offset in units of eight octets (13 bits), two reserved bits, "more fragments".
  public var offsetAndFlags: UInt16
  /// Number that the fragments of one packet have in common.
  public var identification: UInt32

  public typealias Note = IPNote
  public typealias Memory = IPv6Fragments

  public static let carriedBy: [PayloadType] = [.ipProtocol(44)]

  public init(reading reader: inout ByteReader) throws(ParseError) {
    nextHeader = try reader.read()
    reserved = try reader.read()
    offsetAndFlags = try reader.read()
    identification = try reader.read()
  }

  public func write(to writer: inout ByteWriter) {
    writer.write(nextHeader)
    writer.write(reserved)
    writer.write(offsetAndFlags)
    writer.write(identification)
  }

  /// Octets of the fragmentable part before this one's.
  public var offset: Int { Int(offsetAndFlags & 0xfff8) }
  /// Whether this is not the last fragment.
  public var moreFragments: Bool { offsetAndFlags & 1 == 1 }
  /// RFC 6946: a packet that has the header and is whole.
  public var isAtomic: Bool { offset == 0 && !moreFragments }

  /// Only the first fragment begins with the next header.
  public var payloadType: PayloadType { offset == 0 ? .ipProtocol(nextHeader) : .nothing }

  public func inspect(
    _ bytes: RawSpan, at index: Int, in dissection: inout Dissection, memory: IPv6Fragments
  ) -> PayloadType {
    guard !isAtomic else { return payloadType }
    let record = dissection.layers[index]
    var note = IPNote(timeToLive: 0)
    note.isFragment = true
    if record.missing == 0, record.payloadLength > 0 {
      memory.add(self, record, bytes, at: index, in: &dissection, note: &note)
    }
    dissection.setNote(note, at: index)
    return .nothing
  }

  public func summarize(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns
  ) {
    guard !isAtomic else { return IPv6.summarizeNext(nextHeader, into: &columns) }
    columns.protocolName = "IPv6"
    columns.info.append("IPv6 fragment (off=")
    columns.info.append(UInt64(offset))
    columns.info.append(moreFragments ? " more=y ident=0x" : " more=n ident=0x")
    columns.info.append(hex: UInt64(identification), digits: 8)
    columns.info.append(" nxt=")
    columns.info.append(nextHeader)
    columns.info.append(")")
  }

  static let overlap = FindingKind(
    "ipv6.fragment.overlap", "Fragment overlap", .warning, .reassemble)
  static let conflictingOverlap = FindingKind(
    "ipv6.fragment.overlap.conflict", "Conflicting data in fragment overlap", .error, .reassemble)
  static let fragmentTooLong = FindingKind(
    "ipv6.fragment.toolongfragment", "Fragment too long", .error, .reassemble)
  static let multipleTails = FindingKind(
    "ipv6.fragment.multipletails", "Multiple tail fragments found", .error, .reassemble)

  public static let schema = Schema<IPv6Fragment>(
    "ipv6.fraghdr", "Fragment Header for IPv6", "RFC 8200", column: "IPv6",
    fields: [
      .number("ipv6.fraghdr.nxt", "Next header", at: 0..<1, label: IPProtocolNumbers.label) {
        $0.nextHeader
      },
      .number("ipv6.fraghdr.reserved_octet", "Reserved octet", at: 1..<2, base: .hexadecimal) {
        $0.reserved
      },
      .number("ipv6.fraghdr.offset", "Offset", at: 2..<4, mask: 0xfff8) { $0.offsetAndFlags >> 3 },
      .number("ipv6.fraghdr.reserved_bits", "Reserved bits", at: 2..<4, mask: 0x0006) {
        $0.offsetAndFlags >> 1 & 3
      },
      .flag("ipv6.fraghdr.more", "More Fragments", at: 2..<4, mask: 0x0001) { $0.moreFragments },
      .number("ipv6.fraghdr.ident", "Identification", at: 4..<8, base: .hexadecimal) {
        $0.identification
      },
      .derived("ipv6.fragment.count", "Fragment count", .unsigned) { _, record, dissection in
        guard let note = dissection.note(of: IPv6Fragment.self, record), note.fragmentCount > 0
        else { return nil }
        return .unsigned(UInt64(note.fragmentCount))
      },
      .derived("ipv6.reassembled.length", "Reassembled IPv6 length", .unsigned, unit: "bytes") {
        _, record, dissection in
        guard let note = dissection.note(of: IPv6Fragment.self, record), note.fragmentCount > 0
        else { return nil }
        return .unsigned(UInt64(note.reassembledLength))
      },
    ], findings: [overlap, conflictingOverlap, fragmentTooLong, multipleTails])
}

/// IPv6 fragments that wait for their rest. RFC 8200 section 4.5.
public final class IPv6Fragments: LayerMemory {
  /// RFC 8200: "the same Source Address, Destination Address, and Fragment Identification".
  struct Key: Hashable {
    var ends: Endpoints
    var identification: UInt32
    var point: CapturePoint
  }
  private var table: FragmentTable<Key>

  public init(limits: Limits) { table = FragmentTable(limits: limits) }

  /// Octets of fragments held.
  public var heldOctets: Int { table.held }

  func add(
    _ header: IPv6Fragment, _ record: LayerRecord, _ bytes: RawSpan, at index: Int,
    in dissection: inout Dissection, note: inout IPNote
  ) {
    let outcome = table.add(
      Key(
        ends: dissection.endpoints, identification: header.identification,
        point: dissection.frame.point),
      offset: header.offset, isLast: !header.moreFragments, protocolNumber: header.nextHeader,
      octets: bytes.extracting(record.payload), at: dissection.frame.time)
    // RFC 5722: overlapping fragments are never right; receivers drop the whole packet. It is put
    // together all the same, since somebody looks at it to see what went on.
    if outcome.conflicts {
      dissection.add(IPv6Fragment.conflictingOverlap, at: index)
    } else if outcome.overlaps {
      dissection.add(IPv6Fragment.overlap, at: index)
    }
    if outcome.isTooLong { dissection.add(IPv6Fragment.fragmentTooLong, at: index) }
    if outcome.hasSecondEnd { dissection.add(IPv6Fragment.multipleTails, at: index) }
    guard let whole = outcome.complete else { return }
    note.isFragment = false
    note.fragmentCount = UInt32(truncatingIfNeeded: whole.fragments)
    note.reassembledLength = UInt32(truncatingIfNeeded: whole.octets.count)
    dissection.continueWith(whole.octets, as: .ipProtocol(whole.protocolNumber))
  }
}
