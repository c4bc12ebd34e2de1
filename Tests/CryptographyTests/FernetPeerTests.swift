import Foundation
import Testing

@testable import Cryptography

/// Tokens of Python's `cryptography` are opened here, and ours there.
@Suite(.enabled(if: Peer.isThere, "Python's cryptography is not installed (python3-cryptography)"))
struct FernetPeerTests {
  private let script = """
    import sys
    from cryptography.fernet import Fernet
    for line in sys.stdin:
        key, token, plain, time = line.split(" ")
        fernet = Fernet(key)
        plain = bytes.fromhex(plain)
        assert fernet.decrypt(token.encode()) == plain, token
        assert fernet.extract_timestamp(token.encode()) == int(time), token
        print(fernet.encrypt_at_time(plain[::-1], int(time) + 1).decode())
    """

  @Test func bothWays() throws {
    let seed = UInt64.random(in: 0 ... .max)
    print("FernetPeerTests.bothWays: seed \(seed)")
    var random = SplitMix(state: seed)
    var sent: [(cipher: FernetCipher, plain: [UInt8], time: UInt64)] = []
    var lines = ""
    for size in Array(0...70) + [1024, 40_000] {
      let plain = (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
      let time = UInt64.random(in: 0...4_000_000_000, using: &random)
      let key = try #require(FernetKey.generate())
      let cipher = try #require(FernetCipher(key))
      let token = try #require(cipher.seal(plain, time: time))
      let hex = plain.map { String(UInt16($0) + 256, radix: 16).dropFirst() }.joined()
      let words = [key.exportedText(), token].map { String(decoding: $0, as: UTF8.self) }
      lines += words.joined(separator: " ") + " \(hex) \(time)\n"
      sent.append((cipher, plain, time))
    }
    let answer = try Peer.run(script, input: lines)
    #expect(answer.count == sent.count, "seed \(seed)")
    for (token, (cipher, plain, time)) in zip(answer, sent) {
      let opened = try cipher.open(Array(token.utf8), now: time + 1, ttl: 0)
      #expect(opened.plain == plain.reversed(), "seed \(seed)")
      #expect(opened.time == time + 1)
      #expect(opened.isCanonical)
    }
  }
}

/// Debian's Python.
enum Peer {
  static let isThere = (try? run("import cryptography.fernet", input: "")) != nil

  struct Failed: Error {
    var errors: String
  }

  /// The lines that a script prints.
  static func run(_ script: String, input: String) throws -> [Substring] {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("netlab-test-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    // Files, not pipes: a program that says much never waits for us.
    let paths = ["in", "out", "err"].map { folder.appendingPathComponent($0) }
    for path in paths { try Data(path == paths[0] ? input.utf8 : "".utf8).write(to: path) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
    process.arguments = ["-c", script]
    process.standardInput = try FileHandle(forReadingFrom: paths[0])
    process.standardOutput = try FileHandle(forWritingTo: paths[1])
    process.standardError = try FileHandle(forWritingTo: paths[2])
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Failed(errors: try String(contentsOf: paths[2], encoding: .utf8))
    }
    return try String(contentsOf: paths[1], encoding: .utf8).split(separator: "\n")
  }
}
