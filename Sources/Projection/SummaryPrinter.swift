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
  @exclusivity(unchecked) private var second = WrittenSecond()
  @exclusivity(unchecked) private var names = ExpectedNames()

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
    // The info is written where it will stand, behind the name that is expected.
    swap(&columns.info, &text)
    let first = columns.info.count
    let place = names.place(dissection)
    let expected = names[place]
    let start =
      writePlainStart(dissection, expected, &columns.info)
      ?? writeStart(dissection, expected, &columns.info)
    columns.append(dissection, frame, remarks: remarks)
    if _slowPath(!expected.is(columns.protocolName)) {
      columns.info.replace(start..<start &+ expected.count, with: columns.protocolName)
      names[place] = WrittenName(columns.protocolName)
    }
    if _slowPath(isColoured) { colour(dissection, line: first, protocol: start, &columns.info) }
    columns.info.append(byte: 10)
    swap(&columns.info, &text)
  }

  /// Number, time, ends, protocol and length.
  ///
  /// - Returns: Where the protocol's name begins.
  private func writeStart(
    _ dissection: borrowing Dissection, _ name: WrittenName, _ text: inout TextBuffer
  ) -> Int {
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
    text.extend(atMost: name.count &+ 32) { writeName(name, dissection, &$0) }
    return start
  }

  /// Protocol and length.
  @inline(__always)
  private func writeName(
    _ name: WrittenName, _ dissection: borrowing Dissection, _ cursor: inout TextCursor
  ) {
    name.write(to: &cursor)
    cursor.write(" ", any: UInt32(clamping: dissection.frame.originalLength))
    cursor.write(byte: 32)
  }

  /// The same of nearly all packets: IPv4, seconds since the first frame, in microseconds.
  ///
  /// - Returns: Nil for another packet, of which nothing was written.
  @inline(__always)
  private func writePlainStart(
    _ dissection: borrowing Dissection, _ name: WrittenName, _ text: inout TextBuffer
  ) -> Int? {
    let number = dissection.frame.number
    let (source, destination) = (dissection.endpoints.source, dissection.endpoints.destination)
    guard time == .relative, number < 100_000_000, source.family == .ipv4,
      destination.family == .ipv4, !isASCII, dissection.hasPlainTime
    else { return nil }
    let nanoseconds = dissection.frame.time.nanoseconds(since: dissection.firstTime)
    guard nanoseconds >= 0, nanoseconds < 100_000_000 * 1_000_000_000 else { return nil }
    var start = text.count
    text.extend(atMost: 128 &+ name.count) { cursor in
      let first = cursor.mark
      cursor.write(UInt32(truncatingIfNeeded: number), alignedTo: 5)
      cursor.write(byte: 32)
      cursor.write(plainTime: nanoseconds, &second)
      cursor.write(byte: 32)
      cursor.write(IPv4Address(UInt32(truncatingIfNeeded: source.low)), rightAlignedTo: 12)
      cursor.write(" → ")
      cursor.write(IPv4Address(UInt32(truncatingIfNeeded: destination.low)), paddedTo: 12)
      cursor.write(byte: 32)
      start &+= cursor.mark - first
      writeName(name, dissection, &cursor)
    }
    return start
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
