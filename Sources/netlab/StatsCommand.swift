import ArgumentParser
import Capture
import Console
import Cryptography
import DisplayFilter
import PacketCore
import Projection
import Protocols
import Statistics

/// `netlab stats FILE`: what a capture file amounts to, counted in one pass.
struct StatsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stats",
    abstract: "Count a capture file: conversations, throughput, protocols, findings, round trips.",
    discussion: """
      Without an option an overview; several options are answered in one pass. Times count from the \
      capture's first packet; a round trip is what the capture saw of it. -T json prints one \
      document with an object for each option; its times are seconds as numbers, in keys that end \
      in _s.

      Examples:
        netlab stats chat.pcapng --conversations tcp --rtt
        netlab stats chat.pcapng --io 100ms --io-filter 'tcp.analysis.retransmission' --svg io.svg
      """)

  /// The forms that statistics are printed in.
  enum Form: String, CaseIterable, ExpressibleByArgument {
    case text, json, csv
  }

  @Argument(help: "The capture file; - is standard input.")
  var file: String?

  @Option(
    name: [.customShort("r"), .customLong("read")], parsing: .unconditional,
    help: "The same, for fingers that know tshark.")
  var readFile: String?

  @OptionGroup(title: "What is counted") var questions: StatsOptions
  @OptionGroup(title: "Which packets") var filters: FilterOptions
  @OptionGroup(title: "Keys") var keys: KeyOptions

  @Option(
    name: [.customShort("T"), .customLong("format")], help: "Output form: text, json or csv.")
  var form: Form = .text

  @Option(
    name: .customLong("svg"), parsing: .unconditional,
    help: ArgumentHelp(
      "Draw what --io and --rtt count; - is standard output, in place of the numbers.",
      valueName: "file"))
  var drawing: String?

  @Option(
    name: [.customShort("c"), .customLong("count")],
    help: ArgumentHelp("Stop after this many packets read.", valueName: "n"))
  var count: Int?

  @Flag(
    name: [.customShort("q"), .customLong("quiet")],
    help: .hidden)
  var isQuiet = false

  @Flag(name: [.customShort("n"), .customLong("no-names")], help: .hidden)
  var noNames = false

  mutating func validate() throws {
    guard (file == nil) != (readFile == nil) else {
      throw ValidationError(
        file == nil ? "which file? `netlab stats FILE`" : "one file at a time: FILE or -r FILE")
    }
    if let count, count < 1 { throw ValidationError("-c wants at least 1 packet") }
    if drawing != nil, questions.interval == nil, !questions.isRoundTrips {
      throw ValidationError("--svg draws what --io and --rtt count: add --io 1s or --rtt")
    }
  }

  func run() throws {
    if filters.isExplained {
      var output = StandardOutput()
      output.buffer.append(filters.explanation)
      return try output.flush()
    }
    let path = file ?? readFile ?? "-"
    let registry = try filters.makeRegistry()
    let filter = try filters.makeDisplayFilter(filters.displayExpression, registry)
    let captureFilter = try filters.capture.map { try CaptureFilter($0, linkType: .ethernet) }
    let statistics = try questions.makeStatistics(source: path) { expression in
      try filters.makeDisplayFilter(expression, registry)
    }
    let reader = try CaptureFileReader(path)
    let counting = Counting(registry, filter, statistics, keys: try keys.load())
    do {
      try count(reader, counting, captureFilter)
    } catch let error as CaptureError {
      // What was counted so far is printed before the fault is told.
      try write(statistics, path)
      throw error
    }
    try write(statistics, path)
  }

  /// Reads the file and hands every packet that the filters let through to the statistics.
  private func count(
    _ file: consuming CaptureFileReader, _ first: consuming Counting,
    _ captureFilter: consuming CaptureFilter?
  ) throws {
    var reader = file
    var captureFilter = captureFilter
    var counting = first
    // What the end of the capture completes is counted, whether or not the file ends well.
    defer { counting.end() }
    var progress = Progress(isShown: true)
    var names = InterfaceNames(reader.interfaceTable)
    var rest = count ?? .max
    defer { progress.erase() }
    try reader.forEachBlock { block, octets in
      guard block.isFrame else { return true }
      progress.count()
      if try captureFilter?.matches(octets, block.header) ?? true {
        counting.take(octets, block.header) { names.describe(block, &$0) }
      } else {
        counting.skip()
      }
      rest -= 1
      return rest > 0
    }
  }

  /// Prints what was counted, and draws it.
  private func write(_ statistics: [any Statistic], _ path: String) throws {
    do {
      if drawing != "-" { try print(statistics, path) }
      guard let drawing else { return }
      let charts = try statistics.flatMap { try ($0 as? any Charted)?.charts() ?? [] }
      let title = "Packets of " + (path == "-" ? "standard input" : path)
      try Drawing(path: drawing).write(SVG.text(title: title, charts))
    } catch let error as StatisticError {
      throw Failure(.usage, error.message, remedy: error.remedy)
    }
  }

  private func print(_ statistics: [any Statistic], _ path: String) throws {
    let passOn: (borrowing TextBuffer) throws -> Void = { text in
      var output = StandardOutput()
      output.buffer.append(text)
      try output.flush()
    }
    let report: any Report =
      switch form {
      case .text: TextReport(passOn: passOn)
      case .json:
        JSONReport(tool: "netlab " + Program.version, source: path, passOn: passOn)
      case .csv: CSVReport(passOn: passOn)
      }
    for statistic in statistics { try statistic.write(to: report) }
    try report.finish()
  }
}

/// From octets to numbers: dissects a frame, asks the display filter, hands it to the statistics.
/// The dissection is lent, never copied.
private struct Counting: ~Copyable {
  private var dissector: Dissector
  private var dissection = Dissection()
  private let filter: DisplayFilter?
  private let statistics: [any Statistic]

  init(
    _ registry: Registry, _ filter: DisplayFilter?, _ statistics: [any Statistic],
    keys: TokenReading
  ) {
    dissector = Dissector(registry)
    keys.apply(to: dissector.memory(of: Fernet.self))
    self.filter = filter
    self.statistics = statistics
  }

  /// - Parameter describe: Adds what only the file knows.
  mutating func take(
    _ octets: RawSpan, _ header: FrameHeader, describe: (inout Dissection) -> Void
  ) {
    dissector.dissect(octets, header, into: &dissection)
    describe(&dissection)
    if filter?.matches(dissection, in: octets) == false { return }
    for statistic in statistics { statistic.take(dissection, octets) }
    dissector.noteDisplayed()
  }

  /// Leaves a frame out, which keeps its number.
  mutating func skip() { dissector.skip() }

  /// The capture is over: what waited for more is told as it is.
  mutating func end() {
    dissector.end(into: &dissection)
    let nothing: [UInt8] = []
    for statistic in statistics { statistic.end(dissection, nothing.span.bytes) }
  }
}
