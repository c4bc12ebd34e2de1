import PacketCore

/// User Datagram Protocol. RFC 768.
///
/// ```
/// |          Source Port          |       Destination Port        |
/// |            Length             |           Checksum            |
/// ```
public struct UDP: Layer {
  /// The sender's port; 0 where no answer is wanted.
  public var sourcePort: UInt16
  /// The receiver's port.
  public var destinationPort: UInt16
  /// Octets of header and data.
  public var length: UInt16
  /// Over a pseudo-header and the datagram; 0 for none.
  public var checksum: UInt16

  public typealias Memory = UDPStreams

  /// What the packet before this one and its checksum have to say.
  public struct Note: BitwiseCopyable, Sendable {
    /// The verdict on the checksum.
    public var verdict = ChecksumVerdict(.unverified)
    /// Number of the conversation, from 0.
    public var stream: UInt32 = 0
    /// Nanoseconds since the conversation's first and last packet.
    public var sinceFirst: Int64 = 0
    /// Nanoseconds since the conversation's last packet.
    public var sincePrevious: Int64 = 0
    /// The length field agrees with what IP carries.
    var defect = Defect.none
  }

  /// What is wrong with the length.
  enum Defect: UInt8, BitwiseCopyable, Sendable { case none, tooSmall, tooLarge, jumbo }

  public static let carriedBy: [PayloadType] = [.ipProtocol(17)]

  /// A header with these fields; nothing is computed.
  public init(sourcePort: UInt16, destinationPort: UInt16, length: UInt16, checksum: UInt16) {
    self.sourcePort = sourcePort
    self.destinationPort = destinationPort
    self.length = length
    self.checksum = checksum
  }

  public init(reading reader: inout ByteReader) throws(ParseError) {
    let ports = try reader.read(UInt64.self)
    sourcePort = UInt16(truncatingIfNeeded: ports &>> 48)
    destinationPort = UInt16(truncatingIfNeeded: ports &>> 32)
    length = UInt16(truncatingIfNeeded: ports &>> 16)
    checksum = UInt16(truncatingIfNeeded: ports)
    if length >= 8 { reader.trim(toRemaining: Int(length) &- 8) }
  }

  public func write(to writer: inout ByteWriter) {
    writer.write(sourcePort)
    writer.write(destinationPort)
    writer.write(length)
    writer.write(checksum)
  }

  public var payloadType: PayloadType { .ports(.udpPort, sourcePort, destinationPort) }

  public func inspect(
    _ bytes: RawSpan, at index: Int, in dissection: inout Dissection, memory: UDPStreams
  ) -> PayloadType {
    let record = dissection.layers[index]
    let isFragment = dissection.carrier(of: index)?.isFragment ?? false
    var note = Note()
    let here = record.reportedPayloadLength
    if length < 8 {
      // RFC 2675 section 4: a jumbogram's length field is zero.
      let isJumbo = length == 0 && dissection.endpoints.source.family == .ipv6
      note.defect = isJumbo ? .jumbo : .tooSmall
      if isJumbo {
        if here < 65528 { dissection.add(Self.zeroLength, at: index) }
      } else {
        dissection.add(Self.badLength, at: index, found: UInt64(length), expected: 8)
      }
    } else if Int(length) &- 8 > here, !isFragment {
      note.defect = .tooLarge
      dissection.add(
        Self.badLength, at: index, found: UInt64(length),
        expected: UInt64(truncatingIfNeeded: here &+ 8))
    }
    memory.find(self, &dissection, &note)
    if !isFragment, record.missing == 0, note.defect == .none || note.defect == .jumbo {
      verify(bytes.extracting(record.range), at: index, in: &dissection, &note)
    }
    dissection.setNote(note, at: index)
    return note.defect == .none || note.defect == .jumbo ? payloadType : .nothing
  }

  /// RFC 768: "If the computed checksum is zero, it is transmitted as all ones. An all zero
  /// transmitted checksum value means that the transmitter generated no checksum". RFC 8200
  /// section 8.1 forbids the latter over IPv6.
  @inline(__always)
  private func verify(
    _ octets: RawSpan, at index: Int, in dissection: inout Dissection, _ note: inout Note
  ) {
    let endpoints = dissection.endpoints
    if checksum == 0 {
      if endpoints.source.family == .ipv6 {
        note.verdict = ChecksumVerdict(.illegal)
        dissection.add(Self.zeroChecksum, at: index)
      } else {
        note.verdict = ChecksumVerdict(.notPresent)
      }
      return
    }
    guard
      let pseudoHeader = PseudoHeader.sum(
        endpoints, protocolNumber: 17, length: octets.byteCount)
    else { return }
    var total = pseudoHeader
    total.add(octets)
    note.verdict = ChecksumVerdict(found: checksum, total: total, pseudoHeader: pseudoHeader)
    if note.verdict.status == .bad {
      dissection.add(
        Self.badChecksum, at: index, found: UInt64(checksum),
        expected: UInt64(note.verdict.expected))
    }
  }

  public func summarize(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns
  ) {
    columns.protocolName = "UDP"
    let note = dissection.note(of: UDP.self, record) ?? Note()
    columns.info.append(sourcePort)
    columns.info.append(" → ")
    columns.info.append(destinationPort)
    switch note.defect {
    case .tooSmall:
      columns.info.append(" [BAD UDP LENGTH ")
      columns.info.append(length)
      columns.info.append(" < 8]")
      return
    case .tooLarge:
      columns.info.append(" [BAD UDP LENGTH ")
      columns.info.append(length)
      columns.info.append(" > IP PAYLOAD LENGTH] Len=")
      columns.info.append(UInt64(length) &- 8)
      return
    case .jumbo:
      columns.info.append(" Len=")
      columns.info.append(UInt64(record.reportedPayloadLength))
      columns.info.append(" [Jumbogram]")
    case .none:
      columns.info.append(" Len=")
      columns.info.append(UInt64(length) &- 8)
    }
    switch note.verdict.status {
    case .illegal: columns.info.append(" [ILLEGAL CHECKSUM (0)]")
    default: break
    }
  }

  public func summarizePart(_ count: Int, into columns: inout Columns) {
    guard count >= 4 else { return }
    columns.info.append(sourcePort)
    columns.info.append(" → ")
    columns.info.append(destinationPort)
  }

  static let badChecksum = FindingKind(
    "udp.checksum.bad", "Bad checksum", .error, .checksum, detail: IPv4.badChecksum.detail)
  static let zeroChecksum = FindingKind(
    "udp.checksum.zero", "Illegal checksum value (0)", .error, .checksum)
  static let badLength = FindingKind(
    "udp.length.bad", "Bad length value", .error, .malformed
  ) { " \($0), \($1) is what IP carries or the least allowed" }
  static let zeroLength = FindingKind(
    "udp.length.bad_zero", "Length is zero but payload < 65536", .error, .malformed)

  public static let schema = Schema<UDP>(
    "udp", "User Datagram Protocol", "RFC 768", column: "UDP",
    fields: [
      .number("udp.srcport", "Source Port", at: 0..<2) { $0.sourcePort },
      .number("udp.dstport", "Destination Port", at: 2..<4) { $0.destinationPort },
      .either("udp.port", "Source or Destination Port", of: "udp.srcport", "udp.dstport"),
      .number("udp.length", "Length", at: 4..<6, unit: "bytes") { $0.length },
      .number("udp.checksum", "Checksum", at: 6..<8, base: .hexadecimal) { $0.checksum },
      .derived(
        "udp.checksum_calculated", "Calculated Checksum", .unsigned, base: .hexadecimal, bits: 16
      ) { _, record, dissection in
        guard let verdict = dissection.note(of: UDP.self, record)?.verdict,
          verdict.status == .good || verdict.status == .bad
        else { return nil }
        return .unsigned(UInt64(verdict.expected))
      },
      .derived(
        "udp.checksum.status", "Checksum Status", .unsigned, bits: 8,
        label: ChecksumWords.statuses.label
      ) { _, record, dissection in
        dissection.note(of: UDP.self, record).map { .unsigned(UInt64($0.verdict.status.rawValue)) }
      },
      .derived("udp.stream", "Stream index", .unsigned) { _, record, dissection in
        dissection.note(of: UDP.self, record).map { .unsigned(UInt64($0.stream)) }
      },
      .derived("udp.time_relative", "Time since first frame", .duration) { _, record, dissection in
        dissection.note(of: UDP.self, record).map { .duration($0.sinceFirst) }
      },
      .derived("udp.time_delta", "Time since previous frame", .duration) { _, record, dissection in
        dissection.note(of: UDP.self, record).map { .duration($0.sincePrevious) }
      },
      .octets("udp.payload", "Payload") { _, _, record, _ in 8..<8 + Int(record.payloadLength) },
    ], findings: [badChecksum, zeroChecksum, badLength, zeroLength],
    heading: { layer, _, _, text in
      text.append(", Src Port: ")
      text.append(layer.sourcePort)
      text.append(", Dst Port: ")
      text.append(layer.destinationPort)
    })
}

/// UDP conversations: their numbers, in the order in which they were first seen, and their times.
public final class UDPStreams: LayerMemory {
  private struct Stream {
    // Nanoseconds since the capture's first frame: eight octets where a timestamp takes sixteen.
    var first: Int64
    var last: Int64
    var number: UInt32
  }
  private var streams: FlowTable<NoTag, Stream>
  /// Conversations seen.
  public private(set) var count: UInt32 = 0

  public init(limits: Limits) { streams = FlowTable(limit: limits.exchanges) }

  func find(_ layer: UDP, _ dissection: inout Dissection, _ note: inout UDP.Note) {
    let now = dissection.frame.time.nanoseconds(since: dissection.firstTime)
    let key = FlowKey(
      dissection.endpoints, layer.sourcePort, layer.destinationPort, dissection.frame.point)
    if var stream = streams[key, NoTag()] {
      note.stream = stream.number
      note.sinceFirst = now &- stream.first
      note.sincePrevious = now &- stream.last
      stream.last = now
      streams[key, NoTag()] = stream
    } else {
      note.stream = count
      streams[key, NoTag()] = Stream(first: now, last: now, number: count)
      count &+= 1
    }
  }
}
