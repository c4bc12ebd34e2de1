import Capture
import Foundation
import PacketCore
import Protocols
import Testing

@testable import Traces

/// A trace in memory, its truth read again from the JSON text, and what analyses say about it.
struct MadeTrace {
  struct Message: Decodable {
    var from: String
    var kind: String
    var text: String
    var octets: Int
    var frames: [Int]
    var again: [Int]
    var completed_by: Int?
    var missing_octets: Int?
  }
  struct Connection: Decodable {
    var stream: Int
    var client: String
    var server: String
    var first_frame: Int
    var frames: Int
    var ended: String
    var closed_by: String
    var messages: [Message]
  }
  struct FaultyFrame: Decodable {
    var frame: Int
    var findings: [String]
  }
  struct FaultRecord: Decodable {
    var stream: Int
    var frames: [FaultyFrame]
  }
  struct TruthFile: Decodable {
    var schema: String
    var content: String
    var seed: String
    var connections: [Connection]
    var faults: [String: [FaultRecord]]
    var findings: [String: [Int]]
    var packets: Int
  }

  let options: TraceOptions
  var frames: [(octets: [UInt8], header: FrameHeader)] = []
  let truthText: [UInt8]
  let truth: TruthFile

  init(_ options: TraceOptions) throws {
    self.options = options
    var trace = TraceGenerator(options)
    var octets: [UInt8] = []
    var text: [UInt8] = []
    while let header = trace.next(&octets) {
      frames.append((octets, header))
      trace.takeTruth { text += $0 }
    }
    trace.takeTruth { text += $0 }
    truthText = text
    truth = try JSONDecoder().decode(TruthFile.self, from: Data(truthText))
  }

  /// Names that the truth speaks about, but for those that need a reader of the stream.
  static let names = ExpectedFindings.names.filter { !$0.hasPrefix("tcp.stream.") }

  /// What netlab's own analysis says, frame numbers by names.
  ///
  /// - Parameter withStreams: What readers of streams say of them, too.
  func netlab(withStreams: Bool = false) -> [String: [Int]] {
    var dissector = Dissector(.standard)
    var dissection = Dissection()
    var said: [String: [Int]] = [:]
    for (index, frame) in frames.enumerated() {
      dissector.dissect(frame.octets.span.bytes, frame.header, into: &dissection)
      for name in Set(dissection.findings.map(\.kind.name))
      where withStreams || !name.hasPrefix("tcp.stream.") {
        said[name, default: []].append(index + 1)
      }
    }
    return said
  }

  /// What the truth says, but for what needs a reader of the stream.
  var expected: [String: [Int]] { truth.findings.filter { !$0.key.hasPrefix("tcp.stream.") } }

  /// Where two lists of remarks differ, in words; empty where they agree.
  static func differences(
    _ expected: [String: [Int]], _ said: [String: [Int]], of names: some Sequence<String>
  ) -> [String] {
    names.compactMap { name in
      let wanted = Set(expected[name] ?? [])
      let found = Set(said[name] ?? [])
      if wanted == found { return nil }
      return "\(name): not said of \(wanted.subtracting(found).sorted().prefix(5)), "
        + "wrongly of \(found.subtracting(wanted).sorted().prefix(5))"
    }
  }
}

/// A folder of a test's own, gone with it.
final class TraceFolder {
  let url = FileManager.default.temporaryDirectory
    .appendingPathComponent("netlab-trace-" + UUID().uuidString)

  init() throws {
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }
}

/// tshark, where it is installed.
enum Tshark {
  static let program: URL? = ["/usr/bin/tshark", "/usr/local/bin/tshark"]
    .first { FileManager.default.isExecutableFile(atPath: $0) }.map { URL(fileURLWithPath: $0) }

  /// What tshark's analysis says, frame numbers by names.
  static func findings(_ trace: MadeTrace) throws -> [String: [Int]] {
    let folder = try TraceFolder()
    let capture = folder.url.appendingPathComponent("trace.pcap")
    var writer = try CaptureFileWriter(capture.path, format: .pcap(nanoseconds: true))
    for frame in trace.frames { try writer.write(frame.octets.span.bytes, frame.header) }
    try writer.close()
    let output = folder.url.appendingPathComponent("out")
    _ = FileManager.default.createFile(atPath: output.path, contents: nil)
    let process = Process()
    process.executableURL = program
    process.arguments =
      ["-n", "-r", capture.path, "-T", "fields", "-E", "separator=|", "-e", "frame.number"]
      + ["ip", "tcp"].flatMap { ["-o", "\($0).check_checksum:TRUE"] }
      + MadeTrace.names.flatMap { ["-e", $0] }
    process.standardOutput = FileHandle(forWritingAtPath: output.path)
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    var said: [String: [Int]] = [:]
    for line in try String(contentsOf: output, encoding: .utf8).split(separator: "\n") {
      let columns = line.split(separator: "|", omittingEmptySubsequences: false)
      guard let frame = columns.first.flatMap({ Int($0) }) else { continue }
      for (name, value) in zip(MadeTrace.names, columns.dropFirst()) where !value.isEmpty {
        said[name, default: []].append(frame)
      }
    }
    return said
  }
}
