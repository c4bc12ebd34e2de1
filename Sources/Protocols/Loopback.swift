import PacketCore

/// BSD's loopback header: an address family in four octets. LINKTYPE_NULL (the capturing machine's
/// byte order) and LINKTYPE_LOOP (network byte order) of tcpdump.org.
public struct Loopback: Layer {
  /// The four octets as a number in network byte order.
  public var word: UInt32

  public static let carriedBy: [PayloadType] = [.linkType(.null), .linkType(.loop)]

  public init(reading reader: inout ByteReader) throws(ParseError) {
    word = try reader.read()
  }

  public func write(to writer: inout ByteWriter) { writer.write(word) }

  /// The address family. The file may come from a machine of the other byte order; families are
  /// small numbers, so the order that makes a small one is right.
  public var family: UInt32 { word & 0xffff_0000 != 0 ? word.byteSwapped : word }

  public var payloadType: PayloadType {
    switch family {
    case 2: .etherType(0x0800)
    // AF_INET6 differs: 24 NetBSD and OpenBSD, 28 FreeBSD, 30 Darwin.
    case 24, 28, 30: .etherType(0x86dd)
    // Some systems put an EtherType here.
    case 0x600...0xffff: .etherType(UInt16(truncatingIfNeeded: family))
    default: .nothing
    }
  }

  public func summarize(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns
  ) {
    columns.protocolName = "N/A"
    columns.info.append("Null/Loopback")
  }

  static let families: ValueNames = [
    2: "IP", 7: "OSI", 16: "Appletalk", 23: "Netware IPX/SPX", 24: "IPv6", 28: "IPv6", 30: "IPv6",
  ]

  public static let schema = Schema<Loopback>(
    "null", "Null/Loopback", "LINKTYPE_NULL", column: "N/A",
    fields: [
      .number(
        "null.family", "Family", bits: 32, label: families.label, at: { _ in 0..<4 }
      ) { $0.family }
    ])
}
