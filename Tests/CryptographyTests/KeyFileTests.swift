import Foundation
import Testing

@testable import Cryptography

/// Key files are written to folders of the test's own, which go with it.
@Suite final class KeyFileTests {
  private let folder: String
  private let owner: KeyOwner

  init() throws {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("netlab-test-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    folder = url.path
    owner = KeyOwner(
      effectiveUser: geteuid(), effectiveGroup: getegid(), environment: { _ in nil },
      home: { _ in nil })
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func write(_ text: String, mode: mode_t = 0o600) throws -> String {
    let path = folder + "/key"
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    #expect(chmod(path, mode) == 0)
    return path
  }

  private func error(_ path: String, owner other: KeyOwner? = nil) -> KeyFileError? {
    do {
      _ = try KeyFile.read(path, owner: other ?? owner)
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: ["", "\n", "\r\n", " \n"]) func reads(_ ending: String) throws {
    let path = try write(FernetVectors.secret + ending)
    let key = try KeyFile.read(path, owner: owner)
    #expect(key.exportedText() == Array(FernetVectors.secret.utf8))
  }

  @Test func whatIsNoKeyIsMalformed() throws {
    for text in ["", "\n", "AAAA\n", FernetVectors.secret + FernetVectors.secret, "{\"key\":1}"] {
      let found = error(try write(text))
      #expect(found?.kind == .malformed, "\(text)")
      #expect(found?.remedy.contains("44 characters") == true)
      #expect(found?.message.contains("cw_0") == false)
    }
    let long = String(repeating: "A", count: 100_000)
    #expect(error(try write(long))?.kind == .malformed)
  }

  @Test(arguments: [0o640, 0o604, 0o620, 0o610, 0o644, 0o777])
  func whatOthersMayOpenIsRefused(_ mode: Int) throws {
    let path = try write(FernetVectors.secret, mode: mode_t(mode))
    let found = error(path)
    #expect(found?.kind == .permission)
    #expect(found?.remedy == "chmod 600 \(path)")
    #expect(chmod(path, 0o400) == 0)
    #expect(error(path) == nil)
  }

  @Test func whatIsNoRegularFileIsRefused() throws {
    #expect(error(folder)?.kind == .permission)
    let pipe = folder + "/pipe"
    #expect(mkfifo(pipe, 0o600) == 0)
    #expect(error(pipe)?.kind == .permission)
    #expect(error("/dev/null")?.kind == .permission)
    #expect(error(folder + "/none")?.kind == .missing)
  }

  @Test func theFileHasToBeOnesOwn() throws {
    let path = try write(FernetVectors.secret)
    var other = owner
    other.user = 54_321
    other.effectiveUser = 54_321
    let found = error(path, owner: other)
    #expect(found?.kind == .permission)
    #expect(found?.remedy.contains("chown 54321") == true)
    // Through sudo: the invoking user's, and root's own.
    other.effectiveUser = 0
    #expect((error(path, owner: other) == nil) == (geteuid() == 0))
    other.user = geteuid()
    #expect(error(path, owner: other) == nil)
  }

  @Test func creation() throws {
    let path = folder + "/a/b/fernet.key"
    let key = try #require(FernetKey.generate())
    let old = umask(0o277)
    defer { umask(old) }
    try KeyFile.create(path, key: key, owner: owner)
    umask(old)
    var facts = stat()
    #expect(stat(path, &facts) == 0)
    #expect(facts.st_mode & 0o7777 == 0o600)
    #expect(stat(folder + "/a", &facts) == 0)
    #expect(facts.st_mode & 0o077 == 0)
    #expect(try KeyFile.read(path, owner: owner).isSame(as: key))
    #expect(FileManager.default.contents(atPath: path)?.count == 45)
    // A second one does not take its place.
    do {
      try KeyFile.create(path, key: key, owner: owner)
      Issue.record("overwritten")
    } catch {
      #expect(error.kind == .exists)
    }
    #expect(try KeyFile.read(path, owner: owner).isSame(as: key))
  }

  /// Whoever is killed while a key is made leaves no second one lying about: it has no name before it
  /// is whole, where the filesystem has such files.
  @Test(arguments: [true, false]) func aDraftIsNotSeen(_ isNameless: Bool) throws {
    let path = folder + "/fernet.key"
    func names() throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }
    do {
      // Nothing that cannot be copied goes into a macro.
      guard var draft = KeyDraft(beside: path, in: folder, mayBeNameless: isNameless) else {
        Issue.record("no draft")
        return
      }
      let written = draft.write(Array(FernetVectors.secret.utf8), owner)
      #expect(try written == 0 && names().count == (isNameless ? 0 : 1))
      let results = [draft.appear(as: path), draft.appear(as: path)]
      #expect(results == [0, EEXIST])
      #expect(error(path) == nil)
      let taken = draft.takeThePlace(of: path + "2")
      #expect(try taken == 0 && names() == ["fernet.key", "fernet.key2"])
    }
    #expect(try names() == ["fernet.key", "fernet.key2"])
    #expect(error(path + "2") == nil)
  }

  @Test func anOldKeyStaysBesideTheNewOne() throws {
    let path = folder + "/fernet.key"
    let keys = [try #require(FernetKey.generate()), try #require(FernetKey.generate())]
    try KeyFile.create(path, key: keys[0], owner: owner)
    #expect(try KeyFile.replace(path, key: keys[1], owner: owner) == path + ".old")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        == ["fernet.key", "fernet.key.old"])
    #expect(try KeyFile.read(path, owner: owner).isSame(as: keys[1]))
    #expect(try KeyFile.read(path + ".old", owner: owner).isSame(as: keys[0]))
  }

  @Test func pathsOfTheInvokingUser() {
    func owner(_ user: UInt32, _ variables: [String: String]) -> KeyOwner {
      KeyOwner(
        effectiveUser: user, effectiveGroup: user, environment: { variables[$0] },
        home: { "/home/\($0)" })
    }
    let usual = owner(1000, ["HOME": "/home/alice"])
    #expect(usual.keyPath == "/home/alice/.config/netlab/fernet.key")
    #expect(usual.user == 1000)
    let own = owner(1000, ["HOME": "/home/alice", "XDG_CONFIG_HOME": "/etc/alice"])
    #expect(own.keyPath == "/etc/alice/netlab/fernet.key")
    #expect(owner(1000, ["XDG_CONFIG_HOME": "relative"]).settings == "/home/1000/.config")
    let sudo = owner(0, ["HOME": "/root", "SUDO_UID": "1000", "SUDO_GID": "100"])
    #expect(sudo.keyPath == "/home/1000/.config/netlab/fernet.key")
    #expect(sudo.user == 1000 && sudo.group == 100 && sudo.effectiveUser == 0)
    // Only root may be told who is meant.
    #expect(owner(1001, ["SUDO_UID": "1000", "HOME": "/h"]).user == 1001)
    #expect(owner(0, ["SUDO_UID": "0", "HOME": "/home/admin"]).settings == "/home/admin/.config")
    #expect(owner(0, ["SUDO_UID": "4294967295", "HOME": "/root"]).user == 0)
  }

  @Test func remediesCanBePasted() {
    #expect(KeyFile.quoted("/home/a/fernet.key") == "/home/a/fernet.key")
    #expect(KeyFile.quoted("a b") == "'a b'")
    #expect(KeyFile.quoted("it's") == "'it'\\''s'")
    #expect(KeyFile.quoted("-rf") == "'-rf'")
  }
}
