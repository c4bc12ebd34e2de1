import ArgumentParser
import Capture

/// `-F`: in which format a capture file is written.
struct FileFormatOption: ParsableArguments {
  @Option(
    name: [.customShort("F"), .customLong("file-format")],
    help: "Format of the written file: pcapng, pcap or nsecpcap.")
  var name = "pcapng"

  mutating func validate() throws {
    guard CaptureFileFormat(name: name, nanoseconds: false) != nil else {
      throw ValidationError("-F is pcapng, pcap or nsecpcap, not '\(name)'")
    }
  }

  /// - Parameter nanoseconds: Whether the times are finer than microseconds.
  func format(nanoseconds: Bool) -> CaptureFileFormat {
    CaptureFileFormat(name: name, nanoseconds: nanoseconds) ?? .pcapng
  }
}
