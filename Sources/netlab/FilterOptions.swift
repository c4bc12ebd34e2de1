import ArgumentParser
import Console
import DisplayFilter
import PacketCore
import Protocols

/// Which packets are wanted, and how their payloads are decoded.
struct FilterOptions: ParsableArguments {
  @Option(
    name: [.customShort("Y"), .customLong("display-filter")], parsing: .unconditional,
    help: "Display filter, in Wireshark's language.")
  var display: String?

  @Option(
    name: [.customShort("f"), .customLong("capture-filter")], parsing: .unconditional,
    help: "Capture filter (BPF), in libpcap's language.")
  var capture: String?

  @Option(
    name: .customLong("host"),
    help: ArgumentHelp(
      "Packets from or to this address: -f 'host ADDR' and -Y 'ip.addr == ADDR' in one.",
      valueName: "addr"))
  var host: String?

  @Option(
    name: .customLong("port"), help: ArgumentHelp("Packets from or to this port.", valueName: "n"))
  var port: UInt16?

  @Flag(
    name: .customLong("explain"),
    help: "Print the capture filter and the display filter in force, and do nothing else.")
  var isExplained = false

  @Option(
    name: [.customShort("d"), .customLong("decode-as")], parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "Decode as, such as udp.port==5300,dns. Repeatable.", valueName: "selector==value,protocol"))
  var decodeAs: [String] = []

  /// Taken and ignored: tshark's preferences.
  @Option(
    name: [.customShort("o")], parsing: .unconditionalSingleValue, help: .hidden)
  var preferences: [String] = []

  /// The capture filter that `-f`, `--host` and `--port` say together; nil for none.
  var captureExpression: String? {
    var parts: [String] = []
    if let host { parts.append("host \(host)") }
    if let port { parts.append("port \(port)") }
    if let capture { parts.append(parts.isEmpty ? capture : "(\(capture))") }
    return parts.isEmpty ? nil : parts.joined(separator: " and ")
  }

  /// The display filter that `-Y`, `--host` and `--port` say together; nil for none.
  var displayExpression: String? {
    var parts: [String] = []
    if let host { parts.append((host.contains(":") ? "ipv6.addr" : "ip.addr") + " == \(host)") }
    if let port { parts.append("(tcp.port == \(port) or udp.port == \(port))") }
    if let display { parts.append(parts.isEmpty ? display : "(\(display))") }
    return parts.isEmpty ? nil : parts.joined(separator: " and ")
  }

  /// What `--explain` prints.
  var explanation: String {
    """
    capture filter (BPF):  \(captureExpression ?? "none")
    display filter:        \(displayExpression ?? "none")

    """
  }

  /// The protocols, with what `-d` changes.
  func makeRegistry() throws -> Registry {
    var registry = Registry.standard
    for rule in decodeAs { try DecodeAs(rule).apply(to: &registry) }
    return registry
  }

  /// The display filter, ready to match.
  func makeDisplayFilter(_ expression: String?, _ registry: Registry) throws -> DisplayFilter? {
    guard let expression else { return nil }
    do {
      return try DisplayFilter(expression, registry: registry)
    } catch {
      throw Failure(error)
    }
  }
}

extension Failure {
  /// A display filter that cannot be understood.
  init(_ error: FilterError) {
    self.init(.filter, error.describe())
  }
}
