import ArgumentParser
import Console

/// The program: a table of its commands.
@main
struct Netlab: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "netlab",
    abstract: "A packet-level network lab and inspector.",
    discussion: """
      Examples:
        netlab read Captures/flask-socketio-session.pcap -Y 'tcp.port == 5000'
        sudo netlab capture --iface wlan0 --host 10.0.0.33
      """,
    version: Program.version,
    subcommands: [
      CaptureCommand.self, ReadCommand.self, MessagesCommand.self, FollowCommand.self,
      StatsCommand.self, AssertCommand.self, GenCommand.self, FieldsCommand.self,
      FilterCommand.self, SchemaCommand.self, KeyCommand.self, SendCommand.self,
      ReceiveCommand.self, ServeCommand.self, ChatCommand.self,
      WindowsCommand.self, InterfacesCommand.self, DoctorCommand.self,
    ])

  static func main() {
    Program.main(Netlab.self) {
      try parse(TsharkSpelling.normalise(Array(CommandLine.arguments.dropFirst())))
    }
  }

  /// The command that the arguments name, with its options.
  ///
  /// It is asked alone first: parsed from the root, every command would be asked for its options, which
  /// takes longer than reading a small file does. Whatever it does not take (a wrong option, `--help`) goes
  /// to the root, which says what is to be said.
  private static func parse(_ arguments: [String]) throws -> any ParsableCommand {
    let named = arguments.first.flatMap { name in
      configuration.subcommands.first { $0.configuration.commandName == name }
    }
    if let named, let command = try? named.parseAsRoot(Array(arguments.dropFirst())) {
      // For `--help` it is the parser's own command, which would not know what it is called.
      let own = [named] + named.configuration.subcommands
      if own.contains(where: { $0 == type(of: command) }) { return command }
    }
    return try parseAsRoot(arguments)
  }
}
