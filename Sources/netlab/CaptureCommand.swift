import ArgumentParser
import Capture
import Console
import PacketCore
import Projection
import Protocols

/// `netlab capture`: packets from interfaces, live.
struct CaptureCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "capture",
    abstract: "Capture live: dissect and print, or write to a file.",
    discussion: """
      Examples:
        sudo netlab capture --iface wlan0 --host 10.0.0.33
        sudo netlab capture -i any -f 'tcp port 5000' -w chat.pcapng -c1000
      """)

  @OptionGroup(title: "Capturing") var capturing: CaptureOptions
  @OptionGroup(title: "Which packets") var filters: FilterOptions
  @OptionGroup(title: "Keys") var keys: KeyOptions
  @OptionGroup(title: "How they are printed") var output: OutputOptions
  @OptionGroup(title: "Writing") var writing: WriteOptions

  mutating func validate() throws {
    if writing.path != nil, filters.display != nil, !writing.isPrintingToo {
      throw ValidationError(
        "-Y chooses what is printed, but -w writes what was captured: add -P to print, "
          + "choose with -f, or write first and then `netlab read FILE -Y … -w NEW`")
    }
  }

  func run() throws {
    if capturing.isListing { return try InterfacesCommand().run() }
    if filters.isExplained {
      var output = StandardOutput()
      output.buffer.append(filters.explanation)
      return try output.flush()
    }
    guard !capturing.interfaces.isEmpty else {
      throw Failure(
        .usage, "on which interface? -i IF, or -i any for all of them",
        remedy: "`netlab interfaces` lists them")
    }
    let registry = try filters.makeRegistry()
    let fernetKeys = try keys.load()
    let filter = try filters.makeDisplayFilter(filters.display, registry)
    let source = capturing.interfaces.joined(separator: ",")
    let printer = writing.prints ? try output.makePrinter(source: source) : nil
    let files = try capturing.files(path: writing.path)
    let plan = try PrivilegePlan(.current, requested: capturing.user)

    var live = try LiveCapture(capturing.live(filter: filters.captureExpression))
    // From here on root is gone: before an octet is looked at or a file is made.
    try plan.carryOut()

    let pipeline = try Pipeline(
      registry: registry, filter: filter, printer: printer, keys: fernetKeys,
      isFlushedPerFrame: false)
    var session = try CaptureSession(
      interfaces: live.interfaces, pipeline: pipeline, files: files, writing: writing,
      isPrinting: printer != nil)
    try session.run(&live)
  }
}
