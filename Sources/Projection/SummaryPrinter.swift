import PacketCore

/// One line a packet, tshark's columns and spacing: number, time, source, destination, protocol,
/// length, info.
public final class SummaryPrinter: PacketPrinter {
  private let time: TimeFormat
  private let isASCII: Bool
  private let remarks: Bool
  private let isColoured: Bool
  /// Used by one thread only, for every packet.
  @exclusivity(unchecked) private var columns = Columns()

  /// - Parameters:
  ///   - time: What the time column counts from.
  ///   - ascii: `->` instead of the arrow.
  ///   - remarks: Whether the line says more than tshark's would: a wrong checksum, every message.
  ///   - coloured: Whether the terminal's colours are used.
  public init(
    time: TimeFormat = .relative, ascii: Bool = false, remarks: Bool = true, coloured: Bool = false
  ) {
    isColoured = coloured
    self.time = time
    isASCII = ascii
    self.remarks = remarks
    columns.isCompatible = !remarks
  }

  public func print(
    _ dissection: borrowing Dissection, _ frame: RawSpan, into text: inout TextBuffer
  ) {
    columns.fill(dissection, frame, remarks: remarks)
    let first = text.count
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
    start = text.count
    text.append(columns.protocolName)
    text.append(byte: 32)
    text.append(UInt64(dissection.frame.originalLength))
    text.append(byte: 32)
    text.append(columns.info)
    if isColoured { colour(dissection, line: first, protocol: start, &text) }
    text.append(byte: 10)
  }

  /// Colours the line that was just written. See `Colour`.
  private func colour(
    _ dissection: borrowing Dissection, line: Int, protocol: Int, _ text: inout TextBuffer
  ) {
    if let alarm = Alarm(dissection, where: { _ in true }) {
      if remarks, let words = alarm.words {
        text.append(" [")
        text.append(words)
        text.append("]")
      }
      text.colour(alarm.colour, from: line, to: text.count)
    } else if let tint = Colour(protocolName: columns.protocolName) {
      text.colour(tint, from: `protocol`, to: text.count)
    }
  }
}
