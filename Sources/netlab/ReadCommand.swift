import ArgumentParser
import Capture
import Console
import DisplayFilter
import PacketCore
import Projection
import Protocols

/// `netlab read FILE`: a capture file, dissected, filtered and printed.
struct ReadCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "read",
    abstract: "Read a capture file (pcap, pcapng, gzip; - is standard input).",
    discussion: """
      Examples:
        netlab read chat.pcapng -Y 'tcp.analysis.retransmission' -V
        netlab read chat.pcapng -T fields -e frame.number -e ip.src -e tcp.flags
        netlab read chat.pcapng --message 16.2 -V -x
      """)

  @Argument(help: "The capture file; - is standard input.")
  var file: String?

  @Option(
    name: [.customShort("r"), .customLong("read")], parsing: .unconditional,
    help: "The same, for fingers that know tshark.")
  var readFile: String?

  @OptionGroup(title: "Which packets") var filters: FilterOptions
  @OptionGroup(title: "Keys") var keys: KeyOptions
  @OptionGroup(title: "How they are printed") var output: OutputOptions
  @OptionGroup(title: "Writing") var writing: WriteOptions

  @Option(
    name: [.customShort("c"), .customLong("count")],
    help: ArgumentHelp("Stop after this many packets read.", valueName: "n"))
  var count: Int?

  @Option(
    name: .customLong("message"),
    help: ArgumentHelp(
      "Print only this message, as `netlab messages` numbers them; with -V through all its layers.",
      valueName: "N.k"))
  var message: String?

  @Option(
    name: .customLong("write-har"),
    help: ArgumentHelp(
      "Write HTTP exchanges and WebSocket messages as HTTP Archive 1.2.", valueName: "file"))
  var archive: String?

  @Flag(name: .customLong("follow"), help: "At the end of the file wait for more. Ctrl-C ends it.")
  var isFollowing = false

  mutating func validate() throws {
    guard (file == nil) != (readFile == nil) else {
      throw ValidationError(
        file == nil ? "which file? `netlab read FILE`" : "one file at a time: FILE or -r FILE")
    }
    if let message, MessageID(message) == nil {
      throw ValidationError(
        "--message wants an id N.k such as 16.2; `netlab messages` prints them, not '\(message)'")
    }
    if let count, count < 1 { throw ValidationError("-c wants at least 1 packet") }
  }

  func run() throws {
    if filters.isExplained {
      var output = StandardOutput()
      output.buffer.append(filters.explanation)
      return try output.flush()
    }
    let path = file ?? readFile ?? "-"
    let registry = try filters.makeRegistry()
    let fernetKeys = try keys.load()
    let filter = try filters.makeDisplayFilter(filters.displayExpression, registry)
    var captureFilter = try filters.capture.map {
      try CaptureFilter($0, linkType: .ethernet)
    }
    let only = message.flatMap { MessageID($0) }
    let one = try only.map { MessagePrinter(try output.makeRows(source: path), only: $0) }
    let printer = try one ?? (writing.prints ? output.makePrinter(source: path) : nil)
    let har = try archive.map { try HARRecorder($0, above: printer) }
    let stop = isFollowing ? try LiveStop() : nil
    stop?.catchSignals()
    var reader = try CaptureFileReader(path, follow: isFollowing, stop: stop?.descriptor ?? -1)
    var pipeline = try Pipeline(
      registry: registry, filter: filter, printer: har ?? printer, keys: fernetKeys,
      isFlushedPerFrame: output.isLineBuffered)
    var progress = Progress(isShown: printer == nil || !StandardOutput.isTerminal)
    var names = InterfaceNames(reader.interfaceTable)
    var writer = try writing.makeWriter(reading: reader)
    let isCopying = writer != nil
    // One frame more, so that what the end of the capture completes has another number.
    let limit = count ?? only.map { $0.frame + 1 } ?? .max

    defer { progress.erase() }
    do {
      try reader.forEachBlock(idle: { try pipeline.flush() }) { block, octets in
        guard block.isFrame else {
          try writer?.copy(block)
          return true
        }
        progress.count()
        if try captureFilter?.matches(octets, block.header) ?? true {
          let isShown = try pipeline.process(octets, block.header) { names.describe(block, &$0) }
          if isCopying, isShown { try writer?.copy(block) }
        } else {
          pipeline.skip()
        }
        return pipeline.frames < limit && one?.isFound != true
      }
    } catch let error as CaptureError {
      // What was read so far is printed and saved before the fault is told.
      try pipeline.finish()
      try writer?.close()
      try har?.close()
      throw error
    }
    try pipeline.finish()
    try writer?.close()
    try har?.close()
    if let only, let one, !one.isFound {
      throw Failure(
        .no, "there is no message \(only.frame).\(only.part) in \(path)",
        remedy: "`netlab messages \(path)` lists them")
    }
  }
}

/// Puts what a file tells about a frame beside its header into its dissection: the name of its
/// interface, its comments.
struct InterfaceNames {
  private let table: CaptureInterfaceTable
  private var last: CapturePoint?

  init(_ table: CaptureInterfaceTable) { self.table = table }

  @inline(__always)
  mutating func describe(_ block: borrowing CaptureBlock, _ dissection: inout Dissection) {
    if _slowPath(block.hasOptions) { dissection.comments = block.comments }
    let point = block.header.point
    guard _slowPath(point != last) else { return }
    last = point
    dissection.interfaceName = table[point]?.name ?? ""
  }
}
