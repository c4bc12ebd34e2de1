import PacketCore

/// Internet Control Message Protocol for IPv6. RFC 4443; neighbour discovery RFC 4861, multicast
/// listeners RFC 2710 and 3810.
///
/// ```
/// |     Type      |     Code      |          Checksum             |
/// |              Rest of the header, by type                      |
/// |              Addresses, records and options, by type          |
/// ```
public struct ICMPv6: Layer {
  /// What the message is; errors are below 128.
  public var type: UInt8
  /// What the type means exactly.
  public var code: UInt8
  /// Over a pseudo-header and the whole message.
  public var checksum: UInt16
  /// The second four octets: identifier and sequence number, an MTU, a pointer, flags …
  public var rest: UInt32
  /// All that follows, for the types of neighbour discovery and multicast listeners.
  public var body: [UInt8] = []

  public typealias Memory = EchoRequests
  public typealias Note = EchoNote

  public static let carriedBy: [PayloadType] = [.ipProtocol(58)]

  public init(reading reader: inout ByteReader) throws(ParseError) {
    type = try reader.read()
    code = try reader.read()
    checksum = try reader.read()
    rest = try reader.read()
    let fixed = fixedLength
    if fixed > 0 || hasBody {
      if reader.remaining < fixed { try reader.skip(fixed) }
      body = try reader.array(reader.remaining)
    }
  }

  public func write(to writer: inout ByteWriter) {
    writer.write(type)
    writer.write(code)
    writer.write(checksum)
    writer.write(rest)
    writer.write(body)
  }

  /// An echo's identifier: the upper half of `rest`.
  public var identifier: UInt16 { UInt16(truncatingIfNeeded: rest >> 16) }
  /// An echo's sequence number: the lower half of `rest`.
  public var sequence: UInt16 { UInt16(truncatingIfNeeded: rest) }
  var isEcho: Bool { type == 128 || type == 129 }
  /// RFC 4443 section 2.1: error messages are the types below 128.
  var quotesPacket: Bool { (1...4).contains(type) }
  /// Types whose octets behind the first eight are fields.
  var hasBody: Bool { (130...137).contains(type) || type == 143 }
  /// Octets of the body before its options or records.
  var fixedLength: Int {
    switch type {
    case 130, 131, 132: 16
    case 134: 8
    case 135, 136: 16
    case 137: 32
    default: 0
    }
  }

  public var payloadType: PayloadType { quotesPacket ? .ipVersion(6) : .nothing }

  public func inspect(
    _ bytes: RawSpan, at index: Int, in dissection: inout Dissection, memory: EchoRequests
  ) -> PayloadType {
    let record = dissection.layers[index]
    var note = EchoNote()
    let octets = bytes.extracting(record.range)
    if record.missing == 0,
      let pseudoHeader = PseudoHeader.sum(
        dissection.endpoints, protocolNumber: 58, length: octets.byteCount)
    {
      var total = pseudoHeader
      total.add(octets)
      note.verdict = ChecksumVerdict(found: checksum, total: total, pseudoHeader: pseudoHeader)
      if note.verdict.status == .bad {
        dissection.add(
          Self.badChecksum, at: index, found: UInt64(checksum),
          expected: UInt64(note.verdict.expected))
      }
    }
    if type == 128 {
      memory.addRequest(replyChecksum: Self.replyChecksum(checksum), rest, dissection)
    } else if type == 129 {
      memory.findRequest(replyChecksum: checksum, rest, dissection, &note)
    }
    if hasBody {
      var isBroken = false
      eachOption { option, _ in isBroken = isBroken || option.isBroken }
      if isBroken { dissection.add(Self.invalidOptionLength, at: index) }
    }
    if quotesPacket { dissection.quoteWhatFollows() }
    dissection.setNote(note, at: index)
    return payloadType
  }

  /// The checksum once type 128 has become 129, by which a reply to a request is known.
  static func replyChecksum(_ request: UInt16) -> UInt16 {
    var sum = InternetChecksum()
    sum.add(~request)
    sum.add(UInt16(0x0100))
    let value = sum.value
    return value == 0 ? 0xffff : value
  }

  public func summarize(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns
  ) {
    columns.protocolName = "ICMPv6"
    summarizeType(into: &columns)
    switch type {
    case 128, 129:
      columns.info.append(" id=0x")
      columns.info.append(hex: UInt64(identifier), digits: 4)
      columns.info.append(", seq=")
      columns.info.append(sequence)
      columns.info.append(", hop limit=")
      columns.info.append(dissection.carrierOfSpeaker?.timeToLive ?? 0)
      if let note = dissection.note(of: ICMPv6.self, record), note.requestFrame != 0 {
        columns.info.append(" (request in ")
        columns.info.append(note.requestFrame)
        columns.info.append(")")
      }
    case 135:
      columns.info.append(" for ")
      columns.info.append(address(at: 0))
    case 136:
      columns.info.append(" ")
      columns.info.append(address(at: 0))
      columns.info.append(Self.advertisementFlags[rest >> 29] ?? "")
    default: break
    }
    summarizeLinkAddress(into: &columns.info)
  }

  public func summarizePart(_ count: Int, into columns: inout Columns) {
    if count >= 2 { summarizeType(into: &columns) }
  }

  private func summarizeType(into columns: inout Columns) {
    if let name = Self.types[type] {
      columns.info.append(name)
    } else {
      columns.info.append("Unknown (")
      columns.info.append(type)
      columns.info.append(")")
    }
    if let codes = Self.codes(of: type) {
      columns.info.append(" (")
      if let name = codes[code] {
        columns.info.append(name)
      } else {
        columns.info.append("Unknown (")
        columns.info.append(code)
        columns.info.append(")")
      }
      columns.info.append(")")
    }
  }

  /// Which options' link-layer addresses a summary ends with.
  private func summarizeLinkAddress(into text: inout TextBuffer) {
    guard type >= 133, type <= 137 else { return }
    eachOption { option, _ in
      guard !option.isBroken, option.type == 1 || option.type == 2, option.data.count == 6 else {
        return
      }
      text.append(option.type == 1 ? " from " : " is at ")
      text.append(MACAddress(option.data.reduce(0) { $0 << 8 | UInt64($1) }))
    }
  }

  /// An address in the body; 0 where it is too short.
  func address(at offset: Int) -> IPv6Address {
    guard offset + 16 <= body.count else { return IPv6Address(high: 0, low: 0) }
    let high = body[offset..<offset + 8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let low = body[offset + 8..<offset + 16].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return IPv6Address(high: high, low: low)
  }

  /// A number in the body; nil where it is too short.
  func number(at offset: Int, _ count: Int) -> UInt64? {
    guard offset + count <= body.count else { return nil }
    return body[offset..<offset + count].reduce(0) { $0 << 8 | UInt64($1) }
  }
}
