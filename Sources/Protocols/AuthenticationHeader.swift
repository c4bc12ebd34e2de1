import PacketCore

/// IPsec's Authentication Header: proof that the packet was not changed. RFC 4302 section 2.
///
/// ```
/// |  Next Header  |  Payload Len  |           Reserved            |
/// |                 Security Parameters Index                     |
/// |                    Sequence Number                            |
/// |               Integrity Check Value (variable)                |
/// ```
public struct AuthenticationHeader: Layer {
  /// The header that follows.
  public var nextHeader: UInt8
  /// Octets of the whole header in units of four, minus 2.
  public var length: UInt8
  /// Zero.
  public var reserved: UInt16
  /// With the destination, names the security association.
  public var securityParameters: UInt32
  /// Counts packets of the association, against replays.
  public var sequence: UInt32
  /// The proof; its length is the association's.
  public var integrityCheck: [UInt8]

  public static let carriedBy: [PayloadType] = [.ipProtocol(51)]

  public init(reading reader: inout ByteReader) throws(ParseError) {
    let start = reader.offset
    nextHeader = try reader.read()
    length = try reader.read()
    reserved = try reader.read()
    securityParameters = try reader.read()
    sequence = try reader.read()
    guard length >= 1 else {
      throw ParseError(.invalid, at: start + 1, detail: "the header is shorter than 12 octets")
    }
    integrityCheck = try reader.array(Int(length) * 4 - 4)
  }

  public func write(to writer: inout ByteWriter) {
    writer.write(nextHeader)
    writer.write(length)
    writer.write(reserved)
    writer.write(securityParameters)
    writer.write(sequence)
    writer.write(integrityCheck)
  }

  public var payloadType: PayloadType { .ipProtocol(nextHeader) }

  public func summarize(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns
  ) {
    columns.protocolName = "AH"
    columns.info.append("AH (SPI=0x")
    columns.info.append(hex: UInt64(securityParameters), digits: 8)
    columns.info.append(")")
  }

  public static let schema = Schema<AuthenticationHeader>(
    "ah", "Authentication Header", "RFC 4302", column: "AH",
    fields: [
      .number("ah.next_header", "Next header", at: 0..<1, label: IPProtocolNumbers.label) {
        $0.nextHeader
      },
      .number("ah.length", "Length", at: 1..<2) { $0.length },
      .octets("ah.reserved", "Reserved") { _ in 2..<4 },
      .number("ah.spi", "AH SPI", at: 4..<8, base: .hexadecimal) { $0.securityParameters },
      .number("ah.sequence", "AH Sequence", at: 8..<12) { $0.sequence },
      .octets("ah.icv", "AH ICV") { 12..<12 + $0.integrityCheck.count },
    ])
}
