import PacketCore
import Testing

@testable import Protocols

/// The bundled chat's events.
@Suite struct ChatTests {
  struct Case: Sendable {
    var event: String
    var kind: Chat.Kind
    var room = ""
    var sender: String? = nil
    var message = ""
    var notice = ""
    var member = ""
    var error = ""
  }

  @Test(arguments: [
    Case(event: #"["message",{"message":"hi"}]"#, kind: .message, message: "hi"),
    Case(
      event: #"["message",{"sender":"Ahmad","message":"h\u00e4 \"x\""}]"#, kind: .message,
      sender: "Ahmad", message: "hä \"x\""),
    Case(
      event: #"["message",{"sender":"","message":"(Ahmad) entered the chat"}]"#, kind: .joined,
      sender: "", notice: "(Ahmad) entered the chat", member: "Ahmad"),
    Case(
      event: #"["message",{"message":"(Alice) left the chat","sender":""}]"#, kind: .left,
      sender: "", notice: "(Alice) left the chat", member: "Alice"),
    Case(
      event: #"["message",{"sender":"","message":"maintenance"}]"#, kind: .notice, sender: "",
      notice: "maintenance"),
    Case(event: #"["message",{"error":"Room not found"}]"#, kind: .error, error: "Room not found"),
    Case(
      event: #"["error",{"message":"Room does not exist"}]"#, kind: .error,
      error: "Room does not exist"),
    Case(
      event: #"["message",{"user":"user1","room":"lobby","seq":7,"text":"x"}]"#, kind: .message,
      room: "lobby", sender: "user1", message: "x"),
    Case(
      event: #"["join",{"user":"user1","room":"lobby"}]"#, kind: .join, room: "lobby",
      sender: "user1"),
    Case(event: #"["join","ABCDEF"]"#, kind: .join, room: "ABCDEF"),
    Case(event: #"["leave",{"room":"A"}]"#, kind: .leave, room: "A"),
    Case(
      event: #"["joined",{"room":"A","sender":"Bob"}]"#, kind: .joined, room: "A", sender: "Bob",
      member: "Bob"),
    Case(event: #"["message","plain"]"#, kind: .message, message: "plain"),
  ])
  func events(_ expected: Case) {
    var conversation = EngineIOConversation()
    let line = conversation.server("42" + expected.event)
    #expect(line.hasPrefix("Socket.IO EVENT / "))
    #expect(conversation.layers == ["eio", "sio", "chat"])
    #expect(conversation.values("chat.kind") == ["\(expected.kind.rawValue)"])
    func check(_ name: String, _ value: String?) {
      #expect(
        conversation.values(name)
          == (value.map { $0.isEmpty && name != "chat.sender" ? [] : [$0] } ?? []))
    }
    check("chat.room", expected.room)
    check("chat.sender", expected.sender)
    check("chat.message", expected.message)
    check("chat.notice", expected.notice)
    check("chat.member", expected.member)
    check("chat.error", expected.error)
  }

  @Test(arguments: [
    #"["massage",{"message":"hi"}]"#, #"["message"]"#, #"["message",{"other":1}]"#,
    #"["message",5]"#, #"["message",{"message":5}]"#, #"["join",{}]"#,
    #"["message",{"message":"a"}"#,
    #"["MESSAGE",{"message":"hi"}]"#,
  ])
  func nothingOfTheChat(_ event: String) {
    var conversation = EngineIOConversation()
    conversation.server("42" + event)
    #expect(conversation.layers == ["eio", "sio"])
  }

  /// The recording's chat, as its participants saw it.
  @Test func theRecordingReadsAsAChat() {
    var said: [String] = []
    var walk = Walk()
    for packet in CaptureFolder.captures.first(where: { $0.name == "flask-socketio-session.pcap" })?
      .packets ?? []
    {
      walk.take(packet)
      for record in walk.dissection.layers where record.is(Chat.self) {
        var values: [String: String] = [:]
        for item in walk.fields(of: record, frame: packet.octets) {
          if case .string(let text) = item.value { values[item.field.name] = text }
        }
        let sender = values["chat.sender"]
        if sender == nil { continue }
        said.append((sender ?? "") + ": " + (values["chat.message"] ?? values["chat.notice"] ?? ""))
      }
    }
    #expect(
      said == [
        ": (Ahmad) entered the chat", ": (Alice) entered the chat", ": (Alice) entered the chat",
        "Ahmad: hi", "Ahmad: hi", "Alice: hello Ahmad", "Alice: hello Ahmad",
        ": (Alice) left the chat", ": (Alice) entered the chat", ": (Alice) entered the chat",
        "Alice: I am back", "Alice: I am back", ": (Ahmad) left the chat",
      ])
  }
}
