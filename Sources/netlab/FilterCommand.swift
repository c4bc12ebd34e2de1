import ArgumentParser
import Console
import DisplayFilter
import PacketCore
import Protocols

/// `netlab filter check|explain`: a display filter looked at, without a packet.
struct FilterCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "filter",
    abstract: "Look at a display filter: is it right, and what does it mean?",
    discussion: """
      Examples:
        netlab filter check 'tcp.port == 5000' && echo fine
        netlab filter explain 'ip.addr != 10.0.0.33'
      """,
    subcommands: [Check.self, Explain.self])

  /// `netlab filter check EXPR`: exit 0 or 4.
  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Exit 0 when the filter is right, 4 with the place of the fault when it is not.")

    @Argument(parsing: .allUnrecognized, help: "The filter, in one argument or several.")
    var words: [String]

    func run() throws { _ = try FilterCommand.compile(words) }
  }

  /// `netlab filter explain EXPR`: the filter in words.
  struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say in words which packets the filter lets through.")

    @Argument(parsing: .allUnrecognized, help: "The filter, in one argument or several.")
    var words: [String]

    func run() throws {
      let filter = try FilterCommand.compile(words)
      var output = StandardOutput()
      output.buffer.append(filter.explanation)
      if !filter.explanation.hasSuffix("\n") { output.buffer.append("\n") }
      try output.flush()
    }
  }

  fileprivate static func compile(_ words: [String]) throws -> DisplayFilter {
    do {
      return try DisplayFilter(words.joined(separator: " "), registry: .standard)
    } catch {
      throw Failure(error)
    }
  }
}
