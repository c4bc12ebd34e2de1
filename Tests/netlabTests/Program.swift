import Foundation

/// The project's folders, as tests see them.
enum Project {
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  static let captures = root.appendingPathComponent("Captures")

  /// The netlab that was built with these tests; it stands beside the test program.
  static let netlab: URL = {
    let program =
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    let beside = URL(fileURLWithPath: program).deletingLastPathComponent()
    for folder in [beside, root.appendingPathComponent(".build/debug")] {
      let candidate = folder.appendingPathComponent("netlab")
      if FileManager.default.isExecutableFile(atPath: candidate.path) { return candidate }
    }
    return root.appendingPathComponent(".build/debug/netlab")
  }()

  /// Where a program of this name is, nil when it is not installed.
  static func find(_ program: String) -> URL? {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    let folders = path.split(separator: ":").map(String.init) + ["/usr/sbin", "/sbin"]
    return folders.lazy.map { URL(fileURLWithPath: $0).appendingPathComponent(program) }
      .first { FileManager.default.isExecutableFile(atPath: $0.path) }
  }
}

/// What a program that was run said, and how it ended.
struct ProgramResult {
  var status: Int32
  var output: String
  var errors: String
}

/// A folder of a test's own, gone with it.
final class TemporaryFolder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory
      .appendingPathComponent("netlab-test-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func path(_ name: String) -> String { url.appendingPathComponent(name).path }
}

extension Process {
  /// Starts it with no signal blocked. The threads that tests run on block nearly all, children
  /// inherit that, and then neither SIGTERM nor the alarm of timeout(1) reaches them.
  func start() throws {
    var none = sigset_t()
    var before = sigset_t()
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    try run()
  }
}

/// Runs a program to its end.
///
/// - Parameters:
///   - input: What it finds on standard input; nothing when nil.
func run(
  _ arguments: [String], program: URL = Project.netlab, input: Data? = nil,
  environment: [String: String] = [:]
) throws -> ProgramResult {
  let folder = try TemporaryFolder()
  let process = Process()
  process.executableURL = program
  process.arguments = arguments
  process.currentDirectoryURL = Project.captures
  process.environment = ProcessInfo.processInfo.environment
    .merging(["TZ": "UTC", "LC_ALL": "C.UTF-8"]) { $1 }.merging(environment) { $1 }
  // Files, not pipes: a program that says much never waits for us.
  for name in ["out", "err", "in"] {
    _ = FileManager.default.createFile(
      atPath: folder.path(name), contents: name == "in" ? input : nil)
  }
  process.standardOutput = FileHandle(forWritingAtPath: folder.path("out"))
  process.standardError = FileHandle(forWritingAtPath: folder.path("err"))
  process.standardInput = FileHandle(forReadingAtPath: folder.path("in"))
  try process.start()
  process.waitUntilExit()
  func text(_ name: String) -> String {
    String(
      decoding: FileManager.default.contents(atPath: folder.path(name)) ?? Data(), as: UTF8.self)
  }
  return ProgramResult(
    status: process.terminationStatus, output: text("out"), errors: text("err"))
}
