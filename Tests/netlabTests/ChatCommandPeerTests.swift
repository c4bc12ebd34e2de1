import Console
import Foundation
import Testing

/// `netlab chat` as a running program: lines in, objects out.
private final class ChatProcess {
  let process = Process()
  private let input = Pipe()
  private let output = Pipe()
  private var rest = ""

  init(_ url: String, _ arguments: String...) throws {
    process.executableURL = Project.netlab
    process.arguments = ["chat", "--url", url, "-T", "jsonl", "--wait", "forever"] + arguments
    process.standardInput = input
    process.standardOutput = output
    try process.start()
  }

  func type(_ line: String) throws {
    try input.fileHandleForWriting.write(contentsOf: Data((line + "\n").utf8))
  }

  /// The objects up to the first that holds all of these texts.
  @discardableResult
  func until(_ words: String...) throws -> [String] {
    var passed: [String] = []
    while true {
      while let end = rest.firstIndex(of: "\n") {
        let line = String(rest[..<end])
        rest.removeSubrange(...end)
        passed.append(line)
        if words.allSatisfy({ line.contains($0) }) { return passed }
      }
      let octets = output.fileHandleForReading.availableData
      try #require(!octets.isEmpty, "it ended before \(words): \(passed)")
      rest += String(decoding: octets, as: UTF8.self)
    }
  }

  /// Leaves by a signal.
  func end(_ signal: Int32 = SIGINT) -> Int32 {
    kill(process.processIdentifier, signal)
    process.waitUntilExit()
    return process.terminationReason == .exit
      ? process.terminationStatus : -process.terminationStatus
  }

  deinit { if process.isRunning { process.terminate() } }
}

@Suite struct ChatCommandReturnTests {
  /// The server is killed and comes back with its history: nothing is lost, nothing comes twice.
  @Test(arguments: ["websocket", "polling"])
  func comesBackToAServerThatWasKilled(_ transport: String) throws {
    let folder = try TemporaryFolder()
    let server = try ServeProcess(in: folder)
    let client = try ChatProcess(server.url, "--name", "Alice", "--transport", transport)
    let joined = try client.until("chat_room").last ?? ""
    let room = String(try #require(joined.firstMatch(of: /"room":"(\w+)"/)).1)
    try client.type("before")
    try client.until("chat_delivery", "delivered", "before")
    server.end(SIGKILL)
    try client.until("chat_connection", "lost")
    try client.type("meanwhile")
    try client.until("chat_delivery", "delayed", "meanwhile")
    let bind = String(server.url.dropFirst("http://".count))
    let second = try ServeProcess(in: folder, bind: bind)
    let back = try client.until("chat_delivery", "\"delivered\"", "meanwhile")
    #expect(back.contains { $0.contains("chat_room") && $0.contains("\"is_first\":false") })
    #expect(!back.contains { $0.contains("\"text\":\"before\"") })
    let other = try run([
      "chat", "--url", second.url, "--name", "Bob", "--room", room, "--send", "hi",
    ])
    #expect(other.output.contains("Alice: before") && other.output.contains("Alice: meanwhile"))
    try client.until("chat_message", "hi")
    #expect(client.end() == 0)
    #expect(second.end() == 0)
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
  func aSignalLeavesTheRoom(_ signal: Int32) throws {
    let server = try ServeProcess(["--ephemeral"])
    let client = try ChatProcess(server.url, "--name", "Alice")
    let joined = try client.until("chat_room").last ?? ""
    let room = String(try #require(joined.firstMatch(of: /"room":"(\w+)"/)).1)
    let watcher = try ChatProcess(server.url, "--name", "Bob", "--room", room)
    try watcher.until("chat_members", "Bob")
    #expect(client.end(signal) == 0)
    try watcher.until("(Alice) left the chat")
    #expect(watcher.end() == 0)
  }
}

/// Against the Python server, whose peer in the tests of `netlab serve` is the Python client.
@Suite struct ChatCommandPeerTests {
  /// A chat server by python-socketio.
  private final class Peer {
    let process = Process()
    private let input = Pipe()
    let url: String

    init(_ options: String...) throws {
      let candidates = [Project.find("python3"), URL(fileURLWithPath: "/usr/bin/python3")]
      let found = candidates.compactMap { $0 }.first { python in
        (try? run(["-c", "import socketio, aiohttp"], program: python))?.status == 0
      }
      let python: URL = try #require(
        found, "python3-socketio and python3-aiohttp are not installed: make test-packages")
      process.executableURL = python
      process.arguments = ["-B", PythonClient.path("chat_server")] + options
      let output = Pipe()
      process.standardInput = input
      process.standardOutput = output
      try process.start()
      let text = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
      url = "http://127.0.0.1:\(text.trimmingCharacters(in: .whitespacesAndNewlines))"
    }

    deinit { process.terminate() }
  }

  @Test(arguments: ["auto", "websocket", "polling"])
  func chats(_ transport: String) throws {
    let peer = try Peer()
    let result = try run([
      "chat", "--url", peer.url, "--name", "Alice", "--transport", transport, "--send", "hé 🎉",
      "--send", "two",
    ])
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("> Alice: hé 🎉\n") && result.output.contains("> Alice: two\n"))
  }

  @Test func fallsBackToPolling() throws {
    let peer = try Peer("polling=only")
    let result = try run(["chat", "--url", peer.url, "--name", "Alice", "--send", "hi"])
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("> Alice: hi\n"))
    let only = try run([
      "chat", "--url", peer.url, "--name", "Alice", "--send", "hi", "--transport", "websocket",
    ])
    #expect(only.status == Console.ExitStatus.noAnswer.rawValue)
    #expect(only.errors.contains("400"))
  }

  /// What was lost with the connection is sent again, and what only its acknowledgment lost is there
  /// once.
  @Test(arguments: ["websocket", "polling"])
  func sendsAgainWhatWasLost(_ transport: String) throws {
    let peer = try Peer()
    let result = try run([
      "chat", "--url", peer.url, "--name", "Alice", "--transport", transport, "-T", "jsonl",
      "--send", "cut me", "--send", "behind it", "--send", "take and cut me",
    ])
    #expect(result.status == 0, "\(result.errors)")
    for text in ["cut me", "behind it", "take and cut me"] {
      let shown = result.output.split(separator: "\n").filter {
        $0.contains("chat_message") && $0.contains("\"text\":\"\(text)\"")
      }
      #expect(shown.count == 1, "\(text): \(shown)")
    }
    #expect(result.output.contains(#""state":"delayed""#))
    #expect(result.output.contains(#""delivered":3,"undelivered":0"#))
  }

  @Test func refusalsAreTold() throws {
    let peer = try Peer()
    let result = try run(["chat", "--url", peer.url, "--name", "Alice", "--send", "refuse"])
    #expect(result.status == Console.ExitStatus.no.rawValue)
    #expect(result.output.contains("NOT DELIVERED (not this one): refuse"))
    let lost = try run([
      "chat", "--url", peer.url, "--name", "Alice", "--room", "NOROOM", "--send", "x",
    ])
    #expect(lost.status == Console.ExitStatus.refused.rawValue)
    #expect(lost.errors.contains("Room code not found"))
  }

  /// Heartbeats are answered: the server would have ended it several times over.
  @Test(arguments: ["websocket", "polling"])
  func staysThroughHeartbeats(_ transport: String) throws {
    let peer = try Peer("interval=0.1", "timeout=0.1")
    let result = try run([
      "chat", "--url", peer.url, "--name", "Alice", "--transport", transport, "-T", "jsonl",
      "--send", "hi", "--wait", "1s",
    ])
    #expect(result.status == 0)
    #expect(!result.output.contains("\"lost\""))
  }
}

/// On a pseudo terminal.
@Suite struct ChatCommandTerminalTests {
  @Test(arguments: ["ctrl-c", "ctrl-d", "leave", "SIGTERM", "SIGINT"])
  func theTerminalIsGivenBack(_ how: String) throws {
    let server = try ServeProcess(["--ephemeral"])
    let python = try #require(Project.find("python3"))
    let result = try run(
      ["-B", PythonClient.path("chat_terminal"), Project.netlab.path, server.url, how],
      program: python)
    #expect(result.output == "ok\n", "\(result.errors)")
  }
}
