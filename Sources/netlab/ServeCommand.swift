import ArgumentParser
import Capture
import Console
import Glibc

/// `netlab serve`: the bundled chat, on standard Socket.IO.
///
/// The server is a program of its own, `netlab-serve`, which this process becomes: its database and
/// templates bring libraries with them that would double the size of `netlab`, and what each start takes.
struct ServeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: ServeOptions.abstract, discussion: ServeOptions.discussion)

  @OptionGroup var options: ServeOptions

  /// Where the server is, if it is: beside this program; anywhere on PATH where /proc does not say
  /// where that is.
  static var program: String {
    let own = Capabilities.executablePath
    guard let slash = own.lastIndex(of: "/") else { return "netlab-serve" }
    return own[...slash] + "netlab-serve"
  }

  /// What mends it when it is not there.
  static let remedy =
    "it is a program of its own and belongs beside netlab: make build makes both, make install "
    + "installs both"

  func run() throws {
    let program = Self.program
    // As they were typed, behind the command's name.
    var arguments = ([program] + CommandLine.arguments.dropFirst(2)).map { strdup($0) }
    arguments.append(nil)
    execvp(program, arguments)
    throw Failure(
      .file, "the server cannot be started: \(program): \(String(cString: strerror(errno)))",
      remedy: Self.remedy)
  }
}
