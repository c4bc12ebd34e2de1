import PacketCore

/// Internet Control Message Protocol for IPv4. RFC 792; masks RFC 950, path MTU RFC 1191, router
/// discovery RFC 1256, extended echo RFC 8335.
///
/// ```
/// |     Type      |     Code      |           Checksum            |
/// |                Rest of the header, by type                    |
/// ```
public struct ICMP: Layer {
  /// What the message is.
  public var type: UInt8
  /// What the type means exactly.
  public var code: UInt8
  /// Over the whole message.
  public var checksum: UInt16
  /// The second four octets: identifier and sequence number, a gateway, a pointer …
  public var rest: UInt32
  /// Milliseconds since midnight UT: originate, receive, transmit. Zero where there are none.
  public var originateTime: UInt32 = 0
  /// When the request came in, in milliseconds since midnight UT.
  public var receiveTime: UInt32 = 0
  /// When the reply went out, in milliseconds since midnight UT.
  public var transmitTime: UInt32 = 0
  /// The mask of an address mask message.
  public var mask = IPv4Address(0)
  /// Router addresses and preferences, 8 octets each, of a router advertisement.
  public var routers: [UInt8] = []

  public typealias Memory = EchoRequests
  public typealias Note = EchoNote

  public static let carriedBy: [PayloadType] = [.ipProtocol(1)]

  public init(reading reader: inout ByteReader) throws(ParseError) {
    type = try reader.read()
    code = try reader.read()
    checksum = try reader.read()
    rest = try reader.read()
    switch type {
    case 13, 14:
      originateTime = try reader.read()
      receiveTime = try reader.read()
      transmitTime = try reader.read()
    case 17, 18: mask = IPv4Address(try reader.read())
    // RFC 1256 section 3.1: number of addresses, words per entry, lifetime.
    case 9 where rest >> 16 & 0xff == 2: routers = try reader.array(Int(rest >> 24) * 8)
    default: break
    }
  }

  public func write(to writer: inout ByteWriter) {
    writer.write(type)
    writer.write(code)
    writer.write(checksum)
    writer.write(rest)
    switch type {
    case 13, 14:
      writer.write(originateTime)
      writer.write(receiveTime)
      writer.write(transmitTime)
    case 17, 18: writer.write(mask.value)
    case 9: writer.write(routers)
    default: break
    }
  }

  /// An echo's identifier: the upper half of `rest`.
  public var identifier: UInt16 { UInt16(truncatingIfNeeded: rest >> 16) }
  /// An echo's sequence number: the lower half of `rest`.
  public var sequence: UInt16 { UInt16(truncatingIfNeeded: rest) }
  var isEcho: Bool { type == 0 || type == 8 }
  /// Types whose second word is an identifier and a sequence number.
  var hasIdentifier: Bool { isEcho || (13...18).contains(type) }
  /// Types that quote the packet that they are about.
  var quotesPacket: Bool { type == 3 || type == 4 || type == 5 || type == 11 || type == 12 }
  var isExtendedEcho: Bool { type == 42 || type == 43 }

  public var payloadType: PayloadType { quotesPacket ? .ipVersion(4) : .nothing }

  public func inspect(
    _ bytes: RawSpan, at index: Int, in dissection: inout Dissection, memory: EchoRequests
  ) -> PayloadType {
    let record = dissection.layers[index]
    let isFragment = dissection.carrier(of: index)?.isFragment ?? false
    var note = EchoNote()
    if !isFragment, record.missing == 0 {
      var total = InternetChecksum()
      total.add(bytes.extracting(record.range))
      note.verdict = ChecksumVerdict(found: checksum, total: total, pseudoHeader: nil)
      if note.verdict.status == .bad {
        dissection.add(
          Self.badChecksum, at: index, found: UInt64(checksum),
          expected: UInt64(note.verdict.expected))
      }
    }
    if type == 8 {
      // A request's checksum differs from its reply's by the type alone: 8 in the upper octet.
      memory.addRequest(replyChecksum: Self.replyChecksum(checksum), rest, dissection)
    } else if type == 0 {
      memory.findRequest(replyChecksum: checksum, rest, dissection, &note)
    }
    if quotesPacket { dissection.quoteWhatFollows() }
    dissection.setNote(note, at: index)
    return payloadType
  }

  /// RFC 1624: the checksum once 0x0800 of the sum has become 0x0000.
  static func replyChecksum(_ request: UInt16) -> UInt16 {
    var sum = InternetChecksum()
    sum.add(~request)
    sum.add(~UInt16(0x0800))
    let value = sum.value
    return value == 0 ? 0xffff : value
  }

  public func summarize(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns
  ) {
    columns.protocolName = "ICMP"
    summarizeType(into: &columns)
    guard hasIdentifier else { return }
    columns.info.append(" id=0x")
    columns.info.append(hex: UInt64(identifier), digits: 4)
    columns.info.append(", seq=")
    columns.info.append(sequence)
    columns.info.append("/")
    columns.info.append(sequence.byteSwapped)
    columns.info.append(", ttl=")
    columns.info.append(dissection.carrierOfSpeaker?.timeToLive ?? 0)
    if let note = dissection.note(of: ICMP.self, record), note.requestFrame != 0 {
      columns.info.append(" (request in ")
      columns.info.append(note.requestFrame)
      columns.info.append(")")
    }
  }

  public func summarizePart(_ count: Int, into columns: inout Columns) {
    if count >= 2 { summarizeType(into: &columns) }
  }

  private func summarizeType(into columns: inout Columns) {
    let start = columns.info.count
    columns.info.append(typeName)
    columns.info.append(byte: 32, times: 20 - (columns.info.count - start))
    if let codes = Self.codes(of: type) {
      columns.info.append(" (")
      if let name = codes[code] {
        columns.info.append(name)
      } else {
        columns.info.append("Unknown code: ")
        columns.info.append(code)
      }
      columns.info.append(")")
    }
  }

  /// Type, with the meaning that its code gives it.
  private var typeName: StaticString {
    // RFC 5944 section 2.1.1: a mobility agent's advertisement has code 0 or 16.
    if type == 9, code == 0 || code == 16 { return "Mobile IP Advertisement" }
    return Self.types[type] ?? "Unknown ICMP (obsolete or malformed?)"
  }
}

extension Dissection {
  /// What the IP layer said that carries the layer which names the packet.
  var carrierOfSpeaker: IPNote? { carrier(of: speaker) }
}

/// What an ICMP or ICMPv6 message leaves for its fields and summary.
public struct EchoNote: BitwiseCopyable, Sendable {
  /// The verdict on the checksum.
  public var verdict = ChecksumVerdict(.unverified)
  /// Number of the frame that this reply answers; 0 where none was seen.
  public var requestFrame: UInt64 = 0
  /// Nanoseconds since that frame.
  public var responseTime: Int64 = 0
}

/// Echo requests that no reply was seen to yet.
///
/// As in Wireshark a reply belongs to the last request between the same two addresses with its
/// identifier, sequence number and (for IPv4) data, which shows in the checksum.
public final class EchoRequests: LayerMemory {
  private struct Request {
    var time: Timestamp
    // In four octets, since there are many of them.
    var frame: UInt32
    var isAnswered: Bool
  }
  private var requests: FlowTable<UInt64, Request>

  public init(limits: Limits) { requests = FlowTable(limit: limits.exchanges) }

  private func tag(_ checksum: UInt16, _ rest: UInt32) -> UInt64 {
    UInt64(rest) << 16 | UInt64(checksum)
  }

  func addRequest(replyChecksum: UInt16, _ rest: UInt32, _ dissection: borrowing Dissection) {
    let key = FlowKey(dissection.endpoints, 0, 0, dissection.frame.point)
    requests[key, tag(replyChecksum, rest)] = Request(
      time: dissection.frame.time, frame: UInt32(truncatingIfNeeded: dissection.frame.number),
      isAnswered: false)
  }

  func findRequest(
    replyChecksum: UInt16, _ rest: UInt32, _ dissection: borrowing Dissection,
    _ note: inout EchoNote
  ) {
    let key = FlowKey(dissection.endpoints, 0, 0, dissection.frame.point)
    let tag = tag(replyChecksum, rest)
    guard var request = requests[key, tag], !request.isAnswered else { return }
    note.requestFrame = UInt64(request.frame)
    note.responseTime = dissection.frame.time.nanoseconds(since: request.time)
    request.isAnswered = true
    requests[key, tag] = request
  }
}
