import Foundation
import Protocols
import SocketServer
import Testing

@testable import ChatServer

@Suite struct RoomTests {
  @Test func oneNamesTheRoomAndAnotherComes() async throws {
    let chat = try Chat()
    let ahmad = await chat.connect(["name": "Ahmad"])
    #expect(ahmad.heard.map(\.event) == ["history", "message", "members"])
    let code = try roomCode(ahmad)
    #expect(code.count == 6)
    #expect(ahmad.messages == [": (Ahmad) entered the chat"])
    ahmad.forget()
    let alice = await chat.connect(["name": "Alice", "room": .string(code.lowercased())])
    #expect(try roomCode(alice) == code)
    #expect(alice.messages == [": (Alice) entered the chat"])
    #expect(ahmad.messages == [": (Alice) entered the chat"])
    #expect(ahmad.members == ["Ahmad", "Alice"])
    #expect(alice.members == ["Ahmad", "Alice"])
  }

  @Test func aMessageReachesEverybody() async throws {
    let chat = try Chat()
    let ahmad = await chat.connect(["name": "Ahmad"])
    let alice = await chat.connect(["name": "Alice", "room": .string(try roomCode(ahmad))])
    let stranger = await chat.connect(["name": "Eve"])
    for client in [ahmad, alice, stranger] { client.forget() }
    let answer = await chat.say("hi", from: ahmad)
    #expect(answer["id"]?.number == 1)
    #expect(answer["time"]?.number == chat.time.clock.wallTime())
    for client in [ahmad, alice] {
      #expect(client.messages == ["Ahmad: hi"])
      #expect(client.arguments(of: "message")[0]["id"]?.number == 1)
    }
    #expect(stranger.heard.isEmpty)
    await chat.say("hello Ahmad", from: alice)
    #expect(ahmad.messages == ["Ahmad: hi", "Alice: hello Ahmad"])
  }

  /// The original's clients ask for no acknowledgment.
  @Test func theOriginalsMessageIsEnough() async throws {
    let chat = try Chat()
    let ahmad = await chat.connect(["name": "Ahmad"])
    ahmad.forget()
    await chat.application.take(
      SocketEvent(name: "message", arguments: [["message": "hi"]]), from: ahmad)
    #expect(ahmad.messages == ["Ahmad: hi"])
    await chat.application.take(
      SocketEvent(name: "message", arguments: [["message": ""]]), from: ahmad)
    #expect(ahmad.messages == ["Ahmad: hi", "!Please enter a message"])
  }

  @Test(
    arguments: [
      .null, "hi", ["message": 7], [], ["text": "hi"],
    ] as [JSONValue])
  func whatIsNoMessageIsSaidSo(_ argument: JSONValue) async throws {
    let chat = try Chat()
    let ahmad = await chat.connect(["name": "Ahmad"])
    ahmad.forget()
    let answer = await chat.emit("message", argument, from: ahmad)
    #expect(answer["error"]?.text == ChatFault.notAMessage.text)
    #expect(ahmad.heard.isEmpty)
  }

  @Test func aStrangeCodeIsAnsweredToOneAlone() async throws {
    let chat = try Chat()
    let ahmad = await chat.connect(["name": "Ahmad"])
    ahmad.forget()
    let lost = await chat.connect(["name": "Alice", "room": "QQQQQQ"])
    #expect(lost.messages == ["!Room not found"])
    #expect(lost.arguments(of: "history").isEmpty)
    await chat.application.take(
      SocketEvent(name: "message", arguments: [["message": "anybody?"]]), from: lost)
    #expect(lost.messages == ["!Room not found", "!Room not found"])
    #expect(ahmad.heard.isEmpty)
    await chat.close(lost)
  }

  @Test func whoIsNobodyIsNotLetIn() async throws {
    let chat = try Chat()
    for payload in [nil, [:], ["name": 7], ["room": "ABCDEF"]] as [JSONValue?] {
      #expect(await chat.admission(FakeClient(), payload) == ChatFault.noSession.text)
    }
    #expect(await chat.admission(FakeClient(), ["name": " "]) == "Please Enter Name")
    let long = JSONValue.string(String(repeating: "a", count: 41))
    #expect(await chat.admission(FakeClient(), ["name": long]) == ChatFault.longName(40).text)
  }

  @Test func theKeyOfAMessageCountsOnce() async throws {
    let chat = try Chat()
    let ahmad = await chat.connect(["name": "Ahmad"])
    let code = try roomCode(ahmad)
    let first = await chat.say("hi", from: ahmad, key: "k1")
    // The acknowledgment got lost; the client comes back and sends it again.
    await chat.close(ahmad)
    let again = await chat.connect(["name": "Ahmad", "room": .string(code)])
    again.forget()
    let second = await chat.say("hi", from: again, key: "k1")
    #expect(first == second)
    #expect(again.messages.isEmpty)
    // Another's key of the same letters is another message.
    let alice = await chat.connect(["name": "Alice", "room": .string(code)])
    #expect(await chat.say("hi", from: alice, key: "k1") != first)
  }

  @Test func whoComesLaterFindsWhatWasSaid() async throws {
    let chat = try Chat()
    let ahmad = await chat.connect(["name": "Ahmad"])
    let code = try roomCode(ahmad)
    for number in 1...5 { await chat.say("m\(number)", from: ahmad) }
    let alice = await chat.connect(["name": "Alice", "room": .string(code)])
    let history = try #require(alice.arguments(of: "history").first)
    #expect(
      history["messages"]?.elements.compactMap { $0["message"]?.text } == [
        "m1", "m2", "m3", "m4", "m5",
      ])
    #expect(history["last"]?.number == 5)
    #expect(history["name"]?.text == "Alice")
    #expect(history["more"] == false)
    let back = await chat.connect(["name": "Alice", "room": .string(code), "after": 3])
    #expect(
      back.arguments(of: "history")[0]["messages"]?.elements.compactMap { $0["id"]?.number } == [
        4, 5,
      ])
  }

  @Test func whatIsBeforeTheNewestIsAskedFor() async throws {
    let chat = try Chat { $0.limits.historyMessages = 3 }
    let ahmad = await chat.connect(["name": "Ahmad"])
    let code = try roomCode(ahmad)
    for number in 1...8 { await chat.say("m\(number)", from: ahmad) }
    let alice = await chat.connect(["name": "Alice", "room": .string(code)])
    let history = try #require(alice.arguments(of: "history").first)
    #expect(history["messages"]?.elements.compactMap { $0["id"]?.number } == [6, 7, 8])
    #expect(history["more"] == true)
    // Whoever knows the fifth message misses none; whoever knows the fourth does.
    for (known, more) in [(4, true), (5, false), (7, false)] as [(Int64, Bool)] {
      let back = await chat.connect([
        "name": "Alice", "room": .string(code), "after": .number(String(known)),
      ])
      #expect(back.arguments(of: "history")[0]["more"] == .bool(more), "\(known)")
    }
    let earlier = await chat.emit("earlier", ["before": 6], from: alice)
    #expect(earlier["messages"]?.elements.compactMap { $0["id"]?.number } == [3, 4, 5])
    #expect(earlier["more"] == true)
    let first = await chat.emit("earlier", ["before": 3], from: alice)
    #expect(first["messages"]?.elements.compactMap { $0["id"]?.number } == [1, 2])
    #expect(first["more"] == false)
  }

  @Test func tooManyMessagesAreRefusedWithWords() async throws {
    let chat = try Chat()
    let ahmad = await chat.connect(["name": "Ahmad"])
    for _ in 0..<20 { #expect(await chat.say("x", from: ahmad)["id"] != nil) }
    #expect(await chat.say("x", from: ahmad)["error"]?.text == ChatFault.tooManyMessages.text)
    chat.time.advance(milliseconds: 100)
    #expect(await chat.say("x", from: ahmad)["id"] != nil)
    #expect(await chat.say("x", from: ahmad)["error"] != nil)
  }

  @Test func aFullRoomSaysSo() async throws {
    let chat = try Chat { $0.limits.membersPerRoom = 2 }
    let code = try roomCode(await chat.connect(["name": "a"]))
    _ = await chat.connect(["name": "b", "room": .string(code)])
    let reason = await chat.admission(FakeClient(), ["name": "c", "room": .string(code)])
    #expect(reason == ChatFault.tooManyMembers.text)
  }

  @Test func roomsAreLimitedInAllAndForEachAddress() async throws {
    let chat = try Chat {
      $0.limits.rooms = 3
      $0.limits.roomsAtOnce = 2
    }
    _ = await chat.connect(["name": "a"])
    _ = await chat.connect(["name": "b"])
    #expect(await chat.admission(FakeClient(), ["name": "c"]) == ChatFault.tooManyRooms.text)
    _ = await chat.connect(["name": "d"], from: "10.0.0.33")
    #expect(
      await chat.admission(FakeClient(), ["name": "e"], from: "10.0.0.44")
        == ChatFault.tooManyRooms.text)
  }

  @Test func guessesAreLimited() async throws {
    let chat = try Chat { $0.limits.guessesAtOnce = 3 }
    let code = try roomCode(await chat.connect(["name": "a"]))
    for _ in 0..<3 { _ = await chat.connect(["name": "b", "room": "QQQQQQ"]) }
    // Even the right code, or an answer would tell.
    #expect(
      await chat.admission(FakeClient(), ["name": "b", "room": .string(code)])
        == ChatFault.tooManyGuesses.text)
    _ = await chat.connect(["name": "c", "room": .string(code)], from: "10.0.0.33")
    chat.time.advance(milliseconds: 5_000)
    _ = await chat.connect(["name": "b", "room": .string(code)])
  }
}

@Suite struct PresenceTests {
  @Test func aProgramThatSaysGoodbyeIsGone() async throws {
    let chat = try Chat()
    let ahmad = await chat.connect(["name": "Ahmad"])
    let alice = await chat.connect(["name": "Alice", "room": .string(try roomCode(ahmad))])
    ahmad.forget()
    await chat.close(alice, .clientLeft)
    #expect(ahmad.messages == [": (Alice) left the chat"])
    #expect(ahmad.members == ["Ahmad"])
  }

  @Test func whoIsBackInTimeNeverLeft() async throws {
    let chat = try Chat()
    let ahmad = await chat.connect(["name": "Ahmad"])
    let code = try roomCode(ahmad)
    let cookie = try await chat.enter("name=Alice&code=\(code)&join=")
    let page = await chat.open(cookie)
    ahmad.forget()
    // A page says goodbye to its socket even when it is only loaded again.
    await chat.close(page, .clientLeft)
    chat.time.advance(milliseconds: 1_000)
    try await chat.settle(code)
    let again = await chat.open(cookie)
    #expect(again.members == ["Ahmad", "Alice"])
    chat.time.advance(milliseconds: 60_000)
    try await chat.settle(code)
    #expect(ahmad.heard.isEmpty)
    await chat.close(again)
    chat.time.advance(milliseconds: 1_999)
    try await chat.settle(code)
    #expect(ahmad.heard.isEmpty)
    chat.time.advance(milliseconds: 1)
    try await chat.settle(code)
    #expect(ahmad.messages == [": (Alice) left the chat"])
  }

  @Test func severalTabsAreOnePerson() async throws {
    let chat = try Chat()
    let ahmad = await chat.connect(["name": "Ahmad"])
    let code = try roomCode(ahmad)
    let cookie = try await chat.enter("name=Alice&code=\(code)&join=")
    let one = await chat.open(cookie)
    let two = await chat.open(cookie)
    #expect(ahmad.messages.filter { $0.contains("Alice") }.count == 1)
    #expect(ahmad.members == ["Ahmad", "Alice"])
    ahmad.forget()
    await chat.close(one)
    chat.time.advance(milliseconds: 10_000)
    try await chat.settle(code)
    #expect(ahmad.heard.isEmpty)
    await chat.say("still here", from: two)
    #expect(ahmad.messages == ["Alice: still here"])
  }

  /// Nobody slips in under another's name.
  @Test func twoOfOneNameAreTwo() async throws {
    let chat = try Chat()
    let ahmad = await chat.connect(["name": "Ahmad"])
    let code = try roomCode(ahmad)
    ahmad.forget()
    let other = try await chat.enter("name=Ahmad&code=\(code)&join=")
    let page = await chat.open(other)
    #expect(ahmad.messages == [": (Ahmad) entered the chat"])
    #expect(ahmad.members == ["Ahmad", "Ahmad"])
    _ = await chat.request(.POST, "/leave", cookie: other)
    await chat.close(page, .clientLeft)
    #expect(ahmad.messages.last == ": (Ahmad) left the chat")
    #expect(ahmad.members == ["Ahmad"])
  }

  @Test func aProgramIsKnownByItsSession() async throws {
    let chat = try Chat()
    let ahmad = await chat.connect(["name": "Ahmad"])
    let code = JSONValue.string(try roomCode(ahmad))
    let one = await chat.connect(["name": "Alice", "room": code, "session": "s"])
    ahmad.forget()
    // The old connection is dead, but the server does not know it yet.
    let two = await chat.connect(["name": "Alice", "room": code, "session": "s"])
    #expect(ahmad.heard.isEmpty)
    await chat.close(one, .pingTimeout)
    #expect(ahmad.heard.isEmpty)
    await chat.close(two, .clientLeft)
    #expect(ahmad.messages == [": (Alice) left the chat"])
  }

  @Test func whoComesBackByTheFormIsTheSame() async throws {
    let chat = try Chat()
    let ahmad = await chat.connect(["name": "Ahmad"])
    let code = try roomCode(ahmad)
    let first = try await chat.enter("name=Alice&code=\(code)&join=")
    let page = await chat.open(first)
    ahmad.forget()
    let response = await chat.request(
      .POST, "/", body: "name=Alice&code=\(code)&join=", cookie: first)
    let header = try #require(response.headers.first(name: "Set-Cookie"))
    let again = await chat.open(String(header.prefix { $0 != ";" }))
    #expect(ahmad.heard.isEmpty)
    #expect(again.members == ["Ahmad", "Alice"])
    _ = page
  }

  @Test func leaveTheChatIsToldAtOnce() async throws {
    let chat = try Chat()
    let ahmad = await chat.connect(["name": "Ahmad"])
    let cookie = try await chat.enter("name=Alice&code=\(try roomCode(ahmad))&join=")
    let page = await chat.open(cookie)
    ahmad.forget()
    let response = await chat.request(.POST, "/leave", cookie: cookie)
    #expect(response.status == .seeOther)
    #expect(response.headers["Location"] == ["/"])
    #expect(response.headers["Set-Cookie"].first?.hasPrefix("session=; Path=/; Max-Age=0") == true)
    #expect(ahmad.heard.isEmpty)
    await chat.close(page, .clientLeft)
    #expect(ahmad.messages == [": (Alice) left the chat"])
  }

  @Test func aClientThatGoesBeforeItIsConnectedLeavesNothing() async throws {
    let chat = try Chat()
    let ahmad = await chat.connect(["name": "Ahmad"])
    let code = try roomCode(ahmad)
    let hasty = FakeClient()
    #expect(await chat.admission(hasty, ["name": "Alice", "room": .string(code)]) == nil)
    await chat.close(hasty)
    await chat.application.enter(hasty)
    #expect(hasty.heard.isEmpty)
    #expect(ahmad.members == ["Ahmad"])
  }
}
