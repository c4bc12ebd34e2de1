import Foundation
import Testing

/// `--key-file`: what it opens, and what is said of a file that cannot be used.
@Suite struct KeyFileOptionTests {
  /// The specification's own key, and its token in a UDP datagram.
  private static let secret = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="
  private static let token =
    "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU"
    + "4IwqDA=="
  private static let time: UInt32 = 499_162_801

  private let folder: TemporaryFolder
  private let capture: String

  init() throws {
    folder = try TemporaryFolder()
    capture = folder.path("token.pcap")
    var damaged = Array(Self.token.utf8)
    damaged[60] = UInt8(ascii: "x")
    let file = Self.pcap([Array(Self.token.utf8), damaged])
    try Data(file).write(to: URL(fileURLWithPath: capture))
  }

  private static func pcap(_ tokens: [[UInt8]]) -> [UInt8] {
    func little(_ number: Int) -> [UInt8] {
      (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }
    var file: [UInt8] = [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0]
    file += little(0) + little(0) + little(65_535) + little(101)
    for token in tokens {
      let udp: [UInt8] = [0x30, 0x39, 0x13, 0x89, 0, UInt8(token.count + 8), 0, 0] + token
      var packet: [UInt8] = [0x45, 0, 0, UInt8(udp.count + 20), 0, 0, 0, 0, 64, 17, 0, 0]
      packet += [10, 0, 0, 1, 10, 0, 0, 2] + udp
      file += little(Int(time)) + little(0) + little(packet.count) + little(packet.count) + packet
    }
    return file
  }

  private func key(_ text: String, mode: mode_t = 0o600, name: String = "fernet.key") throws
    -> String
  {
    let path = folder.path(name)
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    #expect(chmod(path, mode) == 0)
    return path
  }

  private func read(_ arguments: [String], settings: String = "/nonexistent") throws
    -> ProgramResult
  {
    try run(
      ["read", capture, "-d", "udp.port==5001,fernet"] + arguments,
      environment: ["XDG_CONFIG_HOME": settings, "SUDO_UID": ""])
  }

  @Test func opensTokens() throws {
    let other = try key("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", name: "other.key")
    let fernet = try key(Self.secret + "\n")
    let result = try read(["--key-file", other, "--key-file", fernet])
    #expect(result.status == 0 && result.errors == "", "\(result.errors)")
    let lines = result.output.split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines.first?.contains("{Fernet ok} \"hello\"") == true, "\(result.output)")
    #expect(lines.last?.contains("{Fernet bad HMAC}") == true, "\(result.output)")
    #expect(!result.output.contains("cw_0"))
  }

  @Test func filtersTakeTheWords() throws {
    let fernet = try key(Self.secret)
    for (filter, frames) in [
      ("fernet.hmac.status == \"bad\"", "2\n"), ("fernet.hmac.status == good", "1\n"),
      ("fernet.plain == \"hello\"", "1\n"), ("fernet.hmac.bad", "2\n"), ("fernet.key == 1", "1\n"),
    ] {
      let result = try read(
        ["--key-file", fernet, "-Y", filter, "-T", "fields", "-e", "frame.number"])
      #expect(result.output == frames, "\(filter): \(result.output)\(result.errors)")
    }
    let result = try read(["-Y", "fernet.hmac.status == \"unverified\""])
    #expect(result.output.split(separator: "\n").count == 2)
    #expect(result.output.contains("{Fernet no key}"))
  }

  @Test func theUsualFileIsTakenWhenItIsThere() throws {
    let settings = folder.url.appendingPathComponent("settings/netlab")
    try FileManager.default.createDirectory(at: settings, withIntermediateDirectories: true)
    let path = settings.appendingPathComponent("fernet.key").path
    try Data(Self.secret.utf8).write(to: URL(fileURLWithPath: path))
    #expect(chmod(path, 0o600) == 0)
    let opened = try read([], settings: folder.path("settings"))
    #expect(opened.output.contains("\"hello\"") && opened.errors == "", "\(opened.errors)")
    // What nobody asked for is a warning when it cannot be used.
    #expect(chmod(path, 0o644) == 0)
    let warned = try read([], settings: folder.path("settings"))
    #expect(warned.status == 0)
    #expect(warned.errors.contains("chmod 600"), "\(warned.errors)")
    #expect(warned.output.contains("{Fernet no key}"))
  }

  private func check(
    _ path: String, _ status: Int32, says words: String...,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    for command in [["read", capture], ["capture", "-i", "lo", "-c", "1"]] {
      let result = try run(command + ["--key-file", path])
      #expect(result.status == status, "\(result.errors)", sourceLocation: sourceLocation)
      #expect(result.errors.hasPrefix("netlab: "), sourceLocation: sourceLocation)
      #expect(result.output == "", sourceLocation: sourceLocation)
      for word in words {
        #expect(result.errors.contains(word), "\(result.errors)", sourceLocation: sourceLocation)
      }
      #expect(!result.errors.contains("cw_0"), sourceLocation: sourceLocation)
    }
  }

  @Test func whatCannotBeUsedSaysWhatToDo() throws {
    try check(folder.path("none"), 3, says: "none")
    let open = try key(Self.secret, mode: 0o644)
    try check(open, 5, says: "chmod 600 " + open)
    try check(folder.url.path, 5, says: "regular file")
    let short = try key(String(Self.secret.dropLast(4)), name: "short.key")
    try check(short, 64, says: "44 characters")
    let dotted = try key(Self.secret.replacingOccurrences(of: "-", with: "+"), name: "dotted.key")
    try check(dotted, 64, says: "not base64url")
  }
}
