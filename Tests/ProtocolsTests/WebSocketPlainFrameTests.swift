import PacketCore
import Testing

@testable import Protocols

/// Headers in the form that nearly all have are read as the general reader reads them, or left to it.
@Suite struct WebSocketPlainFrameTests {
  @Test func headersOfEveryForm() throws {
    for first in UInt8.min...UInt8.max {
      for (length, code) in [
        (0, 0), (1, 1), (3, 3), (6, 6), (125, 125), (125, 126), (126, 126), (300, 126),
        (65535, 126), (300, 127), (65536, 127),
      ] {
        for isMasked in [false, true] {
          var octets: [UInt8] = [first, UInt8(code) | (isMasked ? 0x80 : 0)]
          if code == 126 { octets += [UInt8(length >> 8), UInt8(length & 255)] }
          if code == 127 {
            octets += (0..<8).map { UInt8(truncatingIfNeeded: length >> (56 - 8 * $0)) }
          }
          if isMasked { octets += [1, 2, 3, 4] }
          let header = octets.count
          octets += [UInt8](repeating: 0x61, count: length)
          try compare(
            octets, header, first, length, isMinimal: code == 126 ? length > 125 : code < 126)
        }
      }
    }
  }

  private func compare(
    _ octets: [UInt8], _ header: Int, _ first: UInt8, _ length: Int, isMinimal: Bool
  ) throws {
    let start = 3
    let all = [0, 0, 0] + octets + [9, 9]
    let bytes = all.span.bytes
    var reader = ByteReader(bytes, from: start, to: all.count, reportedEnd: all.count)
    let frame = try WebSocket(reading: &reader)
    let plain = WebSocketPlainFrame(bytes, start..<all.count)
    let isPlain = (first == 0x81 || first == 0x82) && length > 0 && isMinimal
    #expect((plain != nil) == isPlain, "\(first) \(length)")
    if let plain {
      // Where memory ends with the frame.
      let alone = WebSocketPlainFrame(octets.span.bytes, 0..<octets.count)
      #expect(alone?.header == 0..<header && alone?.end == octets.count)
      #expect(alone?.maskingKey == plain.maskingKey)
      #expect(plain.header == start..<start + header)
      #expect(plain.end == start + octets.count)
      #expect(plain.opcode == frame.opcode)
      #expect(plain.isMasked == frame.isMasked)
      if frame.isMasked { #expect(plain.maskingKey == frame.maskingKey) }
      // Not all of it here: every cut of the header, and the last octet.
      for end in [octets.count - 1] + Array(0...min(header, octets.count - 1)) {
        #expect(WebSocketPlainFrame(bytes, start..<start + end) == nil)
      }
    }
  }
}
