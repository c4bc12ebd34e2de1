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
      .derived("frame.number", "Frame Number", .unsigned, isGenerated: false) { _, _, d in
        .unsigned(UInt64(d.frame.number))
      },
      .derived("frame.time", "Arrival Time", .absoluteTime, isGenerated: false) { _, _, d in
        d.frame.hasTime ? .time(d.frame.time) : nil
      },
      .derived("frame.time_epoch", "Epoch Time", .epochTime, isGenerated: false) { _, _, d in
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
      .derived(
        "frame.len", "Frame length on the wire", .unsigned, unit: "bytes", isGenerated: false
      ) { _, _, d in
        .unsigned(UInt64(d.frame.originalLength))
      },
      .derived(
        "frame.cap_len", "Frame length stored into the capture file", .unsigned, unit: "bytes",
        isGenerated: false
      ) {
        _, _, d in
        .unsigned(UInt64(d.frame.capturedLength))
      },
      .derived("frame.interface_name", "Interface name", .string, isGenerated: false) { _, _, d in
        // Wireshark's word for one that the file gives no name.
        d.frame.hasInterface
          ? .string(d.interfaceName.isEmpty ? "unknown" : d.interfaceName) : nil
      },
      .derived("frame.interface_id", "Interface id", .unsigned, isGenerated: false) { _, _, d in
        d.frame.hasInterface ? .unsigned(UInt64(d.frame.point.interface)) : nil
      },
      .derived("frame.section_number", "Section number", .unsigned, isGenerated: false) { _, _, d in
        d.frame.hasInterface ? .unsigned(UInt64(d.frame.point.section) + 1) : nil
      },
      .derived(
        "frame.encap_type", "Encapsulation type", .unsigned, isGenerated: false,
        label: encapsulationName
      ) { _, _, d in
        .unsigned(encapsulation(of: d.frame.linkType))
      },
      .derived("frame.protocols", "Protocols in frame", .string) { _, _, d in
        .string(protocols(d))
      },
      .list("frame.comment", "Comment", .string) { _, _, d, emit in
        for comment in d.comments { emit(.string(comment), nil) }
      },
      faults,
    ],
    heading: { _, _, d, text in
      text.append(" ")
      text.append(UInt64(d.frame.number))
      text.append(": ")
      text.append(UInt64(d.frame.originalLength))
      text.append(" bytes on wire (")
      text.append(UInt64(truncatingIfNeeded: d.frame.originalLength &* 8))
      text.append(" bits), ")
      text.append(UInt64(d.frame.capturedLength))
      text.append(" bytes captured (")
      text.append(UInt64(truncatingIfNeeded: d.frame.capturedLength &* 8))
      text.append(" bits)")
      guard d.frame.hasInterface else { return }
      text.append(" on interface ")
      text.append(d.interfaceName.isEmpty ? "unknown" : d.interfaceName)
      text.append(", id ")
      text.append(UInt64(d.frame.point.interface))
    })

  /// What netlab did to the packet on purpose, as the comments tell.
  private static let faults = Field<Frame>.outline(
    kinds: [
      ("fault", "Fault", .label, false), ("fault.kind", "Kind", .string, false),
      ("fault.id", "Number", .unsigned, false), ("fault.detail", "What was done", .string, false),
    ]
  ) { _, d, emit in
    for case let record? in d.comments.lazy.map(FaultRecord.init(comment:)) {
      emit(0, 0, .present, nil, "Fault \(record.id): \(record.kind)")
      emit(1, 1, .string(record.kind), nil, nil)
      emit(2, 1, .unsigned(UInt64(record.id)), nil, nil)
      if !record.detail.isEmpty { emit(3, 1, .string(record.detail), nil, nil) }
    }
  }

  /// Wireshark counts kinds of links in an order of its own (`wiretap/wtap.h`); 0 is its "unknown".
  private static let encapsulations: [(link: LinkType, number: UInt64, name: String)] = [
    (.ethernet, 1, "Ethernet"), (.raw, 7, "Raw IP"), (.null, 15, "NULL/Loopback"),
    (.linuxSLL, 25, "Linux cooked-mode capture v1"), (.ipv4, 129, "Raw IPv4"),
    (.ipv6, 130, "Raw IPv6"), (.loop, 174, "OpenBSD loopback"),
    (.linuxSLL2, 210, "Linux cooked-mode capture v2"),
  ]

  private static func encapsulation(of link: LinkType) -> UInt64 {
    encapsulations.first { $0.link == link }?.number ?? 0
  }

  @Sendable private static func encapsulationName(_ number: UInt64) -> String? {
    encapsulations.first { $0.number == number }?.name ?? "Unknown"
  }

  /// Layers that Wireshark does not name the EtherType behind, though their number is one.
  private static let withoutEtherType: Set<String> = ["null", "llc"]

  /// The names of the layers as Wireshark chains them, where the EtherType counts as one.
  private static func protocols(_ dissection: borrowing Dissection) -> String {
    var names: [String] = []
    for record in dissection.layers.dropFirst() {
      let name = record.type.description.name
      if record.space == .etherType, name != "llc", !withoutEtherType.contains(names.last ?? "") {
        names.append("ethertype")
      }
      names.append(name)
    }
    return names.joined(separator: ":")
  }
}
