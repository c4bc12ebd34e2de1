import PacketCore
import Testing

@testable import Protocols

@Suite struct WebSocketStreamTests {
  private typealias Octets = WebSocketOctets

  @Test func everyLengthClassBothSides() {
    for count in [0, 1, 125, 126, 127, 65535, 65536, 100_000] {
      for side in [Side.client, .server] {
        let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0 % 95 + 32) }
        for first: UInt8 in [0x81, 0x82] {
          var feed = WebSocketFeed()
          feed.feed(
            Octets.frame(first, payload, key: side == .client ? Octets.key : nil), from: side)
          #expect(feed.messages.count == 1)
          #expect(feed.messages.first?.content == payload)
          #expect(feed.messages.first?.opcode.rawValue == first & 15)
          #expect(feed.findings == [])
        }
      }
    }
  }

  @Test func fragmentsWithAPingBetween() {
    var feed = WebSocketFeed()
    feed.feed(
      Octets.frame(0x01, Array("Hel".utf8)) + Octets.frame(0x89, [1, 2])
        + Octets.frame(0x00, Array("l".utf8)) + Octets.frame(0x80, Array("o".utf8)))
    #expect(feed.messages.map(\.opcode) == [.ping, .text])
    #expect(feed.messages.last?.content == Array("Hello".utf8))
    #expect(feed.messages.last?.fragments == 3)
    #expect(feed.parts.count == 2)
    #expect(feed.findings == [])
    #expect(
      feed.lines == [
        "WebSocket Text \"Hel\" [fragment]", "WebSocket Ping 2 bytes",
        "WebSocket Continuation 1 byte [fragment]", "WebSocket Text \"Hello\" [fragmented ×3]",
      ])
  }

  @Test func whatFollowsAMessage() {
    func type(_ text: String, engineIO: Bool = false, known: Bool = true) -> PayloadType? {
      var feed = WebSocketFeed(known ? WebSocketNegotiation(isEngineIO: engineIO) : nil)
      feed.feed(Octets.text(text))
      return feed.messages.first?.type
    }
    #expect(type("42[\"message\"]", engineIO: true) == .engineIO)
    #expect(type("hello", engineIO: true) == .engineIO)
    #expect(type("42[\"message\"]") == .nothing)
    #expect(type("42[\"message\"]", known: false) == .engineIO)
    #expect(type("2probe", known: false) == .engineIO)
    #expect(type("4 apples", known: false) == .nothing)
    #expect(type("{\"a\":1}") == .json)
    #expect(type("[1]") == .json)
    #expect(type("hello") == .nothing)
    #expect(type("gAAAAAB" + String(repeating: "a", count: 93)) == .fernet)
    #expect(type("gAAAAAB" + String(repeating: "a", count: 56)) == .nothing)
    #expect(type("gAAAAAB" + String(repeating: "a", count: 92) + "!") == .fernet)
    #expect(type("gAAAAAB" + String(repeating: " ", count: 93)) == .nothing)
  }

  @Test func summaries() {
    var feed = WebSocketFeed()
    feed.feed(Octets.text("a\"\\\n\t\u{1}ä€😀\u{202e}\u{85}"))
    feed.feed(Octets.frame(0x8b, [1]))
    feed.feed(Octets.frame(0x82, [1, 2, 3]))
    feed.feed(Octets.frame(0x88, [3, 0xe8] + Array("bye".utf8)))
    feed.feed(Octets.frame(0x88))
    #expect(
      feed.lines == [
        "WebSocket Text \"a\\\"\\\\\\n\\t\\u0001ä€😀\\u202e\\u0085\"",
        "WebSocket Unknown Opcode 11 1 byte", "WebSocket Binary 3 bytes",
        "WebSocket Close 1000 \"bye\"", "WebSocket Close",
      ])
  }

  /// What tshark 4.0.17 writes, trailing and double spaces included.
  @Test func linesOfTshark() {
    let names: [UInt8: String] = [
      0: "Continuation", 1: "Text", 2: "Binary", 8: "Connection Close", 9: "Ping", 10: "Pong",
    ]
    for first in UInt8.min...UInt8.max {
      for side in [Side.client, .server] {
        var feed = WebSocketFeed()
        feed.isCompatible = true
        feed.feed(
          Octets.frame(first, [3, 0xe8], key: side == .client ? Octets.key : nil), from: side)
        let end = first & 0x80 == 0 ? "[FRAGMENT]  " : " [FIN] "
        #expect(
          feed.lines == [
            "WebSocket \(names[first & 15] ?? "Unknown Opcode")\(end)"
              + (side == .client ? "[MASKED]" : "")
          ])
      }
    }
  }

  /// Names and values as tshark 4.0.17 has them in JSON, then our own.
  @Test func fields() {
    func fields(_ octets: [UInt8], _ side: Side, _ deflate: PerMessageDeflate? = nil) -> [String] {
      var feed = WebSocketFeed(WebSocketNegotiation(deflate: deflate))
      feed.feed(octets, from: side)
      return feed.fields()
    }
    #expect(
      fields(Octets.frame(0x88, [3, 0xe8] + Array("bye".utf8)), .client) == [
        "websocket.fin: 1", "websocket.rsv: 0", "websocket.opcode: 8", "websocket.mask: 1",
        "websocket.payload_length: 5", "websocket.masking_key: 2..<6", "websocket.masked_payload",
        "websocket.payload", "websocket.payload.close", "websocket.payload.close.status_code: 1000",
        "websocket.payload.close.reason: bye", "websocket.from: client",
      ])
    #expect(
      fields(Octets.frame(0x81, Array(repeating: 0x61, count: 200), key: nil), .server) == [
        "websocket.fin: 1", "websocket.rsv: 0", "websocket.opcode: 1", "websocket.mask: 0",
        "websocket.payload_length: 126", "websocket.payload_length_ext_16: 200",
        "websocket.payload", "websocket.payload.text: " + String(repeating: "a", count: 200),
        "websocket.from: server",
      ])
    #expect(
      fields(Octets.frame(0x81, key: nil), .server) == [
        "websocket.fin: 1", "websocket.rsv: 0", "websocket.opcode: 1", "websocket.mask: 0",
        "websocket.payload_length: 0", "websocket.from: server",
      ])
    #expect(
      fields(
        Octets.frame(0x41, [0xf2, 0x48, 0xcd]) + Octets.frame(0x80, [0xc9, 0xc9, 7, 0]), .client,
        PerMessageDeflate()) == [
          "websocket.fin: 1", "websocket.rsv: 0", "websocket.pmc: 0", "websocket.opcode: 0",
          "websocket.mask: 1", "websocket.payload_length: 4", "websocket.masking_key: 2..<6",
          "websocket.masked_payload", "websocket.payload", "websocket.payload.text: Hello",
          "websocket.from: client", "websocket.fragment.count: 2", "websocket.message.opcode: 1",
          "websocket.reassembled.length: 7", "websocket.compressed_length: 7",
          "websocket.inflated_length: 5",
        ])
    #expect(
      fields(Octets.frame(0x01, [0x61, 0x62]), .client).contains(
        "websocket.payload.continue: [97, 98]"))
  }

  @Test func octetsOfAMessageKnowTheirPackets() throws {
    var feed = WebSocketFeed()
    feed.feed(Octets.frame(0x01, Array("Hel".utf8)))
    feed.feed(Octets.frame(0x80, Array("lo".utf8)))
    let record = try #require(feed.dissection.layers.last)
    let foundNote = feed.dissection.note(of: WebSocket.self, record)
    let note = try #require(foundNote)
    #expect(feed.dissection.origin(of: note.buffer)?.stage == .joined)
    #expect(feed.dissection.wire(0..<5, of: note.buffer)?.map(\.range) == [0..<3, 3..<5])
    #expect(feed.dissection.wire(1..<4, of: note.buffer)?.map(\.offset) == [7, 6])
    feed = WebSocketFeed()
    feed.feed(Octets.text("Hello"))
    let foundPlace = feed.dissection.wire(1..<3, of: 1)
    let place = try #require(foundPlace)
    #expect(place == [BufferPiece(7..<9, frame: 0, offset: 7)])
  }
}
