import PacketCore

/// Internet Protocol version 4. RFC 791 section 3.1.
///
/// ```
/// |Version|  IHL  |    DSCP   |ECN|          Total Length         |
/// |         Identification        |Flags|      Fragment Offset    |
/// |  Time to Live |    Protocol   |         Header Checksum       |
/// |                       Source Address                          |
/// |                    Destination Address                        |
/// |                    Options                    |    Padding    |
/// ```
public struct IPv4: Layer {
  /// Version in the upper four bits (always 4), header length in 32-bit words in the lower four.
  public var versionAndLength: UInt8
  /// Differentiated services code point (RFC 2474) and ECN (RFC 3168).
  public var differentiatedServices: UInt8
  /// Octets of header and payload together; 0 in packets captured before segmentation offload.
  public var totalLength: UInt16
  /// Number that the fragments of one datagram have in common.
  public var identification: UInt16
  /// Three flag bits and the fragment offset in units of eight octets.
  public var flagsAndOffset: UInt16
  /// Routers that the packet may still cross.
  public var timeToLive: UInt8
  /// The payload's protocol, an IANA number.
  public var `protocol`: UInt8
  /// Over the header alone.
  public var checksum: UInt16
  /// The sender.
  public var source: IPv4Address
  /// The receiver, or with a source route that is not used up the next stop.
  public var destination: IPv4Address
  /// The options, padding included; 0 to 40 octets.
  public var options: HeaderOptions

  public typealias Note = IPNote
  public typealias Memory = IPv4Fragments

  public static let carriedBy: [PayloadType] = [
    .etherType(0x0800), .ipProtocol(4), .ipVersion(4), .linkType(.ipv4), .llcSAP(0x06),
  ]

  @inline(__always)  // Read and looked at in one go, its fields stay in registers.
  public init(reading reader: inout ByteReader) throws(ParseError) {
    let (first, second, third) = try reader.read(UInt64.self, UInt64.self, UInt32.self)
    versionAndLength = UInt8(truncatingIfNeeded: first &>> 56)
    differentiatedServices = UInt8(truncatingIfNeeded: first &>> 48)
    totalLength = UInt16(truncatingIfNeeded: first &>> 32)
    identification = UInt16(truncatingIfNeeded: first &>> 16)
    flagsAndOffset = UInt16(truncatingIfNeeded: first)
    timeToLive = UInt8(truncatingIfNeeded: second &>> 56)
    `protocol` = UInt8(truncatingIfNeeded: second &>> 48)
    checksum = UInt16(truncatingIfNeeded: second &>> 32)
    source = IPv4Address(UInt32(truncatingIfNeeded: second))
    destination = IPv4Address(third)
    options = HeaderOptions()
    guard defect == .none else {
      // The header contradicts itself: nothing that it says about what follows can be trusted.
      reader.trim(toRemaining: 0)
      return
    }
    if headerLength > 20 {
      options = try HeaderOptions(reading: &reader, count: headerLength - 20)
    }
    // A length of 0 is left by the sender for its network card, which cuts a large packet into
    // segments and fills it in; the packet then reaches to the end of the frame.
    if totalLength != 0 { reader.trim(toRemaining: Int(totalLength) - headerLength) }
  }

  public func write(to writer: inout ByteWriter) {
    writer.write(versionAndLength)
    writer.write(differentiatedServices)
    writer.write(totalLength)
    writer.write(identification)
    writer.write(flagsAndOffset)
    writer.write(timeToLive)
    writer.write(`protocol`)
    writer.write(checksum)
    writer.write(source.value)
    writer.write(destination.value)
    options.write(to: &writer)
  }

  /// Octets of the header, options included, as the header says.
  @inlinable public var headerLength: Int { Int(versionAndLength & 15) * 4 }
  @inlinable public var moreFragments: Bool { flagsAndOffset & 0x2000 != 0 }
  /// Octets of the datagram's payload before this fragment's.
  @inlinable public var fragmentOffset: Int { Int(flagsAndOffset & 0x1fff) * 8 }
  /// Whether the packet holds a part of a datagram only.
  @inlinable public var isFragment: Bool { flagsAndOffset & 0x3fff != 0 }

  /// What makes a header unusable.
  enum Defect { case none, version, headerLength, totalLength }
  var defect: Defect {
    if versionAndLength >> 4 != 4 { return .version }
    if versionAndLength & 15 < 5 { return .headerLength }
    return totalLength != 0 && Int(totalLength) < headerLength ? .totalLength : .none
  }

  /// Only the first fragment begins with the upper layer's header.
  public var payloadType: PayloadType {
    defect == .none && fragmentOffset == 0 ? .ipProtocol(`protocol`) : .nothing
  }

  public func inspect(
    _ bytes: RawSpan, at index: Int, in dissection: inout Dissection, memory: IPv4Fragments
  ) -> PayloadType {
    var note = IPNote(timeToLive: timeToLive)
    guard defect == .none else {
      addDefect(at: index, to: &dissection)
      dissection.setNote(note, at: index)
      return .nothing
    }
    let record = dissection.layers[index]
    dissection.setEndpoints(
      source: Address(source),
      destination: Address(options.count > 0 ? finalDestination : destination))
    var total = InternetChecksum()
    total.add(bytes.extracting(record.header))
    note.verdict = ChecksumVerdict(found: checksum, total: total, pseudoHeader: nil)
    if note.verdict.status == .bad {
      dissection.add(
        Self.badChecksum, at: index, found: UInt64(checksum),
        expected: UInt64(note.verdict.expected))
    }
    let promised = Int(totalLength) - headerLength
    if promised > record.reportedPayloadLength {
      dissection.add(
        Self.bogusLength, at: index, found: UInt64(totalLength),
        expected: UInt64(truncatingIfNeeded: headerLength + record.reportedPayloadLength))
    }
    if timeToLive < 5 || destination.value >> 8 == 0xe0_0000 {
      inspectTimeToLive(at: index, in: &dissection)
    }
    if options.count > 0 { inspectOptions(at: index, in: &dissection) }

    guard isFragment else {
      dissection.setNote(note, at: index)
      return .ipProtocol(`protocol`)
    }
    note.isFragment = true
    var next = fragmentOffset == 0 ? payloadType : .nothing
    // A fragment takes part when all of it is here and its header can be believed.
    if record.payloadLength > 0, record.missing == 0, Int(record.payloadLength) == promised,
      note.verdict.status == .good
    {
      next = .nothing
      memory.add(self, record, bytes, at: index, in: &dissection, note: &note)
    }
    dissection.setNote(note, at: index)
    return next
  }

  public func summarize(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns
  ) {
    columns.protocolName = "IPv4"
    switch defect {
    case .version:
      columns.info.append("Bogus IPv4 version (")
      columns.info.append(versionAndLength >> 4)
      columns.info.append(", must be 4)")
    case .headerLength:
      columns.info.append("Bogus IP header length (")
      columns.info.append(UInt64(headerLength))
      columns.info.append(", must be at least 20)")
    case .totalLength:
      columns.info.append("Bogus IP length (")
      columns.info.append(totalLength)
      columns.info.append(", less than header length ")
      columns.info.append(UInt64(headerLength))
      columns.info.append(")")
    case .none:
      let isWaiting = isFragment && (record.payloadLength > 0 || fragmentOffset > 0)
      if isWaiting {
        columns.info.append("Fragmented IP protocol (proto=")
        columns.info.append(IPProtocolNumbers.name(`protocol`))
        columns.info.append(" ")
        columns.info.append(`protocol`)
        columns.info.append(", off=")
        columns.info.append(UInt64(fragmentOffset))
        columns.info.append(", ID=")
        columns.info.append(hex: UInt64(identification), digits: 4)
        columns.info.append(")")
      } else if record.payloadLength > 0 {
        columns.info.append(IPProtocolNumbers.name(`protocol`))
        columns.info.append(" (")
        columns.info.append(`protocol`)
        columns.info.append(")")
      }
    }
  }
}

/// What IPv4 and IPv6 leave for the layers that they carry, and for their own fields.
public struct IPNote: BitwiseCopyable, Sendable {
  /// The verdict on IPv4's header checksum.
  public var verdict = ChecksumVerdict(.unverified)
  /// Time to Live or Hop Limit, which ICMP's summary prints.
  public var timeToLive: UInt8
  /// The packet holds a part of a datagram and did not complete it.
  public var isFragment = false
  /// Fragments that made the datagram, and its octets, where this packet completed it.
  public var fragmentCount: UInt32 = 0
  /// Octets of the datagram that this packet completed; 0 where it completed none.
  public var reassembledLength: UInt32 = 0
}

extension Dissection {
  /// What the IP layer said that carries the layer at `index`, over extension headers and into
  /// reassembled octets; nil when there is none.
  func carrier(of index: Int) -> IPNote? {
    var position = index &- 1
    while position >= 0 {
      let record = layers[position]
      if record.is(IPv4.self) { return note(of: IPv4.self, record) }
      if record.is(IPv6.self) { return note(of: IPv6.self, record) }
      position &-= 1
    }
    return nil
  }
}

/// IPv4 fragments that wait for their rest. RFC 791 section 3.2.
public final class IPv4Fragments: LayerMemory {
  /// RFC 791: "the internet identification field (ID), source, destination, and protocol fields"
  /// belong together; the same packet seen at another point is another packet.
  struct Key: Hashable {
    var source: IPv4Address
    var destination: IPv4Address
    var identification: UInt16
    var protocolNumber: UInt8
    var point: CapturePoint
  }
  private var table: FragmentTable<Key>

  public init(limits: Limits) { table = FragmentTable(limits: limits) }

  /// Octets of fragments held.
  public var heldOctets: Int { table.held }

  func add(
    _ header: IPv4, _ record: LayerRecord, _ bytes: RawSpan, at index: Int,
    in dissection: inout Dissection, note: inout IPNote
  ) {
    let key = Key(
      source: header.source, destination: header.destination,
      identification: header.identification, protocolNumber: header.protocol,
      point: dissection.frame.point)
    let outcome = table.add(
      key, offset: header.fragmentOffset, isLast: !header.moreFragments,
      protocolNumber: header.protocol, octets: bytes.extracting(record.payload),
      at: dissection.frame.time)
    if outcome.conflicts {
      dissection.add(IPv4.conflictingOverlap, at: index)
    } else if outcome.overlaps {
      dissection.add(IPv4.overlap, at: index)
    }
    if outcome.isTooLong { dissection.add(IPv4.fragmentTooLong, at: index) }
    if outcome.hasSecondEnd { dissection.add(IPv4.multipleTails, at: index) }
    guard let whole = outcome.complete else { return }
    note.isFragment = false
    note.fragmentCount = UInt32(truncatingIfNeeded: whole.fragments)
    note.reassembledLength = UInt32(truncatingIfNeeded: whole.octets.count)
    dissection.continueWith(whole.octets, as: .ipProtocol(header.protocol))
  }
}
