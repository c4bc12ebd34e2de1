import Foundation
import Testing

/// `netlab key`, and the key that every command finds.
@Suite struct KeyCommandTests {
  /// The specification's own key.
  private static let secret = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="
  private static let other = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

  private let folder: TemporaryFolder
  private let usual: String

  init() throws {
    folder = try TemporaryFolder()
    usual = folder.path("settings/netlab/fernet.key")
  }

  private func key(_ arguments: String..., input: String? = nil) throws -> ProgramResult {
    try run(
      ["key"] + arguments, input: input.map { Data($0.utf8) },
      environment: ["XDG_CONFIG_HOME": folder.path("settings"), "SUDO_UID": ""])
  }

  private func text(_ path: String) -> String? {
    FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
  }

  private func mode(_ path: String) -> mode_t? {
    var facts = stat()
    return stat(path, &facts) == 0 ? facts.st_mode & 0o7777 : nil
  }

  private func names(_ path: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path).sorted()
  }

  @Test func aNewKeyIsTheOwnersAlone() throws {
    let made = try key("generate")
    #expect(made.status == 0 && made.errors.isEmpty, "\(made.errors)")
    #expect(made.output.hasPrefix("made a new key: \(usual)\n"))
    #expect(made.output.contains("netlab key show | ssh OTHER netlab key import"))
    let secret = try #require(text(usual))
    #expect(secret.count == 45 && secret.hasSuffix("=\n"))
    #expect(!made.output.contains(secret.dropLast()))
    #expect(mode(usual) == 0o600)
    #expect(mode(folder.path("settings/netlab")) == 0o700)
    #expect(try names(folder.path("settings/netlab")) == ["fernet.key"])
    #expect(try key("show").output == secret)
  }

  @Test func aKeyIsNeverOverwritten() throws {
    _ = try key("generate")
    let first = try #require(text(usual))
    let refused = try key("generate")
    #expect(refused.status == 64)
    #expect(refused.errors.contains("there already") && refused.errors.contains("--replace"))
    #expect(text(usual) == first)
    for (number, suffix) in [".old", ".old2"].enumerated() {
      let before = text(usual)
      let replaced = try key("generate", "--replace")
      #expect(replaced.status == 0, "\(replaced.errors)")
      #expect(replaced.output.contains("is kept: \(usual)\(suffix)\n"), "\(number)")
      #expect(text(usual + suffix) == before && text(usual) != before)
      #expect(mode(usual) == 0o600 && mode(usual + suffix) == 0o600)
    }
    #expect(text(usual + ".old") == first)
    let there = try names(folder.path("settings/netlab"))
    #expect(there == ["fernet.key", "fernet.key.old", "fernet.key.old2"])
  }

  /// `netlab key show | ssh other netlab key import`, the other host being another folder.
  @Test func aKeyTravelsByStandardInput() throws {
    let shown = try key("show")
    #expect(shown.status == 0)
    #expect(shown.errors.hasPrefix("netlab: made a new key: \(usual)\n"), "\(shown.errors)")
    let there = folder.path("other host.key")
    let taken = try key("import", "--key-file", there, input: shown.output)
    #expect(taken.status == 0 && taken.output == "took the key: \(there)\n", "\(taken.errors)")
    #expect(text(there) == text(usual) && mode(there) == 0o600)
    let again = try key("import", "--key-file", there, input: shown.output)
    #expect(again.status == 0 && again.output == "the key is there already: \(there)\n")
    #expect(try key("show", "--key-file", there).output == shown.output)
  }

  @Test func anotherKeyIsNotTakenInItsPlace() throws {
    _ = try key("import", input: Self.secret + "\r\n")
    let refused = try key("import", input: Self.other)
    #expect(refused.status == 64 && refused.errors.contains("--replace"), "\(refused.errors)")
    #expect(text(usual) == Self.secret + "\n")
    let replaced = try key("import", "--replace", input: Self.other)
    #expect(replaced.status == 0 && replaced.output.contains(usual + ".old"))
    #expect(text(usual) == Self.other + "\n")
    #expect(text(usual + ".old") == Self.secret + "\n")
  }

  @Test(arguments: [
    "", "\n", "hello\n", String(secret.dropLast(5)), secret + secret, "+" + secret.dropFirst(),
    "\u{0}\u{ff}", String(repeating: "A", count: 5_000),
  ])
  func whatIsNoKeyIsRefused(_ input: String) throws {
    let result = try key("import", input: input)
    #expect(result.status == 64)
    #expect(result.errors.hasPrefix("netlab: ") && result.errors.contains("key show"))
    #expect(!result.errors.contains("cw_0") && !result.errors.contains("AAAA"))
    #expect(result.output.isEmpty && text(usual) == nil)
  }

  /// A key in the arguments is refused, and not repeated in what is said of it.
  @Test(arguments: [secret, "-" + secret.dropFirst(), "--key=" + secret])
  func aKeyIsNoArgument(_ argument: String) throws {
    let result = try key("import", argument, input: "")
    #expect(result.status == 64)
    #expect(result.errors.contains("standard input"), "\(result.errors)")
    #expect(!(result.errors + result.output).contains("RpI-jtRR7oE8h"))
  }

  @Test func whereItIs() throws {
    let usually = try key("show", "--path")
    #expect(usually.output == usual + "\n" && usually.errors.isEmpty && usually.status == 0)
    #expect(text(usual) == nil)
    #expect(try key("show", "--path", "--key-file", "class.key").output == "class.key\n")
  }

  @Test func whatCannotBeUsedSaysWhatToDo() throws {
    let none = try key("show", "--key-file", folder.path("none"))
    #expect(none.status == 3 && none.output.isEmpty)
    #expect(none.errors.contains("netlab key generate --key-file \(folder.path("none"))"))
    _ = try key("import", input: Self.secret)
    #expect(chmod(usual, 0o640) == 0)
    for command in [["key", "show"], ["key", "import"], ["serve", "--bind", "127.0.0.1:0"]] {
      let result = try run(
        command, input: Data(Self.secret.utf8),
        environment: [
          "XDG_CONFIG_HOME": folder.path("settings"), "XDG_DATA_HOME": folder.path("data"),
          "SUDO_UID": "",
        ])
      #expect(result.status == 5 && result.output.isEmpty, "\(command) \(result.errors)")
      #expect(result.errors.contains("chmod 600 " + usual))
    }
    // Into the place of a file instead of a folder.
    let blocked = try key("generate", "--key-file", usual + "/key")
    #expect(blocked.status == 15, "\(blocked.errors)")
  }

  /// Several first commands at once end with one key, whole at every moment.
  @Test func allThatMakeItAtOnceHaveTheSame() throws {
    let python = try #require(Project.find("python3"))
    let script = """
      import subprocess, sys
      show = [sys.argv[1], "key", "show"]
      pipe = subprocess.PIPE
      all = [subprocess.Popen(show, stdout=pipe, stderr=pipe) for _ in range(8)]
      for one in all:
          out, err = one.communicate()
          sys.stdout.write(out.decode())
          sys.stderr.write(err.decode())
      """
    let result = try run(
      ["-c", script, Project.netlab.path], program: python,
      environment: ["XDG_CONFIG_HOME": folder.path("settings"), "SUDO_UID": ""])
    let lines = result.output.split(separator: "\n")
    #expect(lines.count == 8 && Set(lines).count == 1, "\(result.errors)")
    #expect(try names(folder.path("settings/netlab")) == ["fernet.key"])
    let said = result.errors.split(separator: "\n").filter { $0.contains("made a new key") }
    #expect(said.count == 1)
  }

  /// Under sudo the key is the invoking user's: in their home, and theirs.
  @Test func underSudoItIsTheInvokingUsers() throws {
    guard geteuid() == 0 else { return }
    let entry = try #require(getpwnam("nobody"))
    let user = entry.pointee.pw_uid
    let home = String(cString: entry.pointee.pw_dir)
    let result = try run(
      ["key", "show", "--path"],
      environment: ["SUDO_UID": "\(user)", "XDG_CONFIG_HOME": folder.path("settings")])
    #expect(result.output == home + "/.config/netlab/fernet.key\n")
    let path = folder.path("theirs/class.key")
    let made = try run(
      ["key", "generate", "--key-file", path], environment: ["SUDO_UID": "\(user)"])
    #expect(made.status == 0, "\(made.errors)")
    var facts = stat()
    #expect(stat(path, &facts) == 0 && facts.st_uid == user && facts.st_mode & 0o777 == 0o600)
    #expect(stat(folder.path("theirs"), &facts) == 0 && facts.st_uid == user)
  }

  /// A key that is typed is not shown: the terminal's echo is off meanwhile, and on again after it.
  @Test func aTypedKeyIsNotShown() throws {
    let python = try #require(Project.find("python3"))
    let script = """
      import os, pty, sys
      pid, terminal = pty.fork()
      if pid == 0:
          os.execv(sys.argv[1], ["netlab", "key", "import"])
      seen = b""
      while b"not shown: " not in seen:
          seen += os.read(terminal, 1000)
      os.write(terminal, b"x\\x7f" + sys.argv[2].encode() + b"\\r")
      try:
          while True:
              octets = os.read(terminal, 1000)
              if not octets: break
              seen += octets
      except OSError:
          pass
      print(seen.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
      """
    let result = try run(
      ["-c", script, Project.netlab.path, Self.secret], program: python,
      environment: ["XDG_CONFIG_HOME": folder.path("settings"), "SUDO_UID": ""])
    #expect(result.output.hasSuffix(" 0\n"), "\(result.output)\(result.errors)")
    #expect(result.output.contains("took the key: \(usual)"))
    #expect(!result.output.contains("RpI-jtRR7oE8h"))
    #expect(text(usual) == Self.secret + "\n")
  }
}
