import PacketCore

/// The octets of each packet field by field: offset, octets in hexadecimal, what they say.
///
/// ```
/// Transmission Control Protocol, 20 octets
/// 0014  30 39                    Source Port: 12345
/// 0016  13 88                    Destination Port: 5000
/// ```
/// Octets that no field names are shown too, so that every octet stands somewhere.
public final class AnnotatedHexPrinter: PacketPrinter {
  private var sink = FieldSink()

  /// Octets on one line.
  private static let width = 8

  public init() {}

  public func print(
    _ dissection: borrowing Dissection, _ frame: RawSpan, into text: inout TextBuffer
  ) {
    var end = 0
    for record in dissection.layers where record.buffer == 0 && !record.header.isEmpty {
      sink.items.removeAll(keepingCapacity: true)
      record.type.collect(frame, record, in: dissection, into: &sink)
      text.append(record.type.description.title)
      text.append(", ")
      text.append(UInt64(record.header.count))
      text.append(record.header.count == 1 ? " octet\n" : " octets\n")
      print(sink.items, record.header, frame, into: &text)
      end = max(end, record.header.upperBound)
    }
    if end < frame.byteCount {
      text.append("Data, ")
      text.append(UInt64(frame.byteCount - end))
      text.append(" octets\n")
      Self.append(end..<frame.byteCount, of: frame, to: &text) { _ in }
    }
  }

  private func print(
    _ items: [FieldItem], _ header: Range<Int>, _ frame: RawSpan, into text: inout TextBuffer
  ) {
    var next = header.lowerBound
    var index = 0
    let candidates = items.filter { item in
      guard item.depth == 0, item.buffer == 0, !item.field.isHidden, let place = item.place else {
        return false
      }
      return !place.isEmpty && header.lowerBound <= place.lowerBound
        && place.upperBound <= header.upperBound
    }
    // A long field that others are parts of, such as a token, is shown by its parts.
    let lines = candidates.filter { item in
      guard let place = item.place, place.count > Self.width else { return true }
      return !candidates.contains { other in
        guard let part = other.place, part != place else { return false }
        return place.lowerBound <= part.lowerBound && part.upperBound <= place.upperBound
      }
    }.enumerated().sorted { left, right in
      let (one, other) = (left.element.place ?? 0..<0, right.element.place ?? 0..<0)
      return (one.lowerBound, left.offset) < (other.lowerBound, right.offset)
    }.map(\.element)
    while index < lines.count {
      let place = lines[index].place ?? next..<next
      // Several fields in the same octets, such as version and header length, share a line.
      var last = index + 1
      while last < lines.count, lines[last].place == place { last += 1 }
      if place.lowerBound > next {
        Self.append(next..<place.lowerBound, of: frame, to: &text) { _ in }
      }
      Self.append(place, of: frame, to: &text) { text in
        for (position, item) in lines[index..<last].enumerated() {
          if position > 0 { text.append("; ") }
          Self.append(item, frame, to: &text)
        }
      }
      next = max(next, place.upperBound)
      index = last
    }
    if next < header.upperBound {
      Self.append(next..<header.upperBound, of: frame, to: &text) { _ in }
    }
  }

  private static func append(_ item: FieldItem, _ frame: RawSpan, to text: inout TextBuffer) {
    if let line = item.line { return text.append(line) }
    text.append(item.field.title)
    // What the octets beside it show is not said again.
    guard item.value != .present, (item.place?.count ?? 0) <= width || item.field.type == .string
    else { return }
    text.append(": ")
    FieldText.appendShown(item, in: frame, to: &text)
  }

  private static func append(
    _ range: Range<Int>, of frame: RawSpan, to text: inout TextBuffer,
    _ words: (inout TextBuffer) -> Void
  ) {
    var at = range.lowerBound
    while at < range.upperBound {
      let end = min(at + width, range.upperBound)
      text.append(hex: UInt64(at), digits: 4)
      text.append("  ")
      for offset in at..<end {
        text.append(
          hex: UInt64(frame.unsafeLoad(fromByteOffset: offset, as: UInt8.self)), digits: 2)
        text.append(" ")
      }
      let start = text.count
      if at == range.lowerBound {
        text.append(byte: 32, times: 3 * (width - (end - at)) + 1)
        let before = text.count
        words(&text)
        if text.count == before { text.truncate(to: start - 1) }
      } else {
        text.truncate(to: start - 1)
      }
      text.append("\n")
      at = end
    }
  }
}
