import NIOCore
import Protocols
import Testing

@testable import SocketServer

/// Nothing that a client sends may stop the server or disturb another client.
@Suite struct HostileInputTests {
  /// Pieces that say something to the server, and what nearly does.
  private static let packets: [String] = [
    "40", "40{}", "40{\"a\":1}", "40/custom", "40/custom,", "40/x,{}", "41", "41/custom,", "42[]",
    "42[\"message\",1]", "4212[\"message-with-ack\",1]", "42/custom,[\"message\",[[[]]]]", "430[1]",
    "451-[\"message\",{\"_placeholder\":true,\"num\":0}]",
    "461-7[{\"_placeholder\":true,\"num\":0}]",
    "45999999999999-[\"x\"]", "42999999999999999999[\"x\"]", "44{\"message\":\"x\"}", "2probe", "3",
    "5", "6", "1", "0{}", "2", "4", "", "b", "bAAAA", "9", "\u{1e}", "42[\"disconnect\"]", "42[1]",
    "42[\"\\ud800\"]", "42[\"end\"]", "42[\"leave\"]", "42{\"a\":", "42[\"a\",1e999]",
    "450-[\"a\"]",
  ]

  private static func frame(_ numbers: inout LinearNumbers) -> [UInt8] {
    let sender = WebSocketSender(side: .client) { 0x0102_0304 }
    let text = packets[Int(numbers.next() % UInt64(packets.count))]
    var frame: [UInt8]
    switch numbers.next() % 8 {
    case 0: frame = sender.binary((0..<numbers.next() % 300).map { UInt8(truncatingIfNeeded: $0) })
    case 1: frame = sender.ping(Array(text.utf8))
    case 2: frame = sender.close(UInt16(truncatingIfNeeded: numbers.next() % 6000), text)
    default: frame = sender.text(text)
    }
    if numbers.next() % 6 == 0, !frame.isEmpty {
      frame[Int(numbers.next() % UInt64(frame.count))] = UInt8(
        truncatingIfNeeded: numbers.next())
    }
    return frame
  }

  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func framesAtRandom(seed: UInt64) async throws {
    let server = try await TestServer.start { $0.closeTimeout = .milliseconds(100) }
    let witness = try await server.webSocket("/echo")
    var numbers = LinearNumbers(seed)
    let paths = [
      "/echo", "/socket.io/?EIO=4&transport=websocket", "/engine.io/?EIO=4&transport=websocket",
    ]
    for round in 0..<60 {
      let socket = try await server.webSocket(
        paths[round % 3], deflate: round % 2 == 0 ? PerMessageDeflate() : nil)
      for _ in 0..<numbers.next() % 12 { socket.send(raw: Self.frame(&numbers)) }
      if round % 4 == 0 { _ = try? await socket.closed(within: .milliseconds(20)) }
      socket.connection.close()
    }
    witness.send(text: "seed \(seed)")
    #expect(try await witness.text() == "seed \(seed)")
    await server.stop()
  }

  @Test(arguments: [5, 6] as [UInt64])
  func pollingAtRandom(seed: UInt64) async throws {
    let server = try await TestServer.start()
    var numbers = LinearNumbers(seed)
    for _ in 0..<25 {
      let sid = try await server.openPolling()
      let url = "/socket.io/?EIO=4&transport=polling&sid=\(sid)"
      for _ in 0..<5 {
        let count = Int(numbers.next() % 4)
        var body = (0..<count).map { _ in
          Self.packets[Int(numbers.next() % UInt64(Self.packets.count))]
        }.joined(separator: "\u{1e}").utf8.map { $0 }
        if numbers.next() % 4 == 0, !body.isEmpty {
          body[Int(numbers.next() % UInt64(body.count))] = UInt8(
            truncatingIfNeeded: numbers.next())
        }
        let response = try await server.request("POST", url, body: body)
        #expect(response.status == 200 || response.status == 400, "seed \(seed)")
      }
    }
    #expect(try await server.get("/").status == 200, "seed \(seed)")
    await server.stop()
  }

  @Test(arguments: [7, 8] as [UInt64])
  func requestsAtRandom(seed: UInt64) async throws {
    let server = try await TestServer.start { $0.closeTimeout = .milliseconds(100) }
    var numbers = LinearNumbers(seed)
    let text = """
      POST /socket.io/?EIO=4&transport=polling&sid=x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\
      Connection: Upgrade\r\nUpgrade: websocket\r\nOrigin: http://x\r\n\r\nabc
      """
    for _ in 0..<80 {
      var octets = Array(text.utf8)
      for _ in 0..<numbers.next() % 5 {
        octets[Int(numbers.next() % UInt64(octets.count))] = UInt8(
          truncatingIfNeeded: numbers.next())
      }
      let connection = try await server.connect()
      connection.send(octets)
      connection.closeOutput()
      try? await connection.closed(within: .milliseconds(20))
      connection.close()
    }
    #expect(try await server.get("/").status == 200, "seed \(seed)")
    await server.stop()
  }
}
