import PacketCore

/// One line a packet, tshark's columns and spacing: number, time, source, destination, protocol,
/// length, info.
public final class SummaryPrinter: PacketPrinter {
  private let time: TimeFormat
  private let isASCII: Bool
  private let remarks: Bool
  /// Used by one thread only, for every packet.
  @exclusivity(unchecked) private var columns = Columns()

  /// - Parameters:
  ///   - time: What the time column counts from.
  ///   - ascii: `->` instead of the arrow.
  ///   - remarks: Whether the line says more than tshark's would: a wrong checksum, every message.
  public init(time: TimeFormat = .relative, ascii: Bool = false, remarks: Bool = true) {
    self.time = time
    isASCII = ascii
    self.remarks = remarks
    columns.isCompatible = !remarks
  }

  public func print(
    _ dissection: borrowing Dissection, _ frame: RawSpan, into text: inout TextBuffer
  ) {
    columns.fill(dissection, frame, remarks: remarks)
    text.append(UInt64(dissection.frame.number), rightAlignedTo: 5)
    text.append(byte: 32)
    var start = text.count
    text.append(time: dissection, as: time)
    text.alignRight(from: start, to: 10)
    text.append(byte: 32)
    text.append(dissection.endpoints.source, rightAlignedTo: 12)
    // Each a literal of its own: a literal is written in one store, a choice of two is copied.
    if isASCII { text.append(" -> ") } else { text.append(" → ") }
    start = text.count
    text.append(dissection.endpoints.destination)
    text.append(byte: 32, times: 12 &- (text.count &- start))
    text.append(byte: 32)
    text.append(columns.protocolName)
    text.append(byte: 32)
    text.append(UInt64(dissection.frame.originalLength))
    text.append(byte: 32)
    text.append(columns.info)
    text.append(byte: 10)
  }
}
