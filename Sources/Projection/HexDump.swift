import PacketCore

extension TextBuffer {
  /// Octets as Wireshark dumps them: offset, sixteen octets in hexadecimal, the same as ASCII.
  ///
  /// - Parameters:
  ///   - first: The offset of the first octet.
  ///   - indent: Spaces in front of each line.
  public mutating func append(hexDump bytes: RawSpan, from first: Int? = nil, indent: Int = 0) {
    let total = bytes.byteCount
    let offsetDigits = first != nil || total > 0x10000 ? 8 : 4
    var line = 0
    while line < total {
      append(byte: 32, times: indent)
      append(hex: UInt64(line + (first ?? 0)), digits: offsetDigits)
      append("  ")
      let end = min(line + 16, total)
      for offset in line..<(line + 16) {
        if offset < end {
          append(hex: UInt64(bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)), digits: 2)
          append(byte: 32)
        } else {
          append("   ")
        }
      }
      append("  ")
      for offset in line..<end {
        let octet = bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
        append(byte: octet >= 0x20 && octet < 0x7f ? octet : 46)
      }
      append(byte: 10)
      line = end
    }
  }
}

/// The octets of each packet; behind another printer they stand below what that one prints.
public final class HexPrinter: PacketPrinter {
  private let above: (any PacketPrinter)?

  /// - Parameter above: Prints the packet first.
  public init(below above: (any PacketPrinter)?) { self.above = above }

  public func begin(into text: inout TextBuffer) { above?.begin(into: &text) }
  public func end(into text: inout TextBuffer) { above?.end(into: &text) }

  public func print(
    _ dissection: borrowing Dissection, _ frame: RawSpan, into text: inout TextBuffer
  ) {
    above?.print(dissection, frame, into: &text)
    // What no layer stands in and is no content is for the fields' own use.
    let buffers = (0..<dissection.bufferCount).map { UInt16(truncatingIfNeeded: $0 + 1) }
      .filter { number in
        dissection.origin(of: number)?.stage != .decoded
          || dissection.layers.contains { $0.buffer == number }
      }
    if buffers.isEmpty {
      text.append(hexDump: frame)
    } else {
      text.append("Frame (")
      text.append(UInt64(frame.byteCount))
      text.append(" bytes):\n")
      text.append(hexDump: frame)
      for number in buffers {
        text.append(dissection.origin(of: number)?.stage.word ?? "Reassembled")
        text.append(" (")
        dissection.withBytes(of: number, frame: frame) { octets in
          text.append(UInt64(octets.byteCount))
          text.append(" bytes):\n")
          text.append(hexDump: octets)
        }
      }
    }
    text.append("\n")
  }
}
