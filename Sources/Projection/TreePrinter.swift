import PacketCore

/// Every layer of a packet with its fields, one a line, indented by level: `-V`. Layers that are not
/// to be opened show their own line only: `-O`. Layers whose octets do not stand in the frame have the
/// stage that made them in front: `[Unmasked: 12 octets of frame 16 at 72]`.
public final class TreePrinter: PacketPrinter {
  private let opened: Set<String>?
  private let hasOffsets: Bool
  private let isMessage: Bool
  private var sink = FieldSink()

  /// - Parameters:
  ///   - opened: Names of the protocols whose fields are shown; nil for all of them.
  ///   - offsets: Whether each field names its octets on the wire.
  ///   - message: Whether what is printed is one message: the layers that carry its stream are not
  ///     opened.
  public init(opened: Set<String>? = nil, offsets: Bool = false, message: Bool = false) {
    self.opened = opened
    isMessage = message
    hasOffsets = offsets
  }

  public func print(
    _ dissection: borrowing Dissection, _ frame: RawSpan, into text: inout TextBuffer
  ) {
    let stages = Stages(dissection)
    let lowest = isMessage ? dissection.messages.first?.layers.lowerBound ?? 0 : 0
    if isMessage { text.append(messageOf: dissection) }
    for (index, record) in dissection.layers.enumerated() {
      dissection.withBytes(of: record.buffer, frame: frame) { bytes in
        record.type.writeHeading(bytes, record, in: dissection, into: &text)
        text.append("\n")
        guard index >= lowest, opened?.contains(record.type.description.name) ?? true else {
          return
        }
        sink.items.removeAll(keepingCapacity: true)
        record.type.collect(bytes, record, in: dissection, into: &sink)
        for (position, item) in sink.items.enumerated()
        where !item.field.isHidden && (!record.isPart || hasParent(position)) {
          append(item, dissection, in: bytes, to: &text)
        }
      }
      for finding in dissection.findings where finding.layer == index && index >= lowest {
        Self.append(finding, to: &text)
      }
      if isMessage, index == lowest - 1 { text.append(streamOctetsOf: dissection) }
      for buffer in stages.buffers(behind: index) {
        text.append("    [")
        text.append(stage: buffer, of: dissection, frame)
        text.append("]\n")
      }
    }
    if let failure = dissection.failure {
      text.append(failure.error.reason == .cut ? "[Packet cut: " : "[Malformed Packet: ")
      text.append(failure.type.description.title)
      text.append(" ")
      text.append(failure.error.description)
      text.append("]\n")
    }
    text.append("\n")
  }

  /// Of a field that is not all there the parts are not shown alone.
  private func hasParent(_ position: Int) -> Bool {
    let item = sink.items[position]
    guard item.depth > 0, let place = item.place else { return true }
    let parent = sink.items[..<position].last { $0.depth < item.depth }
    guard let outer = parent?.place else { return false }
    return outer.lowerBound <= place.lowerBound && place.upperBound <= outer.upperBound
  }

  private func append(
    _ item: FieldItem, _ packet: borrowing Dissection, in bytes: RawSpan, to text: inout TextBuffer
  ) {
    text.append(byte: 32, times: 4 * (item.depth + 1))
    let field = item.field
    if field.isGenerated { text.append("[") }
    if let mask = field.mask, let place = field.place, let at = item.place {
      Self.append(mask, octets: place.count, of: bytes, at: at.lowerBound, to: &text)
    }
    if let line = item.line {
      text.append(line)
    } else {
      text.append(field.title)
      if item.value != .present {
        text.append(": ")
        FieldText.appendShown(item, in: bytes, to: &text)
      }
    }
    if field.isGenerated { text.append("]") }
    if hasOffsets { text.append(placeOf: item, in: packet) }
    text.append("\n")
  }

  /// `.1.. .... = `: the bits of the value among those of its octets.
  private static func append(
    _ mask: UInt64, octets: Int, of bytes: RawSpan, at offset: Int, to text: inout TextBuffer
  ) {
    var value: UInt64 = 0
    for index in 0..<octets where offset + index < bytes.byteCount {
      let octet = bytes.unsafeLoad(fromByteOffset: offset + index, as: UInt8.self)
      value = value << 8 | UInt64(octet)
    }
    let bits = octets * 8
    for position in 0..<bits {
      let bit = UInt64(bits - 1 - position)
      text.append(byte: mask >> bit & 1 == 0 ? 46 : 48 + UInt8(value >> bit & 1))
      if position % 4 == 3, position < bits - 1 { text.append(" ") }
    }
    text.append(" = ")
  }

  private static func append(_ finding: Finding, to text: inout TextBuffer) {
    text.append("    [Expert Info (")
    switch finding.kind.severity {
    case .comment: text.append("Comment")
    case .chat: text.append("Chat")
    case .note: text.append("Note")
    case .warning: text.append("Warning")
    case .error: text.append("Error")
    }
    text.append("/")
    text.append(finding.kind.group.rawValue)
    text.append("): ")
    text.append(finding.text)
    text.append("]\n")
  }
}
