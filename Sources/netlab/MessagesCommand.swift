import ArgumentParser
import Capture
import Console
import DisplayFilter
import PacketCore
import Projection
import Protocols

/// `netlab messages FILE` or `-i IF`: one row per application message.
struct MessagesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "messages",
    abstract: "One row per application message, with the packets that carried it.",
    discussion: """
      A row is: id N.k (frame N completes it, as its k-th message), time, from → to, protocol, octets,
      the packets when there are several, and what it says. A filter (-Y) looks at the message's
      layers and at those of every packet it names.

      Examples:
        netlab messages Captures/flask-socketio-session.pcap -Y 'sio.event == "message"'
        sudo netlab messages -i lo --host 10.0.0.33
      """)

  @Argument(help: "The capture file; - is standard input.")
  var file: String?

  @Option(
    name: [.customShort("r"), .customLong("read")], parsing: .unconditional,
    help: "The same, for fingers that know tshark.")
  var readFile: String?

  @OptionGroup(title: "Capturing") var capturing: CaptureOptions
  @OptionGroup(title: "Which messages") var filters: FilterOptions
  @OptionGroup(title: "Keys") var keys: KeyOptions
  @OptionGroup(title: "How they are printed") var output: OutputOptions

  @Flag(
    name: .customLong("verdicts"), inversion: .prefixedNo,
    help: "At the end of each connection say how it ended.")
  var hasVerdicts = true

  @Option(
    name: .customLong("write-har"),
    help: ArgumentHelp(
      "Write HTTP exchanges and WebSocket messages as HTTP Archive 1.2.", valueName: "file"))
  var archive: String?

  mutating func validate() throws {
    let sources = [file, readFile].compactMap { $0 }.count + (capturing.interfaces.isEmpty ? 0 : 1)
    guard capturing.isListing || sources == 1 else {
      throw ValidationError(
        sources == 0
          ? "of which capture? `netlab messages FILE`, or -i IF for a live one"
          : "one source at a time: FILE, -r FILE or -i IF")
    }
    if capturing.interfaces.isEmpty, !capturing.stops.isEmpty || !capturing.rings.isEmpty {
      throw ValidationError("-a and -b are about a live capture: -i IF")
    }
    guard output.compatibility == nil else {
      throw ValidationError(
        "tshark has no rows of messages to be compatible with: `netlab read FILE --compat tshark`")
    }
  }

  /// Rows of messages in the form asked for; nil when nothing is to be printed.
  private func makePrinter(_ source: String, _ filter: DisplayFilter?) throws -> MessagePrinter? {
    if output.isQuiet { return nil }
    return MessagePrinter(
      try output.makeRows(source: source), filter: filter, verdicts: hasVerdicts)
  }

  func run() throws {
    if capturing.isListing { return try InterfacesCommand().run() }
    if filters.isExplained {
      var output = StandardOutput()
      output.buffer.append(filters.explanation)
      return try output.flush()
    }
    let registry = try filters.makeRegistry()
    if capturing.interfaces.isEmpty {
      try read(file ?? readFile ?? "-", registry)
    } else {
      try capture(registry)
    }
  }

  private func read(_ path: String, _ registry: Registry) throws {
    let filter = try filters.makeDisplayFilter(filters.displayExpression, registry)
    let printer = try makePrinter(path, filter)
    let har = try archive.map { try HARRecorder($0, above: printer) }
    var pipeline = try Pipeline(
      registry: registry, filter: nil, printer: har ?? printer, keys: keys.load(),
      isFlushedPerFrame: output.isLineBuffered)
    do {
      try pipeline.readFile(
        path, captureFilter: filters.capture, limit: capturing.count ?? .max)
    } catch let error as CaptureError {
      try har?.close()
      throw error
    }
    try har?.close()
  }

  private func capture(_ registry: Registry) throws {
    let filter = try filters.makeDisplayFilter(filters.display, registry)
    let source = capturing.interfaces.joined(separator: ",")
    let printer = try makePrinter(source, filter)
    let fernetKeys = try keys.load()
    let plan = try PrivilegePlan(.current, requested: capturing.user)
    var live = try LiveCapture(capturing.live(filter: filters.captureExpression))
    // From here on root is gone: before an octet is looked at.
    try plan.carryOut()
    let har = try archive.map { try HARRecorder($0, above: printer) }
    let pipeline = try Pipeline(
      registry: registry, filter: nil, printer: har ?? printer, keys: fernetKeys,
      isFlushedPerFrame: false)
    var session = try CaptureSession(
      interfaces: live.interfaces, pipeline: pipeline, files: capturing.files(path: nil),
      writing: WriteOptions.parse([]), isPrinting: true)
    try session.run(&live)
    try har?.close()
  }
}
