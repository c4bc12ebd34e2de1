import PacketCore

extension WebSocket {
  /// The message that a frame completes: what it is, and its octets unmasked, joined and inflated.
  ///
  /// - Parameter frame: The octets of the captured frame.
  /// - Returns: Nil for a part of a message, and for one that cannot be read.
  public static func message(
    _ record: LayerRecord, in dissection: borrowing Dissection, frame: RawSpan
  ) -> (opcode: WebSocketOpcode, octets: [UInt8])? {
    dissection.withBytes(of: record.buffer, frame: frame) { bytes in
      guard let layer = WebSocket.decode(record, in: bytes) else { return nil }
      let note = dissection.note(of: WebSocket.self, record)
      guard note?.state ?? .read == .read else { return nil }
      let octets = layer.withContent(bytes, record, in: dissection) { content, range in
        [UInt8](content.extracting(range.clamped(to: 0..<content.byteCount)))
      }
      return (layer.messageOpcode(note), octets)
    }
  }
}
