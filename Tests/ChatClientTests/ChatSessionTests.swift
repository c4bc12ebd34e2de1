import Protocols
import Testing

@testable import ChatClient

/// A chat with a server that the test plays.
struct SessionBench {
  var session: ChatSession
  var now: Duration = .zero
  private(set) var told: [ChatEvent] = []
  /// What the client sent, as text.
  private(set) var sent: [String] = []

  init(room: String? = "ROOM") {
    let keys = Counter()
    session = ChatSession(
      name: "Alice", room: room, socket: SocketClient { 0 }, makeKey: { keys.next() })
  }

  private final class Counter {
    private var count = 0
    func next() -> String {
      count += 1
      return "key\(count)"
    }
  }

  mutating func handle(_ event: ChatSession.Event) {
    for action in session.handle(event, at: now) {
      switch action {
      case .tell(let event): told.append(event)
      case .send(let packets):
        sent += packets.map { String(decoding: $0.text(), as: UTF8.self) }
      case .open, .close: break
      }
    }
  }

  mutating func receive(_ text: String) {
    guard let packet = try? EngineIOPacket(text: Array(text.utf8)) else {
      Issue.record("no packet: \(text)")
      return
    }
    handle(.socket(.packet(packet)))
  }

  mutating func wait() {
    now = max(session.deadline ?? now, now)
    handle(.socket(.timer))
  }

  mutating func connect() {
    if session.socket.phase == .idle { handle(.socket(.start)) } else { wait() }
    receive(ClientBench.handshake)
    receive(#"40{"sid":"x"}"#)
  }

  mutating func join(_ messages: String = "", last: Int = 0, more: Bool = false) {
    connect()
    receive(
      #"42["history",{"room":"ROOM","name":"Alice","messages":[\#(messages)],"last":\#(last),"more":\#(more)}]"#
    )
  }

  mutating func lose() { handle(.socket(.ended(.closed("gone")))) }

  mutating func forget() {
    told = []
    sent = []
  }

  /// Texts of the messages that were told.
  var texts: [String] {
    told.compactMap { event in
      guard case .message(let message, _) = event else { return nil }
      return message.text
    }
  }
}

func message(_ id: Int, _ text: String, sender: String = "Bob") -> String {
  #"{"sender":"\#(sender)","message":"\#(text)","id":\#(id),"time":1000}"#
}

@Suite struct ChatSessionTests {
  @Test func joinsAndTellsTheHistory() {
    var bench = SessionBench()
    bench.join(message(1, "one") + "," + message(2, "two", sender: "Alice"), last: 2)
    #expect(bench.sent == [#"40{"name":"Alice","room":"ROOM"}"#])
    #expect(
      bench.told == [
        .joined(room: "ROOM", name: "Alice", isFirst: true, hasEarlier: false),
        .message(
          ChatMessage(id: ChatMessageID(1), sender: "Bob", text: "one", time: 1000),
          isHistory: true),
        .message(
          ChatMessage(
            id: ChatMessageID(2), sender: "Alice", text: "two", time: 1000, isOwn: true),
          isHistory: true),
      ])
  }

  @Test func aNewRoomIsAskedForWithoutACode() {
    var bench = SessionBench(room: nil)
    bench.join()
    #expect(bench.sent == [#"40{"name":"Alice"}"#])
    bench.lose()
    bench.forget()
    bench.join()
    // It comes back to the room that was made.
    #expect(bench.sent == [#"40{"name":"Alice","room":"ROOM","after":0}"#])
  }

  @Test func whatIsSaidWaitsForTheRoom() {
    var bench = SessionBench()
    bench.handle(.say("early"))
    bench.connect()
    #expect(bench.sent.count == 1)
    bench.receive(#"42["history",{"room":"ROOM","name":"Alice","messages":[],"last":0}]"#)
    #expect(bench.sent.last == #"421["message",{"message":"early","key":"key1"}]"#)
    #expect(bench.told.contains(.delayed(Outgoing(key: "key1", text: "early"))) == false)
  }

  @Test func anAcknowledgmentDelivers() {
    var bench = SessionBench()
    bench.join()
    bench.handle(.say("hi"))
    bench.forget()
    bench.receive(#"431[{"id":5,"time":7}]"#)
    #expect(
      bench.told == [.delivered(Outgoing(key: "key1", text: "hi"), id: ChatMessageID(5))])
    #expect(bench.session.unacknowledged.isEmpty)
    // A second one for the same changes nothing.
    bench.receive(#"431[{"id":5,"time":7}]"#)
    #expect(bench.told.count == 1)
  }

  @Test func aRefusedMessageIsNotSentAgain() {
    var bench = SessionBench()
    bench.join()
    bench.handle(.say("hi"))
    bench.receive(#"431[{"error":"too long"}]"#)
    #expect(
      bench.told.last == .refused(Outgoing(key: "key1", text: "hi"), reason: "too long"))
    bench.lose()
    bench.forget()
    bench.join()
    #expect(bench.sent == [#"40{"name":"Alice","room":"ROOM","after":0}"#])
  }

  @Test func aLostMessageIsSentAgainUnderItsKey() {
    var bench = SessionBench()
    bench.join()
    bench.handle(.say("hi"))
    bench.lose()
    #expect(
      bench.told.suffix(2) == [
        .delayed(Outgoing(key: "key1", text: "hi")),
        .lost(reason: "gone", pause: .milliseconds(500)),
      ])
    bench.handle(.say("offline"))
    #expect(bench.told.last == .delayed(Outgoing(key: "key2", text: "offline")))
    bench.forget()
    bench.join()
    #expect(
      bench.sent == [
        #"40{"name":"Alice","room":"ROOM","after":0}"#,
        #"422["message",{"message":"hi","key":"key1"}]"#,
        #"423["message",{"message":"offline","key":"key2"}]"#,
      ])
    // The acknowledgment of the lost emission is not taken for another's.
    bench.forget()
    bench.receive("431[{\"id\":1}]")
    #expect(bench.told.isEmpty)
  }

  @Test func aMessageThatBreaksConnectionsIsGivenUp() {
    var bench = SessionBench()
    bench.join()
    bench.handle(.say("poison"))
    bench.handle(.say("harmless"))
    for _ in 0..<2 {
      bench.lose()
      bench.join()
    }
    bench.forget()
    bench.lose()
    guard case .refused(let message, _)? = bench.told.first else {
      Issue.record("\(bench.told)")
      return
    }
    #expect(message.text == "poison")
    #expect(bench.session.unacknowledged.map(\.text) == ["harmless"])
  }

  @Test func comesBackBehindTheLastMessage() {
    var bench = SessionBench()
    bench.join(message(1, "one"), last: 1)
    bench.receive(#"42["message",\#(message(4, "four"))]"#)
    bench.lose()
    bench.forget()
    bench.join(message(4, "four") + "," + message(6, "six"), last: 6)
    #expect(bench.sent == [#"40{"name":"Alice","room":"ROOM","after":4}"#])
    // What was told already is not told again.
    #expect(bench.texts == ["six"])
    #expect(
      bench.told.first
        == .joined(room: "ROOM", name: "Alice", isFirst: false, hasEarlier: false))
  }

  @Test func aNoticeHasNoIDAndIsAlwaysTold() {
    var bench = SessionBench()
    bench.join(message(1, "one"), last: 1)
    let notice = #"42["message",{"sender":"","message":"(Bob) left the chat","time":5}]"#
    bench.receive(notice)
    bench.receive(notice)
    #expect(bench.texts == ["one", "(Bob) left the chat", "(Bob) left the chat"])
    bench.lose()
    bench.forget()
    bench.join()
    #expect(bench.sent.first?.contains(#""after":1}"#) == true)
  }

  @Test func ownMessagesAreKnownByIDOrByWhatIsOnItsWay() {
    func isOwn(_ packets: [String]) -> [Bool] {
      var bench = SessionBench()
      bench.join()
      bench.handle(.say("hi"))
      for packet in packets { bench.receive(packet) }
      return bench.told.compactMap { event in
        guard case .message(let message, _) = event else { return nil }
        return message.isOwn
      }
    }
    let echo = #"42["message",\#(message(5, "hi", sender: "Alice"))]"#
    let ack = #"431[{"id":5,"time":1000}]"#
    #expect(isOwn([echo, ack]) == [true])
    #expect(isOwn([ack, echo]) == [true])
    // Another member of the same name.
    #expect(isOwn([ack, #"42["message",\#(message(6, "hi", sender: "Alice"))]"#]) == [false])
    #expect(isOwn([#"42["message",\#(message(6, "hi"))]"#]) == [false])
  }

  @Test func aRoomThatIsNotThereEndsIt() {
    var bench = SessionBench()
    bench.connect()
    bench.receive(#"42["message",{"error":"Room not found"}]"#)
    #expect(bench.sent.suffix(2) == ["41", "1"])
    bench.lose()
    #expect(bench.told == [.over(.refused("Room not found"))])
  }

  @Test func aRemarkInTheRoomDoesNot() {
    var bench = SessionBench()
    bench.join()
    bench.receive(#"42["message",{"error":"slow down"}]"#)
    #expect(bench.told.last == .remark("slow down"))
  }

  @Test func aServerWithoutHistoryIsNoChat() {
    var bench = SessionBench()
    bench.connect()
    bench.wait()
    bench.lose()
    guard case .over(.failed)? = bench.told.last else {
      Issue.record("\(bench.told)")
      return
    }
  }

  @Test func leavingWaitsForWhatWasSaid() {
    var bench = SessionBench()
    bench.join()
    bench.handle(.say("hi"))
    bench.forget()
    bench.handle(.socket(.leave))
    #expect(bench.sent == [])
    bench.receive(#"431[{"id":5}]"#)
    #expect(bench.sent == ["41", "1"])
    bench.lose()
    #expect(bench.told.last == .over(.left))
  }

  @Test func leavingDoesNotWaitForEver() {
    var bench = SessionBench()
    bench.join()
    bench.handle(.say("hi"))
    bench.handle(.socket(.leave))
    bench.forget()
    bench.now = .seconds(1)
    bench.handle(.socket(.timer))
    #expect(bench.sent == ["41", "1"])
    #expect(bench.session.unacknowledged.count == 1)
  }

  @Test func aMessageBeyondThePayloadIsRefusedHere() {
    var bench = SessionBench()
    bench.join()
    bench.forget()
    bench.handle(.say(String(repeating: "x", count: 1000)))
    #expect(bench.sent == [])
    guard case .refused(_, let reason)? = bench.told.first else {
      Issue.record("\(bench.told)")
      return
    }
    #expect(reason.contains("1000 octets"))
    bench.handle(.say("short"))
    #expect(bench.sent.count == 1)
  }

  @Test func aFloodIsPaced() {
    var bench = SessionBench()
    bench.join()
    for number in 0..<40 { bench.handle(.say("\(number)")) }
    #expect(bench.sent.count - 1 == 16)
    bench.wait()
    #expect(bench.sent.count - 1 == 17)
    while bench.sent.count - 1 < 40, bench.now < .seconds(20) { bench.wait() }
    // 24 behind the burst, each 110 ms after the one before.
    #expect(bench.now == .milliseconds(24 * 110))
    for number in 0..<40 { #expect(bench.sent[number + 1].contains("\"\(number)\"")) }
  }

  @Test func onlySoMuchWaits() {
    var bench = SessionBench()
    bench.join()
    bench.lose()
    for _ in 0..<1001 { bench.handle(.say("x")) }
    #expect(bench.session.unacknowledged.count == 1000)
    guard case .refused? = bench.told.last else {
      Issue.record("not refused")
      return
    }
  }
}
