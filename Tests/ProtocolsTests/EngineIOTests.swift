import PacketCore
import Testing

@testable import Protocols

/// Engine.IO sessions as the inspector follows them.
@Suite struct EngineIOTests {
  static let open = #"0{"sid":"abc","upgrades":[],"pingInterval":1,"pingTimeout":2,"maxPayload":3}"#
  static let oldOpen = #"0{"sid":"abc","upgrades":[],"pingInterval":1,"pingTimeout":2}"#

  @Test func pingsAndPongs() {
    var conversation = EngineIOConversation()
    conversation.server(Self.open)
    #expect(conversation.values("eio.version") == ["4"])
    conversation.server("2")
    conversation.client("3")
    #expect(conversation.values("eio.ping_in") == ["2"])
    #expect(conversation.values("eio.pong_time") == ["1000000000"])
    #expect(conversation.findings == [])
    conversation.client("3")
    #expect(conversation.findings == ["eio.pong.unasked"])
    conversation.client("2")
    #expect(conversation.findings == ["eio.ping.side"])
  }

  @Test func theOldRevision() {
    var conversation = EngineIOConversation()
    conversation.server(Self.oldOpen)
    #expect(conversation.values("eio.version") == [])
    conversation.client("2")
    #expect(conversation.values("eio.version") == ["3"])
    conversation.server("3")
    #expect(conversation.values("eio.ping_in") == ["2"])
    #expect(conversation.findings == [])
    // Clients of Socket.IO revision 4 are in the main namespace without asking.
    conversation.client(#"42["a"]"#)
    #expect(conversation.findings == [])
    conversation.client("b4AQID")
    #expect(conversation.layers == ["eio", "sio_attachment"])
    #expect(conversation.walk.dissection.layers.last?.payloadLength == 3)
    conversation.binary(.client, [4, 1, 2])
    #expect(conversation.walk.dissection.layers.last?.payloadLength == 2)
    conversation.server("2")
    #expect(conversation.findings == ["eio.ping.side"])
  }

  @Test func probeAndUpgrade() {
    var conversation = EngineIOConversation()
    conversation.server(Self.open)
    conversation.client("5")
    #expect(conversation.findings == ["eio.upgrade.without_probe"])
    conversation.client("2probe")
    #expect(conversation.values("eio.probe") == ["true"])
    conversation.server("3probe")
    #expect(conversation.values("eio.ping_in") == ["3"])
    conversation.client("5")
    #expect(conversation.findings == [])
    conversation.server("5")
    #expect(conversation.findings == ["eio.upgrade.from_server"])
  }

  @Test func closing() {
    var conversation = EngineIOConversation()
    conversation.server(Self.open)
    conversation.client("40")
    conversation.client("1")
    // What the other side had sent before it heard of it.
    conversation.server(#"42["a"]"#)
    #expect(conversation.findings == [])
    conversation.client(#"42["a"]"#)
    #expect(conversation.findings == ["eio.after_close"])
    conversation.client("3")
    #expect(conversation.findings.contains("eio.after_close"))
    conversation.binary(.client, [1])
    #expect(conversation.findings.contains("eio_binary.after_close"))
    conversation.client(#"42["a"]"#, session: 1)
    #expect(conversation.findings == [])
  }

  @Test(arguments: [
    ("0", "eio.open.malformed"), ("0[]", "eio.open.malformed"), ("0{}", "eio.open.malformed"),
    (#"0{"sid":5}"#, "eio.open.malformed"), (#"0{"sid":"a"}x"#, "eio.open.malformed"),
    ("1x", "eio.data.unexpected"), ("6x", "eio.data.unexpected"), ("7", "eio.type.unknown"),
    ("x", "eio.type.unknown"), ("b*", "eio.base64.malformed"), ("bAAA=A", "eio.base64.malformed"),
  ])
  func malformed(_ packet: String, _ finding: String) {
    var conversation = EngineIOConversation()
    conversation.server(packet)
    #expect(conversation.findings == [finding])
  }

  @Test func openingTwice() {
    var conversation = EngineIOConversation()
    conversation.client(Self.open)
    #expect(conversation.findings == ["eio.open.from_client"])
    conversation.server(Self.open)
    #expect(conversation.findings == ["eio.open.late"])
  }

  @Test func nothingAtAll() {
    var conversation = EngineIOConversation()
    conversation.take(1, .server, [])
    #expect(conversation.walk.dissection.failure != nil)
    conversation.take(2, .server, [])
    #expect(conversation.layers == ["eio_binary", "sio_attachment"])
  }

  @Test func sessionsAreNumbered() {
    var conversation = EngineIOConversation()
    for session in [0, 1, 0, 2, 1] as [UInt8] { conversation.client("40", session: session) }
    #expect(conversation.values("eio.session") == ["1"])
    var limits = Limits()
    limits.connections = 8
    var bounded = EngineIOConversation(limits: limits)
    for _ in 0..<3 { for session in 0..<200 { bounded.client("40", session: UInt8(session)) } }
    let memory = bounded.walk.dissector.memory(of: EngineIO.self)
    #expect((memory?.sessions.count ?? .max) <= 8)
    #expect(memory === bounded.walk.dissector.memory(of: EngineIOBinary.self))
  }

  @Test func hashesAreFNV() {
    let octets = Array("foobar".utf8)
    #expect(EngineIOSession.hash(octets.span.bytes, 0..<6) == 0x85944171f73967e8)
  }
}
