import ArgumentParser
import Capture
import Glibc

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
    version: version,
    subcommands: [
      CaptureCommand.self, ReadCommand.self, MessagesCommand.self, FollowCommand.self,
      StatsCommand.self, AssertCommand.self, GenCommand.self, FieldsCommand.self,
      FilterCommand.self, SchemaCommand.self, KeyCommand.self, SendCommand.self,
      ReceiveCommand.self, ServeCommand.self, ChatCommand.self,
      WindowsCommand.self, InterfacesCommand.self, DoctorCommand.self,
    ])

  static let version = "0.1.0"

  static func main() {
    // A reader that goes away ends the program quietly, not by a signal.
    signal(SIGPIPE, SIG_IGN)
    Glibc.exit(run(Array(CommandLine.arguments.dropFirst())).rawValue)
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

  /// Runs one command line.
  static func run(_ arguments: [String]) -> ExitStatus {
    do {
      var command = try parse(TsharkSpelling.normalise(arguments))
      try command.run()
      return .done
    } catch let failure as Failure {
      write(standardError: failure.text)
      return failure.status
    } catch let error as CaptureError {
      let failure = Failure(error)
      write(standardError: failure.text)
      return failure.status
    } catch let code as ExitCode {
      return ExitStatus(rawValue: code.rawValue) ?? .internal
    } catch is OutputClosed {
      return .done
    } catch {
      let text = fullMessage(for: error)
      let code = exitCode(for: error)
      if code == .success {
        var output = StandardOutput()
        output.buffer.append(text)
        output.buffer.append("\n")
        return (try? output.flush()) == nil ? .write : .done
      }
      write(standardError: text.isEmpty ? "" : "netlab: " + text.withoutErrorLabel + "\n")
      return code == .validationFailure ? .usage : .internal
    }
  }
}

/// Text for a person, on stderr.
func write(standardError text: String) {
  var text = text
  text.withUTF8 { bytes in
    _ = Glibc.write(STDERR_FILENO, bytes.baseAddress, bytes.count)
  }
}

extension String {
  /// The argument parser's own messages begin with a label of theirs.
  fileprivate var withoutErrorLabel: String {
    hasPrefix("Error: ") ? String(dropFirst("Error: ".count)) : self
  }
}
