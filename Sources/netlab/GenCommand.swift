import ArgumentParser
import Capture
import Console
import PacketCore
import Traces

/// `netlab gen`: a trace that is made up, and the truth about it.
struct GenCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gen",
    abstract: "Make a trace with known faults, and a file that says the truth about it.",
    discussion: """
      Each fault takes a message for itself. The truth file lists every message with the packets
      that carry it, every fault with its packets, and what an analysis should say of each.

      Examples:
        netlab gen --retransmit 3 --zero-window 1 --out t.pcapng
        netlab gen --protocol http --connections 20 --out-of-order 5 --seed 7 --out - | netlab read -
      """)

  @Option(
    name: .customLong("out"), parsing: .unconditional,
    help: ArgumentHelp(
      "The capture file; - is standard output, a name that ends in .gz is compressed.",
      valueName: "file"))
  var path: String

  @OptionGroup var fileFormat: FileFormatOption

  @Option(
    name: .customLong("truth"), parsing: .unconditional,
    help: ArgumentHelp(
      "The truth file; FILE.truth.json beside the capture file if not given.", valueName: "file"))
  var truthPath: String?

  @Option(
    name: .customLong("seed"),
    help: "The same seed and options make the same octets; drawn and printed if not given.")
  var seed: UInt64?

  @OptionGroup(title: "What flows") var content: TraceContentOptions
  @OptionGroup(title: "What goes wrong") var faults: TraceFaultOptions

  mutating func validate() throws {
    if truthPath == path { throw ValidationError("--truth and --out name the same file") }
    if let contradiction = try traceOptions(seed: 0).contradiction {
      throw ValidationError(contradiction)
    }
  }

  private func traceOptions(seed: UInt64) throws -> TraceOptions {
    var options = TraceOptions()
    options.seed = seed
    try content.apply(to: &options)
    try faults.apply(to: &options)
    if content.messages == nil, options.contradiction != nil {
      // Nobody said how many messages there are: enough for the faults.
      options.messages = options.messagesThatSuffice
    }
    return options
  }

  func run() throws {
    var generator = SystemRandomNumberGenerator()
    // Short enough to be typed again.
    let seed = seed ?? generator.next() % 1_000_000_000
    let options = try traceOptions(seed: seed)
    // A capture on standard output has no place beside it.
    let truthPath = truthPath ?? (path == "-" ? nil : path + ".truth.json")
    var writer = try CaptureFileWriter(
      path, format: fileFormat.format(nanoseconds: false),
      interfaces: [
        CaptureInterface(
          name: "gen", linkType: .ethernet, snapLength: options.snapLength ?? 262_144)
      ], application: "netlab " + Program.version)
    let truth = try truthPath.map { try TextFile($0) }
    var trace = TraceGenerator(options)
    var progress = Progress(isShown: true)
    defer { progress.erase() }
    var octets: [UInt8] = []
    while let header = trace.next(&octets) {
      try writer.write(octets.span.bytes, header)
      progress.count()
      try trace.takeTruth(minimum: 1 << 16) { try truth?.write($0) }
    }
    try trace.takeTruth { try truth?.write($0) }
    try writer.close()
    progress.erase()
    let name = path == "-" ? "standard output" : path
    var report = "\(name): \(trace.frameCount) packets, seed \(seed)\n"
    if let truthPath {
      report += "\(truthPath == "-" ? "standard output" : truthPath): the truth about them\n"
    }
    if path == "-" || truthPath == "-" { return write(standardError: report) }
    var output = StandardOutput()
    output.buffer.append(report)
    try output.flush()
  }
}
