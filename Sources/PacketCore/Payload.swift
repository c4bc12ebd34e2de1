/// Octets that no protocol claimed.
public struct Payload: Layer {
  /// The octets.
  public var octets: [UInt8]

  public init(_ octets: [UInt8]) { self.octets = octets }
  /// The text's UTF-8 octets.
  public init(_ text: String) { octets = Array(text.utf8) }

  public static let carriedBy: [PayloadType] = []
  public static var summarizes: Bool { false }

  public init(reading reader: inout ByteReader) throws(ParseError) {
    octets = try reader.array(reader.remaining)
  }

  public func write(to writer: inout ByteWriter) { writer.write(octets) }

  public static let schema = Schema<Payload>(
    "data", "Data", "", column: "Data",
    fields: [
      .octets("data.data", "Data", at: { 0..<$0.octets.count }),
      .derived("data.len", "Length", .unsigned, unit: "bytes") { layer, _, _ in
        .unsigned(UInt64(layer.octets.count))
      },
    ],
    heading: { layer, _, _, text in
      text.append(" (")
      text.append(UInt64(layer.octets.count))
      text.append(layer.octets.count == 1 ? " byte)" : " bytes)")
    })
}
