import PacketCore

/// Internet Group Management Protocol. RFC 1112 (version 1), 2236 (2), 3376 (3).
///
/// ```
/// |     Type      | Max Resp Time |           Checksum            |
/// |                         Group Address                         |
/// |      version 3: flags, interval and sources; or group records |
/// ```
public struct IGMP: Layer {
  /// What is asked, reported or left.
  public var type: UInt8
  /// Tenths of a second; version 1 has 0 here.
  public var maxResponseTime: UInt8
  /// Over the whole message.
  public var checksum: UInt16
  /// The group; for a version 3 report reserved and the number of records.
  public var group: IPv4Address
  /// What version 3 has behind the first eight octets.
  public var body: [UInt8]

  public typealias Note = ChecksumVerdict

  public static let carriedBy: [PayloadType] = [.ipProtocol(2)]

  public init(reading reader: inout ByteReader) throws(ParseError) {
    type = try reader.read()
    maxResponseTime = try reader.read()
    checksum = try reader.read()
    group = IPv4Address(try reader.read())
    body = try reader.array(reader.remaining)
  }

  public func write(to writer: inout ByteWriter) {
    writer.write(type)
    writer.write(maxResponseTime)
    writer.write(checksum)
    writer.write(group.value)
    writer.write(body)
  }

  /// RFC 3376 section 7.1: a query of 12 octets or more is version 3's, a shorter one with a
  /// response time version 2's.
  public var version: Int {
    switch type {
    case 0x11: body.count >= 4 ? 3 : maxResponseTime == 0 ? 1 : 2
    case 0x12: 1
    case 0x22: 3
    default: 2
    }
  }
  /// Tenths of a second. RFC 3376 section 4.1.1: from 128 on a floating-point number in version 3.
  var responseTime: UInt16 {
    let code = UInt16(maxResponseTime)
    return version < 3 || code < 128 ? code : (code & 15 | 16) << ((code >> 4 & 7) + 3)
  }
  var isQuery3: Bool { type == 0x11 && version == 3 }
  var isReport3: Bool { type == 0x22 }

  func number(at offset: Int, _ count: Int) -> UInt64? {
    guard offset >= 0, offset + count <= body.count else { return nil }
    return body[offset..<offset + count].reduce(0) { $0 << 8 | UInt64($1) }
  }

  private func address(at offset: Int) -> IPv4Address {
    IPv4Address(UInt32(truncatingIfNeeded: number(at: offset, 4) ?? 0))
  }

  /// Sources of a version 3 query, with their places.
  var sources: [(place: Range<Int>, address: IPv4Address)] {
    guard isQuery3, let count = number(at: 2, 2) else { return [] }
    return stride(from: 4, to: body.count - 3, by: 4).prefix(Int(count)).map {
      ($0 + 8..<$0 + 12, address(at: $0))
    }
  }

  /// A group record of a version 3 report. RFC 3376 section 4.2.4.
  struct GroupRecord {
    var type: UInt8
    var auxiliaryLength: UInt8
    var sourceCount: UInt16
    var group: IPv4Address
    var sources: [IPv4Address]
    var size: Int
  }

  /// Goes through a version 3 report's records; false where the message ends before they do.
  @discardableResult
  func eachRecord(_ emit: (GroupRecord, Range<Int>) -> Void) -> Bool {
    guard isReport3 else { return true }
    var at = 0
    for _ in 0..<UInt16(truncatingIfNeeded: group.value) {
      guard let head = number(at: at, 4), at + 8 <= body.count else { return false }
      let count = Int(head & 0xffff)
      let sourcesEnd = at + 8 + count * 4
      guard sourcesEnd <= body.count else { return false }
      let end = min(sourcesEnd + Int(head >> 16 & 0xff) * 4, body.count)
      emit(
        GroupRecord(
          type: UInt8(truncatingIfNeeded: head >> 24),
          auxiliaryLength: UInt8(truncatingIfNeeded: head >> 16),
          sourceCount: UInt16(truncatingIfNeeded: head), group: address(at: at + 4),
          sources: stride(from: at + 8, to: sourcesEnd, by: 4).map { address(at: $0) },
          size: end - at), at + 8..<end + 8)
      at = end
    }
    return true
  }

  public func inspect(
    _ bytes: RawSpan, at index: Int, in dissection: inout Dissection, memory: NoMemory
  ) -> PayloadType {
    let record = dissection.layers[index]
    let isFragment = dissection.carrier(of: index)?.isFragment ?? false
    guard !isFragment, record.missing == 0 else { return .nothing }
    var total = InternetChecksum()
    total.add(bytes.extracting(record.range))
    let verdict = ChecksumVerdict(found: checksum, total: total, pseudoHeader: nil)
    if verdict.status == .bad {
      dissection.add(
        Self.badChecksum, at: index, found: UInt64(checksum), expected: UInt64(verdict.expected))
    }
    dissection.setNote(verdict, at: index)
    if !eachRecord({ _, _ in }) { dissection.add(.malformed, at: index) }
    return .nothing
  }

  static let badChecksum = FindingKind(
    "igmp.bad_checksum", "Bad checksum", .error, .checksum, detail: IPv4.badChecksum.detail)
}
