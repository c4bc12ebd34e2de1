import PacketCore

/// Ethernet II. IEEE 802.3 clause 3; the EtherType field as RFC 894 uses it.
public struct Ethernet: Layer {
  public var destination: MACAddress
  public var source: MACAddress
  /// EtherType, or below 0x0600 the length of an 802.3 frame's LLC data.
  public var type: UInt16

  public static let carriedBy: [PayloadType] = [.linkType(.ethernet)]

  public init(destination: MACAddress, source: MACAddress, type: UInt16) {
    self.destination = destination
    self.source = source
    self.type = type
  }

  public init(reading reader: inout ByteReader) throws(ParseError) {
    let first = try reader.read(UInt64.self)
    let second = try reader.read(UInt32.self)
    type = try reader.read()
    destination = MACAddress(first >> 16)
    source = MACAddress((first & 0xffff) << 32 | UInt64(second))
  }

  public func write(to writer: inout ByteWriter) {
    writer.write(UInt16(truncatingIfNeeded: destination.value >> 32))
    writer.write(UInt32(truncatingIfNeeded: destination.value))
    writer.write(UInt16(truncatingIfNeeded: source.value >> 32))
    writer.write(UInt32(truncatingIfNeeded: source.value))
    writer.write(type)
  }

  public var payloadType: PayloadType { .etherType(type) }

  public func inspect(
    _ bytes: RawSpan, at index: Int, in dissection: inout Dissection, memory: NoMemory
  ) -> PayloadType {
    dissection.setEndpoints(source: Address(source), destination: Address(destination))
    return payloadType
  }

  public static let schema = Schema<Ethernet>(
    "eth", "Ethernet II", "IEEE 802.3", column: "Ethernet",
    fields: [
      .mac("eth.dst", "Destination", at: 0..<6) { $0.destination },
      .mac("eth.src", "Source", at: 6..<12) { $0.source },
      .either("eth.addr", "Address", of: "eth.dst", "eth.src"),
      .number("eth.type", "Type", at: 12..<14, base: .hexadecimal) { $0.type },
    ])
}
