import PacketCore
import Testing

@testable import Protocols

/// The Info column of Engine.IO and Socket.IO packets.
@Suite struct SocketIOSummaryTests {
  @Test(
    arguments: [
      (
        #"0{"sid":"abc","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#,
        "Engine.IO open sid=abc pingInterval=25000 pingTimeout=20000 maxPayload=1000000"
      ),
      ("1", "Engine.IO close"), ("2", "Engine.IO ping"), ("3", "Engine.IO pong"),
      ("2probe", "Engine.IO ping (probe)"), ("5", "Engine.IO upgrade"), ("6", "Engine.IO noop"),
      ("4", "Engine.IO message"), ("40", "Socket.IO CONNECT /"), ("40{}", "Socket.IO CONNECT /"),
      (#"40{"sid":"xyz"}"#, "Socket.IO CONNECT / sid=xyz"),
      (#"40/admin,{"token":"1"}"#, #"Socket.IO CONNECT /admin {"token":"1"}"#),
      (#"44{"message":"Not authorized"}"#, #"Socket.IO CONNECT_ERROR / "Not authorized""#),
      (#"44"Not authorized""#, #"Socket.IO CONNECT_ERROR / "Not authorized""#),
      ("41", "Socket.IO DISCONNECT /"), ("41/admin,", "Socket.IO DISCONNECT /admin"),
      (#"42["message",{"message":"hi"}]"#, #"Socket.IO EVENT / "message" {"message":"hi"}"#),
      (#"42/chat,13["join","ABCDEF"]"#, #"Socket.IO EVENT /chat "join" ["ABCDEF"] ack=13"#),
      (#"42/chat,13["join",["ABCDEF"]]"#, #"Socket.IO EVENT /chat "join" ["ABCDEF"] ack=13"#),
      (#"42["a",1,"two",{"x":3}]"#, #"Socket.IO EVENT / "a" [1,"two",{"x":3}]"#),
      (#"42["hey"]"#, #"Socket.IO EVENT / "hey""#),
      ("43/chat,13[true]", "Socket.IO ACK /chat ack=13 [true]"),
      ("4313[]", "Socket.IO ACK / ack=13 []"),
      ("42[\"a\",\n {\"b\":\t1}]", #"Socket.IO EVENT / "a" {"b":\t1}"#),
      ("42[\"gr\u{fc}n\",\"\u{2028}\u{85}\"]", #"Socket.IO EVENT / "grün" ["\u2028\u0085"]"#),
      ("42{}", "Socket.IO EVENT / {} [malformed]"),
      ("42abc[1]", "Socket.IO EVENT / abc[1] [malformed]"),
      ("4abc", "Socket.IO [unknown packet type] abc"),
      ("9", "Engine.IO [unknown packet type] 9"),
    ] as [(String, String)])
  func lines(_ packet: String, _ line: String) {
    var conversation = EngineIOConversation()
    #expect(conversation.server(packet) == line)
  }

  @Test func binaryEvent() {
    var conversation = EngineIOConversation()
    #expect(
      conversation.client(#"451-["bin",{"_placeholder":true,"num":0}]"#)
        == #"Socket.IO BINARY_EVENT / "bin" attachments=1 [waiting]"#)
    #expect(
      conversation.binary(.client, [1, 2, 3])
        == #"Socket.IO BINARY_EVENT / "bin" attachments=1 3 bytes"#)
    #expect(conversation.layers == ["eio_binary", "sio_attachment", "sio"])
    #expect(conversation.values("sio.attachment") == ["1 2 3"])
    #expect(conversation.findings == [])
  }
}
