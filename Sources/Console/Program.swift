import ArgumentParser
import Capture
import Glibc

/// What a command line does around its command: `netlab` and `netlab-serve` begin and end alike.
package enum Program {
  package static let version = "0.1.0"

  /// Parses and runs a command, and ends the program.
  ///
  /// - Parameters:
  ///   - root: Whose words a usage error is explained in.
  ///   - parse: Gives the command that is to be run.
  package static func main(
    _ root: any ParsableCommand.Type, parse: () throws -> any ParsableCommand
  ) -> Never {
    // A reader that goes away ends the program quietly, not by a signal.
    signal(SIGPIPE, SIG_IGN)
    Glibc.exit(run(root, parse: parse).rawValue)
  }

  private static func run(
    _ root: any ParsableCommand.Type, parse: () throws -> any ParsableCommand
  ) -> ExitStatus {
    do {
      var command = try parse()
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
      let text = root.fullMessage(for: error)
      let code = root.exitCode(for: error)
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
package func write(standardError text: String) {
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
