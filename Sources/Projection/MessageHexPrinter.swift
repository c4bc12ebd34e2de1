import PacketCore

/// The octets of one message: those of the stream, and after each stage what it made of them.
public final class MessageHexPrinter: PacketPrinter {
  private let above: any PacketPrinter

  /// - Parameter above: Prints the message first.
  public init(below above: any PacketPrinter) { self.above = above }

  public func print(
    _ dissection: borrowing Dissection, _ frame: RawSpan, into text: inout TextBuffer
  ) {
    above.print(dissection, frame, into: &text)
    if let record = dissection.firstRecordOfMessage {
      dissection.withBytes(of: record.buffer, frame: frame) { bytes in
        let octets = bytes.extracting(record.range.clamped(to: 0..<bytes.byteCount))
        text.append("Stream (")
        text.append(UInt64(octets.byteCount))
        text.append(" bytes):\n")
        text.append(hexDump: octets)
      }
    }
    for stage in Stages(dissection).lines
    where dissection.origin(of: stage.buffer)?.stage != .reassembled {
      text.append(dissection.origin(of: stage.buffer)?.stage.word ?? "Reassembled")
      text.append(" (")
      dissection.withBytes(of: stage.buffer, frame: frame) { octets in
        text.append(UInt64(octets.byteCount))
        text.append(" bytes):\n")
        text.append(hexDump: octets)
      }
    }
    text.append("\n")
  }
}

extension Dissection {
  /// The outermost layer of the first message.
  var firstRecordOfMessage: LayerRecord? {
    guard let message = messages.first, layers.indices.contains(message.layers.lowerBound) else {
      return nil
    }
    return layers[message.layers.lowerBound]
  }
}

extension TextBuffer {
  /// `Message 16.2: 12 octets, stream 0, client → server, packets 14 and 16`.
  mutating func append(messageOf dissection: borrowing Dissection) {
    guard let message = dissection.messages.first else { return }
    append("Message ")
    append(UInt64(dissection.frame.number))
    append(".")
    append(UInt64(message.number))
    append(": ")
    append(octets: message.octets)
    append(", stream ")
    append(UInt64(message.stream.number))
    append(message.stream.side == .client ? ", client → server" : ", server → client")
    let packets = dissection.packets(of: message)
    append(packets.count == 1 ? ", packet " : ", packets ")
    for (position, packet) in packets.enumerated() {
      if position > 0 { append(", ") }
      append(UInt64(packet))
    }
    append("\n")
  }

  /// Where in its packets the message's part of the stream stands.
  mutating func append(streamOctetsOf dissection: borrowing Dissection) {
    // Of octets that were put together the stage says so.
    guard let record = dissection.firstRecordOfMessage, !record.range.isEmpty,
      dissection.origin(of: record.buffer)?.stage != .reassembled,
      let wire = dissection.wire(record.range, of: record.buffer), !wire.isEmpty
    else { return }
    append("    [Octets of the stream: ")
    append(pieces: wire)
    append("]\n")
  }
}
