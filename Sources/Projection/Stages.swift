import PacketCore

/// How the octets of a packet's own buffers were made: the stages between the wire and a message.
struct Stages: ~Copyable {
  /// One buffer, told where it is first needed.
  struct Line {
    /// The buffer.
    var buffer: UInt16
    /// The layer behind whose fields it is told; -1 for before all.
    var layer: Int
  }

  /// In the order of the buffers.
  private(set) var lines: [Line] = []

  /// Finds the place in the tree for each buffer. Buffers that nothing here stands in or is made from
  /// are those of other messages, and left out.
  init(_ dissection: borrowing Dissection) {
    // The stream's own layers carry octets of all messages.
    let first = dissection.messages.first
    let lowest = min(
      first?.layers.lowerBound ?? 0, first.map { $0.carrier >= 0 ? $0.carrier : .max } ?? 0)
    for number in 0..<dissection.bufferCount {
      let buffer = UInt16(truncatingIfNeeded: number + 1)
      guard let origin = dissection.origin(of: buffer) else { continue }
      let first = dissection.layers.firstIndex { $0.buffer == buffer }
      if origin.stage == .reassembled {
        // Told before the first layer that stands in it.
        if let first { lines.append(Line(buffer: buffer, layer: first - 1)) }
        continue
      }
      // What no layer stands in and is no content is for the fields' own use.
      if origin.stage == .decoded, first == nil { continue }
      let layer = dissection.layers.indices.last {
        let record = dissection.layers[$0]
        return $0 >= lowest && record.buffer == origin.source
          && record.range.lowerBound <= origin.range.lowerBound
          && record.range.upperBound >= origin.range.upperBound
      }
      if let layer {
        lines.append(Line(buffer: buffer, layer: layer))
      } else if let source = lines.first(where: { $0.buffer == origin.source }) {
        lines.append(Line(buffer: buffer, layer: source.layer))
      } else if let first {
        lines.append(Line(buffer: buffer, layer: first - 1))
      }
    }
  }

  /// Buffers that are told behind the layer at `index`.
  func buffers(behind index: Int) -> [UInt16] {
    lines.filter { $0.layer == index }.map(\.buffer)
  }
}

extension TextBuffer {
  /// What was done, to how many octets, and where they stand: `Unmasked: 12 octets of frame 16 at 72`,
  /// `Inflated: 45 → 48 octets`.
  mutating func append(
    stage buffer: UInt16, of dissection: borrowing Dissection, _ frame: RawSpan
  ) {
    guard let origin = dissection.origin(of: buffer) else { return }
    let count = dissection.withBytes(of: buffer, frame: frame) { $0.byteCount }
    let pieces = dissection.pieces(of: buffer)
    append(origin.stage.word)
    if origin.stage == .reassembled, pieces.isEmpty {
      append(": ")
      append(octets: count)
      return
    }
    if let wire = dissection.wire(0..<count, of: buffer) {
      if origin.stage == .reassembled {
        append(" from ")
        append(UInt64(pieces.count))
        append(pieces.count == 1 ? " segment" : " segments")
      }
      append(": ")
      append(octets: count)
      if wire.isEmpty { return }
      if wire.count == 1, let only = wire.first {
        append(" of frame ")
        append(UInt64(only.frame))
        append(" at ")
        append(UInt64(only.offset))
      } else {
        append(", ")
        append(pieces: wire)
      }
      return
    }
    append(": ")
    append(UInt64(origin.range.count))
    append(" → ")
    append(octets: count)
  }

  mutating func append(octets count: Int) {
    append(UInt64(count))
    append(count == 1 ? " octet" : " octets")
  }

  /// `#14 (66..899), #16 (66..80)`: octets of frames, first and last; many are counted.
  mutating func append(pieces: [BufferPiece]) {
    for (position, piece) in pieces.prefix(16).enumerated() {
      if position > 0 { append(", ") }
      append("#")
      append(UInt64(piece.frame))
      append(" (")
      append(range: piece)
      append(")")
    }
    if pieces.count > 16 {
      append(" and ")
      append(UInt64(pieces.count - 16))
      append(" more")
    }
  }

  private mutating func append(range piece: BufferPiece) {
    append(UInt64(piece.offset))
    append("..")
    append(UInt64(max(piece.offset + piece.range.count - 1, piece.offset)))
  }

  /// ` <frame 16 octets 72..80>`: where on the wire a field's octets stand; `<derived>` for those that
  /// follow from others by more than their place.
  mutating func append(
    placeOf item: FieldItem, in dissection: borrowing Dissection
  ) {
    append("  <")
    defer { append(">") }
    guard let place = item.place, !place.isEmpty,
      let wire = dissection.wire(place, of: item.buffer), !wire.isEmpty
    else { return append("derived") }
    for (position, piece) in wire.prefix(8).enumerated() {
      if position > 0 { append(", ") }
      append("frame ")
      append(UInt64(piece.frame))
      append(piece.range.count == 1 ? " octet " : " octets ")
      if piece.range.count == 1 {
        append(UInt64(piece.offset))
      } else {
        append(range: piece)
      }
    }
    if wire.count > 8 { append(", …") }
  }
}

extension BufferOrigin.Stage {
  /// What was done.
  var word: StaticString {
    switch self {
    case .reassembled: "Reassembled"
    case .unmasked: "Unmasked"
    case .joined: "Joined"
    case .inflated: "Inflated"
    case .decrypted: "Decrypted"
    case .decoded: "Decoded"
    }
  }
}
