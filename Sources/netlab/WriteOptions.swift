import ArgumentParser
import Capture
import Console

/// Where frames are written, and whether they are printed too.
struct WriteOptions: ParsableArguments {
  @Option(
    name: [.customShort("w"), .customLong("write")], parsing: .unconditional,
    help: ArgumentHelp(
      "Write the packets to this file instead of printing them; - is standard output, a name that ends in .gz is compressed.",
      valueName: "file"))
  var path: String?

  @OptionGroup var fileFormat: FileFormatOption

  @Flag(name: [.customShort("P"), .customLong("print")], help: "With -w: print the packets too.")
  var isPrintingToo = false

  mutating func validate() throws {
    if isPrintingToo, path == "-" {
      throw ValidationError(
        "-w - and -P both want standard output: write to a file, or leave out -P")
    }
  }

  /// Whether packets are printed.
  var prints: Bool { path == nil || isPrintingToo }

  /// - Parameter nanoseconds: Whether the times are finer than microseconds.
  func format(nanoseconds: Bool) -> CaptureFileFormat {
    fileFormat.format(nanoseconds: nanoseconds)
  }

  /// The writer of `read -w`; nil when nothing is written.
  func makeWriter(reading reader: borrowing CaptureFileReader) throws -> CaptureFileWriter? {
    guard let path else { return nil }
    return try CaptureFileWriter(
      path, format: format(nanoseconds: reader.hasNanoseconds),
      interfaces: reader.format == .pcap ? reader.interfaces.first ?? [] : [],
      application: "netlab " + Program.version, reading: reader.descriptor)
  }
}
