import PacketCore

extension HTTP {
  /// The version as it stands in the start line: `HTTP/1.1`.
  public var version: String { text(head.version) }

  /// The header fields in their order, names as they stand, values without the spaces around them.
  public var fields: [(name: String, value: String)] {
    var found: [(name: String, value: String)] = []
    eachField { field, octets in
      found.append((HTTPText.string(octets, field.name), HTTPText.string(octets, field.value)))
    }
    return found
  }

  /// Where a message's body stands, all codings undone; nil where there is none, or it was not kept.
  public static func body(
    _ record: LayerRecord, in dissection: borrowing Dissection
  ) -> (buffer: UInt16, range: Range<Int>)? {
    guard let note = dissection.note(of: HTTP.self, record), note.bodyCount > 0 else { return nil }
    return (
      note.bodyBuffer, Int(note.bodyStart)..<Int(note.bodyStart) &+ Int(note.bodyCount)
    )
  }

  /// Frame that completed the request that a response answers; nil where none was seen.
  public static func requestFrame(
    _ record: LayerRecord, in dissection: borrowing Dissection
  ) -> Int? {
    guard let note = dissection.note(of: HTTP.self, record), note.requestFrame > 0 else {
      return nil
    }
    return Int(truncatingIfNeeded: note.requestFrame)
  }
}
