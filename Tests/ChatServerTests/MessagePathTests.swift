import Foundation
import Protocols
import SocketServer
import Testing
@testable import ChatServer

@Suite struct MessagePathTests {
  /// Holds each message until it is let through.
  private final class SlowPath: MessagePath {
    let waiting = Protected<[(RoomMessage, CheckedContinuation<RoomMessage, any Error>)]>([])

    func carry(_ message: RoomMessage) async throws -> RoomMessage {
      try await withCheckedThrowingContinuation { continuation in
        waiting.change { $0.append((message, continuation)) }
      }
    }

    func next() async -> (RoomMessage, CheckedContinuation<RoomMessage, any Error>) {
      while true {
        if let first = waiting.value.first {
          waiting.change { _ = $0.removeFirst() }
          return first
        }
        await Task.yield()
      }
    }
  }

  private struct Lost: Error {}

  @Test func messagesGoThroughOneAfterTheOther() async throws {
    let path = SlowPath()
    let chat = try Chat { $0.path = path }
    let ahmad = await chat.connect(["name": "Ahmad"])
    ahmad.forget()
    async let first = chat.say("one", from: ahmad)
    let (message, carried) = await path.next()
    #expect(message.sender == "Ahmad" && message.text == "one")
    async let second = chat.say("two", from: ahmad)
    #expect(path.waiting.value.isEmpty)
    #expect(ahmad.heard.isEmpty)
    carried.resume(
      returning: RoomMessage(room: message.room, sender: message.sender, text: "ONE"))
    #expect(await first["id"]?.number == 1)
    let (_, lost) = await path.next()
    lost.resume(throwing: Lost())
    #expect(await second["error"]?.text == ChatFault.lost.text)
    #expect(ahmad.messages == ["Ahmad: ONE"])
  }

  @Test func aMessageIsInjected() async throws {
    let chat = try Chat()
    let ahmad = await chat.connect(["name": "Ahmad"])
    let text = try roomCode(ahmad)
    let code = try #require(RoomCode(text))
    ahmad.forget()
    let message = RoomMessage(room: code, sender: "Lab", text: "by packet")
    let kept = try await chat.application.inject(message, key: "7")
    #expect(kept.id == 1)
    #expect(ahmad.messages == ["Lab: by packet"])
    #expect(try await chat.application.inject(message, key: "7").id == 1)
    #expect(ahmad.messages.count == 1)
    let nowhere = RoomMessage(room: try #require(RoomCode("QQQQQQ")), sender: "Lab", text: "x")
    await #expect(throws: ChatFault.roomNotFound) { try await chat.application.inject(nowhere) }
  }
}
