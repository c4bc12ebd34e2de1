import NIOCore
import Protocols
import Testing

@testable import SocketServer

@Suite struct LargeMessageTests {
  @Test func sixteenMebibytes() async throws {
    let server = try await TestServer.start()
    let socket = try await server.webSocket("/echo")
    let octets = (0..<16 << 20).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    socket.send(binary: octets)
    #expect(try await socket.receive(within: .seconds(60)) == .binary(octets))
    socket.send(binary: octets + [0])
    #expect(try await socket.closed() == 1009)
    await server.stop()
  }

  @Test func manyFragments() async throws {
    let server = try await TestServer.start()
    let socket = try await server.webSocket("/echo")
    let sender = WebSocketSender(side: .client, fragmentOctets: 1) { 0xa1b2_c3d4 }
    let text = String(repeating: "ü€😀", count: 10_000)
    // Pings stand between the fragments.
    let frames = sender.text(text)
    let ping = sender.ping([1])
    socket.send(raw: Array(frames[..<7]) + ping + frames[7...])
    #expect(try await socket.receive() == .pong([1]))
    #expect(try await socket.text() == text)
    await server.stop()
  }

  /// Invalid UTF-8 ends it with the octet that is wrong, in the middle of a frame.
  @Test func invalidTextIsSeenAtOnce() async throws {
    let server = try await TestServer.start()
    let socket = try await server.webSocket("/echo")
    // A text of 1000 octets is announced, 3 come; the key is 0.
    socket.send(raw: [0x81, 0xfe, 0x03, 0xe8, 0, 0, 0, 0, 0xc3, 0x28, 0x41])
    #expect(try await socket.closed() == 1007)
    await server.stop()
  }

  @Test func compressedBothWays() async throws {
    let server = try await TestServer.start { $0.compressedFrom = 0 }
    let socket = try await server.webSocket("/echo", deflate: PerMessageDeflate())
    #expect(socket.response.header("sec-websocket-extensions") == "permessage-deflate")
    for length in [0, 1, 100, 100_000, 3_000_000] {
      let text = String(repeating: "ab", count: length)
      socket.send(text: text)
      #expect(try await socket.text(within: .seconds(30)) == text)
    }
    await server.stop()
  }
}
