import Cryptography
import Foundation
import GRDB
import Protocols
import SocketServer
import Testing

@testable import ChatServer

@Suite struct HistoryTests {
  private let folder = TestFolder()
  private let key: FernetKey

  init() throws { key = try #require(FernetKey.generate()) }

  @Test func outlivesTheServer() async throws {
    let first = try Chat.saving(in: folder, key: key)
    let ahmad = await first.connect(["name": "Ahmad"])
    let code = try roomCode(ahmad)
    let answers = [
      await first.say("héllo <b>", from: ahmad, key: "k1"), await first.say("two", from: ahmad),
    ]
    await first.application.stop()

    let second = try Chat.saving(in: folder, key: key)
    let alice = await second.connect(["name": "Alice", "room": .string(code)])
    let history = try #require(alice.arguments(of: "history").first)
    let messages = try #require(history["messages"]?.elements)
    #expect(messages.compactMap { $0["message"]?.text } == ["héllo <b>", "two"])
    #expect(messages.map { $0["id"] } == answers.map { $0["id"] })
    #expect(messages.map { $0["time"] } == answers.map { $0["time"] })
    #expect(messages.allSatisfy { $0["sender"]?.text == "Ahmad" })
    // A message that was sent before, by its key; and ids go on where they were.
    let again = await second.connect(["name": "Ahmad", "room": .string(code)])
    #expect(await second.say("héllo <b>", from: again, key: "k1") == answers[0])
    let last = try #require(await second.say("three", from: alice)["id"]?.number)
    #expect(last > 2)
    await second.application.stop()
  }

  /// Neither the sender nor the room hears of a message that a killed process would lose.
  @Test(.timeLimit(.minutes(1)))
  func nobodyHearsOfAMessageBeforeItIsOnTheDisk() async throws {
    let file = try HistoryFile(in: folder.data, key: key, now: 0)
    let chat = try Chat { $0.keeping = .file(file, key: key) }
    let ahmad = await chat.connect(["name": "Ahmad"])
    let code = try roomCode(ahmad)
    ahmad.forget()
    // The disk takes its time.
    let disk = DispatchSemaphore(value: 0)
    file.database.asyncWriteWithoutTransaction { _ in disk.wait() }
    let (answers, answered) = AsyncStream.makeStream(of: JSONValue.self)
    for number in 1...3 {
      await chat.application.take(
        SocketEvent(name: "message", arguments: [["message": .string("m\(number)")]]) {
          answered.yield($0.first ?? .null)
        }, from: ahmad)
    }
    // Whatever is to happen on the event loop has happened.
    for _ in 0..<20 { _ = await chat.application.openRoom(try #require(RoomCode(code))) }
    #expect(ahmad.heard.isEmpty)
    answered.yield("nothing yet")
    disk.signal()
    var iterator = answers.makeAsyncIterator()
    #expect(await iterator.next() == "nothing yet")
    for number in 1...3 {
      #expect(await iterator.next()?["id"]?.number == Int64(number))
      // What a process that is killed now leaves behind.
      let left = TestFolder()
      try FileManager.default.copyItem(atPath: folder.path, toPath: left.path)
      let copy = try HistoryFile(in: left.data, key: key, now: 0)
      let saved = try await copy.database.read {
        try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM message WHERE id <= \(number)")
      }
      #expect(saved == number)
      try copy.database.close()
    }
    await chat.application.stop()
  }

  @Test func nobodyElseReadsIt() async throws {
    let chat = try Chat.saving(in: folder, key: key)
    let ahmad = await chat.connect(["name": "Ahmad"])
    await chat.say("the plain words of a message", from: ahmad)
    await chat.application.stop()
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
      let path = folder.path + "/" + name
      let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
      #expect(mode == 0o600, "\(name)")
      let octets = try #require(FileManager.default.contents(atPath: path))
      #expect(octets.range(of: Data("plain words".utf8)) == nil, "\(name)")
      if name == "history.sqlite" { #expect(octets.range(of: Data("gAAAA".utf8)) != nil) }
    }
    let mode =
      try FileManager.default.attributesOfItem(atPath: folder.path)[.posixPermissions] as? Int
    #expect(mode == 0o700)
  }

  @Test func anotherKeyIsSaidSo() async throws {
    let chat = try Chat.saving(in: folder, key: key)
    await chat.say("hi", from: await chat.connect(["name": "Ahmad"]))
    await chat.application.stop()
    let other = try #require(FernetKey.generate())
    let error = #expect(throws: ChatFileError.self) {
      try HistoryFile(in: folder.data, key: other, now: 0)
    }
    #expect(error?.kind == .otherKey)
    #expect(error?.remedy.contains("--key-file") == true)
  }

  @Test func twoServersDoNotShareIt() async throws {
    let chat = try Chat.saving(in: folder, key: key)
    let error = #expect(throws: ChatFileError.self) {
      try HistoryFile(in: folder.data, key: key, now: 0)
    }
    #expect(error?.kind == .busy)
    await chat.application.stop()
  }

  @Test func anotherFileIsNotOverwritten() throws {
    try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
    let path = folder.path + "/history.sqlite"
    try Data(repeating: 0x41, count: 5_000).write(to: URL(fileURLWithPath: path))
    let error = #expect(throws: ChatFileError.self) {
      try HistoryFile(in: folder.data, key: key, now: 0)
    }
    #expect(error?.kind == .damaged)
    #expect(FileManager.default.contents(atPath: path)?.count == 5_000)
  }

  @Test(arguments: [true, false])
  func aRoomIsKeptForADayAfterItsLastMember(_ isSaved: Bool) async throws {
    let chat = isSaved ? try Chat.saving(in: folder, key: key) : try Chat()
    let day: Int64 = 86_400_000
    let ahmad = await chat.connect(["name": "Ahmad"])
    let code = try roomCode(ahmad)
    await chat.say("hi", from: ahmad)
    chat.time.advance(milliseconds: 3 * day)
    await chat.application.expire()
    // With somebody in it, it stays.
    await chat.say("still here", from: ahmad)
    await chat.close(ahmad, .clientLeft)
    chat.time.advance(milliseconds: day - 1)
    await chat.application.expire()
    let alice = await chat.connect(["name": "Alice", "room": .string(code)])
    #expect(alice.arguments(of: "history").first?["messages"]?.elements.count == 2)
    await chat.close(alice, .clientLeft)
    chat.time.advance(milliseconds: day)
    await chat.application.expire()
    let late = await chat.connect(["name": "Alice", "room": .string(code)])
    #expect(late.messages == ["!Room not found"])
    await chat.application.stop()
  }

  @Test func manyAtOnceKeepTheirOrder() async throws {
    let chat = try Chat.saving(in: folder, key: key)
    let listener = await chat.connect(["name": "listener"])
    let code = try roomCode(listener)
    var senders: [FakeClient] = []
    for number in 0..<20 {
      senders.append(await chat.connect(["name": .string("n\(number)"), "room": .string(code)]))
    }
    listener.forget()
    await withTaskGroup(of: Void.self) { group in
      for (number, sender) in senders.enumerated() {
        group.addTask {
          for round in 0..<10 { await chat.say("\(number) \(round)", from: sender) }
        }
      }
    }
    let ids = listener.arguments(of: "message").compactMap { $0["id"]?.number }
    #expect(ids.count == 200)
    #expect(ids == ids.sorted())
    #expect(Set(ids).count == 200)
    let late = await chat.connect(["name": "late", "room": .string(code)])
    let saved = try #require(late.arguments(of: "history").first?["messages"]?.elements)
    #expect(
      saved == listener.arguments(of: "message").filter { $0["id"] != nil }.prefix(200).map { $0 })
    await chat.application.stop()
  }

  @Test func whatNoKeyOpensDoesNotHideTheRest() async throws {
    let chat = try Chat.saving(in: folder, key: key)
    let ahmad = await chat.connect(["name": "Ahmad"])
    let code = try roomCode(ahmad)
    for text in ["one", "two"] { await chat.say(text, from: ahmad) }
    await chat.application.stop()
    let file = try HistoryFile(in: folder.data, key: key, now: 0)
    try await file.database.write {
      try $0.execute(sql: "UPDATE message SET token = 'gAAAA' WHERE id = 2")
    }
    try file.database.close()
    let again = try Chat.saving(in: folder, key: key)
    let alice = await again.connect(["name": "Alice", "room": .string(code)])
    let messages = try #require(alice.arguments(of: "history").first?["messages"]?.elements)
    #expect(messages.compactMap { $0["message"]?.text } == ["one", SQLiteHistory.unreadable])
    await again.application.stop()
  }
}

@Suite struct DataFolderTests {
  private func folder(
    user: UInt32 = 1000, effective: UInt32 = 1000, _ environment: [String: String] = [:]
  ) -> String? {
    var variables = environment
    if user != effective { variables["SUDO_UID"] = String(user) }
    let owner = KeyOwner(
      effectiveUser: effective, effectiveGroup: effective, environment: { variables[$0] },
      home: { "/home/\($0)" })
    return DataFolder(of: owner)?.path
  }

  @Test func isTheUsersOwn() {
    #expect(folder(["XDG_DATA_HOME": "/d", "HOME": "/h"]) == "/d/netlab")
    #expect(folder(["XDG_DATA_HOME": "relative", "HOME": "/h"]) == "/h/.local/share/netlab")
    #expect(folder() == "/home/1000/.local/share/netlab")
    // Under sudo: of the user who typed it, whatever root's environment says.
    #expect(
      folder(user: 1000, effective: 0, ["XDG_DATA_HOME": "/d", "HOME": "/h"])
        == "/home/1000/.local/share/netlab")
  }

  @Test func theSecretIsMadeOnceAndKept() throws {
    let folder = TestFolder()
    let secret = try #require(try SessionSecret.load(in: folder.data))
    let again = try #require(try SessionSecret.load(in: folder.data))
    #expect(secret.isSame(as: again))
    let path = folder.path + "/session.key"
    #expect(
      try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
    #expect(throws: KeyFileError.self) { try SessionSecret.load(in: folder.data) }
  }
}
