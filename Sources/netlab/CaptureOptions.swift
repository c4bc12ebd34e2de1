import ArgumentParser
import Capture
import Console

/// What is captured on, how, and until when.
struct CaptureOptions: ParsableArguments {
  @Option(
    name: [.customShort("i"), .customLong("interface"), .customLong("iface")],
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "Interface by name or number, or any. Repeatable. `netlab interfaces` lists them.",
      valueName: "if"))
  var interfaces: [String] = []

  @Flag(name: [.customShort("D"), .customLong("list-interfaces")], help: "List the interfaces.")
  var isListing = false

  @Option(
    name: [.customShort("s"), .customLong("snapshot-length")],
    help: ArgumentHelp("Octets kept of each packet.", valueName: "octets"))
  var snapLength = 262_144

  @Flag(
    name: [.customShort("p"), .customLong("no-promiscuous-mode")],
    help: "Only packets for this host.")
  var isNotPromiscuous = false

  @Flag(
    name: [.customShort("I"), .customLong("monitor-mode")], help: "Raw 802.11 frames of a radio.")
  var isMonitoring = false

  @Option(
    name: [.customShort("B"), .customLong("buffer-size")],
    help: ArgumentHelp("Kernel buffer of each interface, in MiB.", valueName: "mib"))
  var bufferMiB = 32

  @Option(
    name: [.customShort("c"), .customLong("count")],
    help: ArgumentHelp("Stop after this many packets.", valueName: "n"))
  var count: UInt64?

  @Option(
    name: [.customShort("a"), .customLong("autostop")],
    help: ArgumentHelp(
      "Stop after duration:SECONDS, filesize:KB, packets:N or files:N. Repeatable.",
      valueName: "condition"))
  var stops: [String] = []

  @Option(
    name: [.customShort("b"), .customLong("ring-buffer")],
    help: ArgumentHelp(
      "Go on to the next file after duration:SECONDS, filesize:KB, packets:N or interval:SECONDS; keep files:N. Repeatable.",
      valueName: "rule"))
  var rings: [String] = []

  @Option(
    name: [.customShort("Z"), .customLong("relinquish-privileges")],
    help: ArgumentHelp(
      "Once the interfaces are open, go on as this user. Default: who called sudo.",
      valueName: "user"))
  var user: String?

  mutating func validate() throws {
    if let count, count < 1 { throw ValidationError("-c wants at least 1 packet") }
    if snapLength < 1 { throw ValidationError("-s wants at least 1 octet") }
    if bufferMiB < 1 || bufferMiB > 2047 { throw ValidationError("-B wants 1 to 2047 MiB") }
  }

  /// What libpcap is asked for.
  func live(filter: String?) -> LiveCapture.Options {
    var options = LiveCapture.Options(interfaces: interfaces)
    options.filter = filter ?? ""
    options.snapLength = snapLength
    options.promiscuous = !isNotPromiscuous
    options.monitor = isMonitoring
    options.bufferMiB = bufferMiB
    return options
  }

  /// Which file is written when, and when the capture ends.
  /// - Throws: `Failure` for rules that cannot be followed.
  func files(path: String?) throws -> RingOfFiles {
    do {
      var stop = StopConditions()
      for rule in stops { try stop.add(rule) }
      if let count { stop.packets = count }
      var ring = RingRules()
      for rule in rings { try ring.add(rule) }
      return try RingOfFiles(path: path ?? "", rules: ring, stop: stop)
    } catch {
      throw Failure(.usage, error.message)
    }
  }
}
