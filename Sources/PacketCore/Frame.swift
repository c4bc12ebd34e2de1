/// The frame itself, as a layer: what the capture says about a packet, in the words of the filter
/// fields `frame.*`. It has no octets of its own.
public struct Frame: Layer {
  public static let carriedBy: [PayloadType] = []
  public static var summarizes: Bool { false }

  public init() {}
  public init(reading reader: inout ByteReader) throws(ParseError) {}
  public func write(to writer: inout ByteWriter) {}

  public static let schema = Schema<Frame>(
    "frame", "Frame", "", column: "",
    fields: [
      .derived("frame.number", "Frame Number", .unsigned) { _, _, d in
        .unsigned(UInt64(d.frame.number))
      },
      .derived("frame.time", "Arrival Time", .absoluteTime) { _, _, d in
        d.frame.hasTime ? .time(d.frame.time) : nil
      },
      .derived("frame.time_epoch", "Epoch Time", .epochTime) { _, _, d in
        d.frame.hasTime ? .time(d.frame.time) : nil
      },
      .derived("frame.time_delta", "Time delta from previous captured frame", .duration) {
        _, _, d in
        .duration(d.frame.time.nanoseconds(since: d.previousTime))
      },
      .derived(
        "frame.time_delta_displayed", "Time delta from previous displayed frame", .duration
      ) { _, _, d in
        .duration(d.frame.time.nanoseconds(since: d.previousDisplayedTime))
      },
      .derived("frame.time_relative", "Time since reference or first frame", .duration) {
        _, _, d in
        .duration(d.frame.time.nanoseconds(since: d.firstTime))
      },
      .derived("frame.len", "Frame length on the wire", .unsigned) { _, _, d in
        .unsigned(UInt64(d.frame.originalLength))
      },
      .derived("frame.cap_len", "Frame length stored into the capture file", .unsigned) {
        _, _, d in
        .unsigned(UInt64(d.frame.capturedLength))
      },
      .derived("frame.interface_name", "Interface name", .string) { _, _, d in
        d.interfaceName.isEmpty ? nil : .string(d.interfaceName)
      },
      .derived("frame.interface_id", "Interface id", .unsigned) { _, _, d in
        .unsigned(UInt64(d.frame.point.interface))
      },
      .derived("frame.section_number", "Section number", .unsigned) { _, _, d in
        .unsigned(UInt64(d.frame.point.section) + 1)
      },
      .derived("frame.encap_type", "Encapsulation type (link type number)", .unsigned) {
        _, _, d in
        .unsigned(UInt64(d.frame.linkType.rawValue))
      },
      .derived("frame.protocols", "Protocols in frame", .string) { _, _, d in
        .string(protocols(d))
      },
      .list("frame.comment", "Comment", .string) { _, _, d, emit in
        for comment in d.comments { emit(.string(comment), nil) }
      },
    ],
    heading: { _, _, d, text in
      text.append(" ")
      text.append(UInt64(d.frame.number))
      text.append(": ")
      text.append(UInt64(d.frame.originalLength))
      text.append(" bytes on wire, ")
      text.append(UInt64(d.frame.capturedLength))
      text.append(" bytes captured")
    })

  /// The names of the layers as Wireshark chains them, where the EtherType counts as one.
  private static func protocols(_ dissection: Dissection) -> String {
    var names: [String] = []
    for record in dissection.layers.dropFirst() {
      if record.space == .etherType { names.append("ethertype") }
      names.append(record.type.description.name)
    }
    return names.joined(separator: ":")
  }
}
