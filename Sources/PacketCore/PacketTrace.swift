/// What is kept of a packet whose octets wait for the rest of a message: its layers down to the
/// transport, so that a filter on the message can ask about every packet that carried it.
public final class PacketTrace: Sendable {
  /// Number of the frame.
  public let frame: Int
  fileprivate let octets: [[UInt8]]
  fileprivate let records: [LayerRecord]
  fileprivate let notes: [UInt8]
  fileprivate let findings: [Finding]

  fileprivate init(
    frame: Int, octets: [[UInt8]], records: [LayerRecord], notes: [UInt8], findings: [Finding]
  ) {
    self.frame = frame
    self.octets = octets
    self.records = records
    self.notes = notes
    self.findings = findings
  }
}

extension Dissection {
  /// Keeps the layers up to the one at `last`.
  ///
  /// - Parameter frame: The frame's octets.
  public func trace(upTo last: Int, _ frame: RawSpan) -> PacketTrace {
    let kept = Array(records[...last])
    let deepest = kept.map { Int($0.buffer) }.max() ?? 0
    var octets: [[UInt8]] = []
    for buffer in 0...deepest {
      let end = kept.filter { $0.buffer == buffer }.map(\.header.upperBound).max() ?? 0
      octets.append(
        withBytes(of: UInt16(truncatingIfNeeded: buffer), frame: frame) { bytes in
          [UInt8](bytes.extracting(0..<min(end, bytes.byteCount)))
        })
    }
    let notes = [UInt8](
      UnsafeRawBufferPointer(start: records.places.notes, count: notesCount &* 8))
    return PacketTrace(
      frame: self.frame.number, octets: octets, records: kept, notes: notes,
      findings: findings.filter { $0.layer <= last })
  }

  /// The message begun last was carried by these packets too.
  public mutating func addTraces(_ traces: [PacketTrace]) {
    messageTraces.append((messages.count &- 1, traces))
  }

  /// The message begun last was carried by the packets that carried the one before it.
  public mutating func repeatTraces() {
    guard let last = messageTraces.last, last.message == messages.count &- 2 else { return }
    messageTraces.append((messages.count &- 1, last.packets))
  }

  /// Adds another packet's layers behind those that are here.
  mutating func adopt(_ trace: PacketTrace) {
    let base = UInt16(truncatingIfNeeded: bufferCount)
    for octets in trace.octets {
      _ = addBuffer(octets.span.bytes, BufferOrigin(.reassembled, of: 0, 0..<0))
    }
    let firstNote = notesCount
    let words = trace.notes.count / 8
    while notesCount + words > records.places.noteWords { records.places.growNotes(notesCount) }
    trace.notes.withUnsafeBytes { notes in
      if let start = notes.baseAddress {
        (records.places.notes + firstNote * 8).copyMemory(from: start, byteCount: notes.count)
      }
    }
    notesCount += words
    let firstRecord = records.count
    for record in trace.records {
      records.append(
        record.moved(
          buffer: base &+ record.buffer &+ 1, notesBy: UInt32(truncatingIfNeeded: firstNote)))
    }
    findings += trace.findings.map { $0.moved(to: $0.layer + firstRecord) }
  }
}
