import PacketCore
import Testing

@testable import Protocols

/// Socket.IO packets as the inspector follows them.
@Suite struct SocketIOTests {
  private func opened(_ limits: Limits = Limits()) -> EngineIOConversation {
    var conversation = EngineIOConversation(limits: limits)
    conversation.server(EngineIOTests.open)
    return conversation
  }

  @Test func fields() {
    var conversation = EngineIOConversation()
    conversation.client(#"42/chat,13["join",  {"a":[1,2]} ,"x\u00e4",null]"#)
    #expect(conversation.values("sio.type") == ["2"])
    #expect(conversation.values("sio.nsp") == ["/chat"])
    #expect(conversation.values("sio.ack") == ["13"])
    #expect(conversation.values("sio.event") == ["join"])
    #expect(conversation.values("sio.arg") == [#"{"a":[1,2]}"#, #""x\u00e4""#, "null"])
    #expect(conversation.values("sio.data") == [#"["join",  {"a":[1,2]} ,"x\u00e4",null]"#])
    conversation.client("43,1[]")
    conversation.server(#"40{"sid":"xyz"}"#)
    #expect(conversation.values("sio.sid") == ["xyz"])
    #expect(conversation.values("sio.nsp") == ["/"])
    conversation.server(#"44{"message":"Not \"you\""}"#)
    #expect(conversation.values("sio.error") == [#"Not "you""#])
  }

  @Test func acknowledgments() {
    var conversation = opened()
    conversation.client("40")
    conversation.client("40/chat,")
    conversation.client(#"42/chat,13["join","ABCDEF"]"#)
    conversation.server(#"4213["other way"]"#)
    conversation.server("43/chat,13[true]")
    #expect(conversation.values("sio.event_in") == ["4"])
    #expect(conversation.values("sio.ack.time") == ["2000000000"])
    #expect(conversation.findings == [])
    conversation.server("43/chat,13[true]")
    #expect(conversation.findings == ["sio.ack.twice"])
    conversation.server("4313[true]")
    #expect(conversation.findings == ["sio.ack.unasked"])
    conversation.client("4313[true]")
    #expect(conversation.values("sio.event_in") == ["5"])
    // The next event of that number is another one.
    conversation.client(#"42/chat,13["again"]"#)
    conversation.server("43/chat,13[]")
    #expect(conversation.findings == [])
    #expect(conversation.values("sio.event_in") == ["10"])
  }

  @Test func namespaces() {
    var conversation = opened()
    conversation.client(#"42["a"]"#)
    #expect(conversation.findings == ["sio.not_connected"])
    conversation.client("40")
    // A server may speak before it answers.
    conversation.server(#"42["a"]"#)
    #expect(conversation.findings == [])
    conversation.client(#"42/chat,["a"]"#)
    #expect(conversation.findings == ["sio.not_connected"])
    conversation.client("40/chat?token=1,")
    conversation.client(#"42/chat,["a"]"#)
    #expect(conversation.findings == [])
    conversation.client("41/chat,")
    conversation.server(#"42/chat,["a"]"#)
    #expect(conversation.findings == [])
    conversation.client(#"42/chat,["a"]"#)
    #expect(conversation.findings == ["sio.disconnected"])
    conversation.client("40/chat,")
    conversation.client(#"42/chat,["a"]"#)
    #expect(conversation.findings == [])
    conversation.client("44{}")
    #expect(conversation.findings == ["sio.connect_error.from_client"])
    // Nothing is known of a session whose beginning was not captured.
    conversation.client(#"42/x,["a"]"#, session: 9)
    conversation.server("435[]", session: 9)
    #expect(conversation.findings == [])
  }

  @Test func binaryEventsOfBothSidesAtOnce() {
    var conversation = EngineIOConversation()
    let two = #"["p",{"_placeholder":true,"num":0},{"x":{"num":1,"_placeholder":true}}]"#
    conversation.client("452-/chat,7" + two)
    conversation.server("452-" + two)
    #expect(
      conversation.binary(.client, [1, 2]) == "Socket.IO attachment 1/2 of frame 1 2 bytes")
    #expect(conversation.values("sio_attachment.packet_in") == ["1"])
    conversation.binary(.server, [])
    #expect(
      conversation.client("bAwQF")
        == #"Socket.IO BINARY_EVENT /chat "p" ack=7 attachments=2 5 bytes"#)
    #expect(conversation.layers == ["eio", "sio_attachment", "sio"])
    #expect(conversation.values("sio.attachment") == ["1 2", "3 4 5"])
    #expect(conversation.values("sio.attachments.length") == ["5"])
    #expect(conversation.findings == [])
    let record = conversation.walk.dissection.layers[conversation.walk.dissection.layers.count - 1]
    let pieces = conversation.walk.dissection.wire(record.range, of: record.buffer)
    #expect(pieces?.map(\.frame) == [1])
    #expect(pieces?.first?.offset == 4)
    conversation.binary(.server, [])
    #expect(conversation.values("sio.attachment") == ["", ""])
    conversation.binary(.server, [9])
    #expect(conversation.findings == ["sio_attachment.unexpected"])
  }

  @Test func attachmentsThatNeverCome() {
    var conversation = EngineIOConversation()
    conversation.client(#"451-["p",{"_placeholder":true,"num":0}]"#)
    conversation.server(#"42["other"]"#)
    #expect(conversation.findings == [])
    conversation.client(#"42["next"]"#)
    #expect(conversation.remarks == ["Attachments of an earlier packet are missing: 1 of frame 1"])
    conversation.binary(.client, [1])
    #expect(conversation.findings == ["sio_attachment.unexpected"])
    #expect(
      conversation.client(#"450-["p"]"#) == #"Socket.IO BINARY_EVENT / "p" attachments=0 0 bytes"#)
  }

  @Test func whatWaitsIsBounded() {
    var limits = Limits()
    limits.messageOctets = 1000
    var conversation = EngineIOConversation(limits: limits)
    let packet = #"452-["p",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#
    for session in 0..<100 {
      conversation.client(packet, session: UInt8(session))
      conversation.binary(.client, [UInt8](repeating: 1, count: 100), session: UInt8(session))
      let memory = conversation.walk.dissector.memory(of: SocketIO.self)
      #expect((memory?.waitingOctets ?? .max) <= 1000)
    }
    // The oldest was given up, the newest was not.
    conversation.binary(.client, [1], session: 0)
    #expect(conversation.findings == ["sio_attachment.unexpected"])
    conversation.binary(.client, [1], session: 99)
    #expect(conversation.values("sio.attachments.length") == ["101"])
    conversation.client(packet)
    conversation.binary(.client, [UInt8](repeating: 1, count: 2000))
    #expect(conversation.findings == ["sio_attachment.too_much"])
    conversation.client("4599999-[\"p\"]")
    #expect(conversation.findings.contains("sio.attachments.too_many"))
    let memory = conversation.walk.dissector.memory(of: SocketIOAttachment.self)
    for session in 0..<100 { conversation.client("40", session: UInt8(session)) }
    #expect(memory?.waitingOctets == 0)
    #expect(memory?.waiting.count == 0)
  }

  @Test func tokens() {
    var conversation = EngineIOConversation()
    let token = "gAAA" + String(repeating: "B", count: 94) + "=="
    func fernet(_ conversation: borrowing EngineIOConversation) -> Int {
      conversation.walk.dissection.layers.filter { $0.type.description.name == "fernet" }.count
    }
    let line = conversation.client(#"42["message",{"message":"\#(token)"}]"#)
    #expect(line.hasPrefix(#"Socket.IO EVENT / "message" {"message":"gAAA"#))
    #expect(conversation.layers == ["eio", "sio", "chat", "fernet"])
    conversation.client(#"42["other",["\#(token)",{"a":"\#(token)"}]]"#)
    #expect(conversation.layers == ["eio", "sio", "fernet", "fernet"])
    conversation.client(#"42["other",{"\#(token)":1},"x\#(token)","\#(token) *"]"#)
    #expect(conversation.layers == ["eio", "sio"])
    let many = (0..<100).map { _ in #""\#(token)""# }.joined(separator: ",")
    conversation.client(#"42["other",\#(many)]"#)
    #expect(conversation.layers.count == 2 + 16)
  }

  @Test func everyPrefixAndNoise() {
    let seed = UInt64.random(in: .min ... .max)
    print("SocketIOTests.everyPrefixAndNoise: seed \(seed)")
    var lots = Lots(state: seed)
    var limits = Limits()
    limits.exchanges = 8
    limits.connections = 8
    limits.messageOctets = 200
    var conversation = EngineIOConversation(limits: limits)
    let packets =
      SocketIOPacketTests.table.map { line in
        line.kind == "sio" ? [0x34] + line.text : line.text
      } + [Array(EngineIOTests.open.utf8)]
    func check(_ octets: [UInt8], _ side: Side) {
      conversation.take(
        UInt8.random(in: 1...7, using: &lots), side, octets, UInt8.random(in: 0...3, using: &lots))
      for record in conversation.walk.dissection.layers {
        let bytes = conversation.walk.octets(of: record, frame: conversation.octets)
        for item in conversation.walk.fields(of: record, frame: conversation.octets) {
          guard let place = item.place else { continue }
          #expect(place.lowerBound >= 0 && place.upperBound <= bytes.count)
        }
        let written = record.type.rewrite(bytes.span.bytes, record)
        #expect(written == (record.isPart ? nil : Array(bytes[record.header])))
      }
      _ = conversation.remarks
    }
    for packet in packets {
      for count in 0...packet.count {
        check(Array(packet.prefix(count)), count % 2 == 0 ? .client : .server)
      }
      for _ in 0..<40 {
        var octets = packet
        for _ in 0..<Int.random(in: 1...4, using: &lots) where !octets.isEmpty {
          octets[Int.random(in: octets.indices, using: &lots)] = .random(
            in: .min ... .max, using: &lots)
        }
        check(octets, Bool.random(using: &lots) ? .client : .server)
      }
    }
  }
}
