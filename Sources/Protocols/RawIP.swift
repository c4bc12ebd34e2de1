import PacketCore

/// A link with no header at all: each packet is IPv4 or IPv6, and its first four bits say which.
/// LINKTYPE_RAW of tcpdump.org.
public struct RawIP: Layer {
  /// IP version, read from the packet that follows.
  public var version: UInt8

  public static let carriedBy: [PayloadType] = [.linkType(.raw)]

  public init(reading reader: inout ByteReader) throws(ParseError) {
    version = try reader.peek(UInt8.self) >> 4
  }

  public func write(to writer: inout ByteWriter) {}

  public var payloadType: PayloadType { .ipVersion(version) }

  public func summarize(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns
  ) {
    columns.protocolName = "N/A"
    columns.info.append("Raw packet data")
  }

  public static let schema = Schema<RawIP>(
    "raw", "Raw packet data", "LINKTYPE_RAW", column: "N/A", fields: [])
}
