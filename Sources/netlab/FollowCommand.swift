import ArgumentParser
import Capture
import Console
import PacketCore
import Projection
import Protocols

extension FollowPrinter.Level: ExpressibleByArgument {}
extension FollowPrinter.Form: ExpressibleByArgument {}

/// `netlab follow FILE --stream N`: one conversation as a dialogue.
struct FollowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "follow",
    abstract: "One conversation as a dialogue: its messages, or its octets.",
    discussion: """
      Without --as the messages are shown as `netlab messages` does; a stream of a protocol that
      netlab does not know is shown as octets.

      Examples:
        netlab follow Captures/flask-socketio-session.pcap --stream 11
        netlab follow chat.pcapng --stream 3 --as tcp --format hex
      """)

  /// One end of the connection.
  enum End: String, CaseIterable, ExpressibleByArgument { case client, server }

  @Argument(help: "The capture file; - is standard input.")
  var file: String?

  @Option(
    name: [.customShort("r"), .customLong("read")], parsing: .unconditional,
    help: "The same, for fingers that know tshark.")
  var readFile: String?

  @Option(
    name: .customLong("stream"), help: ArgumentHelp("Number of the stream.", valueName: "n"))
  var stream: UInt32

  @Option(name: .customLong("as"), help: "What to follow: messages, tcp, websocket or socketio.")
  var level: FollowPrinter.Level = .messages

  @Option(
    name: [.customShort("T"), .customLong("format")], help: "Form: text, hex, raw or jsonl.")
  var form: FollowPrinter.Form = .text

  @Option(name: .customLong("side"), help: "Only what this end said: client or server.")
  var side: End?

  @Option(
    name: [.customShort("t"), .customLong("time")],
    help: "Time column: r, a, ad, adoy, d, dd, e, u, ud or udoy.")
  var time: TimeFormat = .relative

  @OptionGroup(title: "Keys") var keys: KeyOptions

  mutating func validate() throws {
    guard (file == nil) != (readFile == nil) else {
      throw ValidationError(
        file == nil
          ? "which file? `netlab follow FILE --stream N`" : "one file at a time: FILE or -r FILE")
    }
  }

  func run() throws {
    let path = file ?? readFile ?? "-"
    let registry: Registry =
      switch level {
      case .tcp: .standard.withRawStreams
      case .messages: .standard.withRawRemainder
      case .websocket, .socketio: .standard
      }
    let printer = FollowPrinter(
      stream: stream, level: level, form: form,
      side: side.map { $0 == .client ? .client : .server }, time: time,
      tool: "netlab " + Program.version, source: path)
    var pipeline = try Pipeline(
      registry: registry, filter: nil, printer: printer, keys: keys.load(),
      isFlushedPerFrame: false)
    try pipeline.readFile(path)
    guard printer.count == 0 else { return }
    throw Failure(
      .no, "stream \(stream) holds no \(level == .messages ? "messages" : level.rawValue)",
      remedy: printer.lastStream.map {
        "streams are numbered from 0; the last that holds some is \($0): `netlab messages \(path)`"
      } ?? "no stream of this capture holds any")
  }
}
