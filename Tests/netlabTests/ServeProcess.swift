import Foundation
import Testing

/// A `netlab serve` of a test's own, on a port that the system chose, with a home of its own.
final class ServeProcess {
  let process = Process()
  let folder: TemporaryFolder
  private(set) var url = ""

  /// - Parameters:
  ///   - arguments: Behind `serve --bind 127.0.0.1:0`.
  ///   - folder: The home; another server may have had it before.
  ///   - user: Whom it runs as, without any capability; only for root.
  init(
    _ arguments: [String] = [], in folder: TemporaryFolder? = nil, bind: String = "127.0.0.1:0",
    user: UInt32? = nil
  ) throws {
    self.folder = try folder ?? TemporaryFolder()
    process.executableURL = Project.netlab
    process.arguments = ["serve", "--bind", bind] + arguments
    if let user, let setpriv = Project.find("setpriv") {
      chown(self.folder.url.path, user, user)
      process.executableURL = setpriv
      process.arguments =
        ["--reuid", "\(user)", "--regid", "\(user)", "--clear-groups", "--inh-caps=-all"]
        + ["--bounding-set=-all", Project.netlab.path] + (process.arguments ?? [])
    }
    var environment = ProcessInfo.processInfo.environment
    environment["HOME"] = self.folder.url.path
    for name in ["XDG_DATA_HOME", "XDG_CONFIG_HOME", "SUDO_UID"] { environment[name] = nil }
    process.environment = environment
    let output = Pipe()
    process.standardOutput = output
    let errors = self.folder.path("err")
    _ = FileManager.default.createFile(atPath: errors, contents: nil)
    process.standardError = FileHandle(forWritingAtPath: errors)
    try process.start()
    // The text is there when the server listens; it ends where the process does.
    var text = ""
    while !text.contains("Ctrl-C") {
      let octets = output.fileHandleForReading.availableData
      if octets.isEmpty { break }
      text += String(decoding: octets, as: UTF8.self)
    }
    announcement = text
    let match = text.firstMatch(of: /http:\/\/[^\s]+/)
    url = match.map { String($0.0) } ?? ""
    if url.isEmpty { Issue.record("netlab serve did not start: \(self.errors)") }
  }

  /// What it printed when it listened.
  private(set) var announcement = ""

  var errors: String {
    String(
      decoding: FileManager.default.contents(atPath: folder.path("err")) ?? Data(), as: UTF8.self)
  }

  /// Ends it and waits.
  ///
  /// - Returns: Its exit code; minus the signal's number when that killed it.
  @discardableResult
  func end(_ signal: Int32 = SIGINT) -> Int32 {
    if process.isRunning { kill(process.processIdentifier, signal) }
    process.waitUntilExit()
    return process.terminationReason == .exit
      ? process.terminationStatus : -process.terminationStatus
  }

  deinit { end(SIGKILL) }
}

/// A client that Python runs: one of the programs in `Clients`.
struct PythonClient {
  /// A Python that has python-socketio: Debian's own, where another stands before it.
  static func interpreter() throws -> URL {
    let candidates = [Project.find("python3"), URL(fileURLWithPath: "/usr/bin/python3")]
    let found = candidates.compactMap { $0 }.first { python in
      let asked = ["-c", "import socketio, requests, websocket"]
      return (try? netlabTests.run(asked, program: python))?.status == 0
    }
    return try #require(found, "python3-socketio is not installed: make test-packages")
  }

  static func path(_ name: String) -> String {
    Project.root.appendingPathComponent("Tests/netlabTests/Clients/\(name).py").path
  }

  /// Runs a client to its end; what it printed.
  static func run(_ name: String, _ arguments: String...) throws -> String {
    let result = try netlabTests.run(
      ["-B", path(name)] + arguments, program: interpreter())
    #expect(result.status == 0, "\(name): \(result.errors)")
    return result.output
  }

  /// Begins a client that prints lines.
  static func start(_ name: String, _ arguments: String...) throws -> (Process, FileHandle) {
    let process = Process()
    process.executableURL = try interpreter()
    process.arguments = ["-B", path(name)] + arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.start()
    return (process, output.fileHandleForReading)
  }
}
