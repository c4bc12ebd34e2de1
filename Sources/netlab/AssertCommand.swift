import ArgumentParser
import Capture
import Console
import DisplayFilter
import PacketCore
import Projection
import Protocols

/// `netlab assert FILE 'EXPR'`: is it so?
struct AssertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "assert",
    abstract: "Is it so? Says yes or no, names the evidence, and exits with 0 or 1.",
    discussion: """
      count(FILTER) counts messages when the filter names a field of a message, packets otherwise;
      packets(FILTER) and messages(FILTER) say which. Counts and numbers are compared with ==, !=, <,
      <=, >, >=, added and subtracted, and joined by and, or, not. A filter alone means: at least one.

      Examples:
        netlab assert chat.pcapng 'count(sio.event == "message") >= 2'
        netlab assert chat.pcapng 'packets(tcp.analysis.retransmission) == 0 and messages(websocket) > 10'
      """)

  /// The forms of the answer.
  enum Form: String, CaseIterable, ExpressibleByArgument { case text, jsonl }

  @Argument(help: "The capture file; - is standard input.")
  var file: String

  @Argument(parsing: .remaining, help: "What has to hold; several are all asked.")
  var expressions: [String]

  @Option(
    name: [.customShort("T"), .customLong("format")], help: "Output form: text or jsonl.")
  var form: Form = .text

  @Flag(name: [.customShort("q"), .customLong("quiet")], help: "Only the exit code.")
  var isQuiet = false

  @OptionGroup(title: "Keys") var keys: KeyOptions

  mutating func validate() throws {
    if expressions.isEmpty {
      throw ValidationError("what has to hold? `netlab assert FILE 'EXPR'`")
    }
  }

  func run() throws {
    var checks: [AssertionCheck] = []
    for expression in expressions {
      do {
        checks.append(AssertionCheck(try Assertion(expression, registry: .standard)))
      } catch {
        throw Failure(error)
      }
    }
    var pipeline = try Pipeline(
      registry: .standard, filter: nil, printer: AssertionChecks(checks), keys: keys.load(),
      isFlushedPerFrame: false)
    try pipeline.readFile(file)
    var output = StandardOutput()
    for check in checks where !isQuiet {
      switch form {
      case .text: check.write(to: &output.buffer)
      case .jsonl: check.writeJSON(to: &output.buffer)
      }
    }
    try output.flush()
    if !checks.allSatisfy(\.holds) { throw ExitCode(ExitStatus.no.rawValue) }
  }
}

/// Several assertions in one pass.
private final class AssertionChecks: PacketPrinter {
  private let checks: [AssertionCheck]

  init(_ checks: [AssertionCheck]) { self.checks = checks }

  var wantsEnd: Bool { checks.contains(where: \.wantsEnd) }
  var asksAboutPackets: Bool { checks.contains(where: \.asksAboutPackets) }

  func print(_ dissection: borrowing Dissection, _ frame: RawSpan, into text: inout TextBuffer) {
    for check in checks { check.print(dissection, frame, into: &text) }
  }
}
