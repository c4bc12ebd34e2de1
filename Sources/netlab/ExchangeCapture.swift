import Capture
import Console
import Exchange
import PacketCore

/// The packets of an exchange in a capture file: those sent and those that arrived, each with what
/// faults did to it as a comment.
struct ExchangeCapture: ~Copyable {
  private var writer: CaptureFileWriter

  /// - Parameters:
  ///   - writing: Where, and in which format.
  ///   - name: Of the interface, as the file tells it.
  init?(_ writing: ExchangeFileOptions, interface name: String) throws {
    guard let path = writing.path else { return nil }
    writer = try CaptureFileWriter(
      path, format: writing.format,
      interfaces: [CaptureInterface(name: name, linkType: .raw, snapLength: 262_144)],
      application: "netlab " + Program.version)
  }

  /// Adds one packet.
  mutating func write(_ packet: [UInt8], at time: Timestamp, faults: [FaultRecord]) throws {
    let header = FrameHeader(
      time: time, capturedLength: packet.count, originalLength: packet.count, linkType: .raw)
    try writer.write(packet.span.bytes, header, comments: faults.map(\.comment))
  }

  mutating func flush() throws { try writer.flush() }
  mutating func close() throws { try writer.close() }
}
