import ChatClient
import Foundation
import NIOCore
import NIOPosix
import Protocols
import Testing

/// A server that answers the nth connection, after its request's head, with the nth text, and closes
/// it then or not.
private final class ScriptedServer {
  private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  private let channel: any Channel

  init(_ answers: [[UInt8]], closes: Bool = true) throws {
    let next = NIOLoopBoundBox.makeBoxSendingValue(0, eventLoop: group.next())
    channel = try ServerBootstrap(group: group)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let index = min(next.value, answers.count - 1)
          next.value += 1
          try channel.pipeline.syncOperations.addHandler(
            Answering(answers[index], closes: closes))
        }
      }
      .bind(host: "127.0.0.1", port: 0).wait()
  }

  var url: String { "http://127.0.0.1:\(channel.localAddress?.port ?? 0)" }

  func stop() throws {
    try channel.close().wait()
    try group.syncShutdownGracefully()
  }

  private final class Answering: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let answer: [UInt8]
    private let closes: Bool
    private var head: [UInt8] = []

    init(_ answer: [UInt8], closes: Bool) {
      self.answer = answer
      self.closes = closes
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      let hadHead = String(decoding: head, as: UTF8.self).contains("\r\n\r\n")
      head += Array(unwrapInboundIn(data).readableBytesView)
      let text = String(decoding: head, as: UTF8.self)
      guard !hadHead, text.contains("\r\n\r\n") else { return }
      var reply = answer
      // `KEY` stands for the right Sec-WebSocket-Accept.
      if let line = text.split(separator: "\r\n").first(where: {
        $0.hasPrefix("Sec-WebSocket-Key: ")
      }),
        let accept = HTTPResponseHead.accepting(
          webSocketKey: String(line.dropFirst("Sec-WebSocket-Key: ".count)))?.fields.last?.value
      {
        reply = reply.replacing(Array("KEY".utf8), with: Array(accept.utf8))
      }
      let channel = context.channel
      let closes = closes
      context.writeAndFlush(NIOAny(context.channel.allocator.buffer(bytes: reply)))
        .whenComplete { _ in if closes { channel.close(promise: nil) } }
    }
  }
}

@Suite struct HostileServerTests {
  /// What the client says in the end.
  private func end(
    _ url: String, _ transports: [TransportKind] = TransportKind.allCases
  ) throws -> ChatEnd? {
    var configuration = ChatConnection.Configuration(
      address: try ServerAddress(url), name: "Alice")
    configuration.transports = transports
    configuration.timeout = .seconds(5)
    let connection = try #require(ChatConnection(configuration))
    defer { connection.shutDown() }
    while true {
      var ready = pollfd(fd: connection.descriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&ready, 1, 20_000) == 1 else { return nil }
      for event in connection.take() {
        if case .over(let end) = event { return end }
      }
    }
  }

  private static func switching(_ accept: String = "KEY", _ more: String = "") -> [UInt8] {
    Array(
      ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + "Sec-WebSocket-Accept: \(accept)\r\n\(more)\r\n").utf8)
  }

  private static func frame(_ text: String) -> [UInt8] {
    WebSocketSender(side: .server) { 0 }.text(text)
  }

  private static func answer(_ body: String, _ status: String = "200 OK") -> [UInt8] {
    Array("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)".utf8)
  }

  @Test func nobodyListens() throws {
    let server = try ScriptedServer([[]])
    let url = server.url
    try server.stop()
    #expect(try end(url) == .failed(.connectionRefused))
  }

  /// Answers to the request for WebSocket that no client may take.
  @Test(arguments: [
    switching("dGhlIHNhbXBsZSBub25jZQ=="),
    Array("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n".utf8),
    switching("KEY", "Sec-WebSocket-Extensions: permessage-deflate\r\n"),
    switching("KEY", "Sec-WebSocket-Protocol: chat\r\n"),
    Array("SSH-2.0-OpenSSH_9.2\r\n\r\n".utf8),
    Array(repeating: 0x41, count: 200_000),
    // A masked frame, a reserved bit, a length beyond all limits, an unknown packet, no handshake.
    switching() + [0x81, 0x81, 0, 0, 0, 0, 0x30], switching() + [0xc1, 0x01, 0x30],
    switching() + [0x81, 0x7f, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    switching() + frame("9"), switching() + frame("40{}"), switching() + frame("0{}"),
    switching() + [0x81, 0x02, 0xc3, 0x28],
  ])
  func isNotTaken(_ answer: [UInt8]) throws {
    let server = try ScriptedServer([answer], closes: false)
    defer { try? server.stop() }
    guard case .failed(.violated)? = try end(server.url, [.webSocket]) else {
      Issue.record("taken")
      return
    }
  }

  @Test func aServerWithoutWebSocketIsPolled() throws {
    let handshake =
      #"0{"sid":"abc","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#
    let server = try ScriptedServer([
      Self.answer("no", "400 Bad Request"), Self.answer(handshake),
      // The GET that waits, or the POST: a refusal serves both.
      Self.answer(#"44{"message":"not today"}"#),
    ])
    defer { try? server.stop() }
    #expect(try end(server.url) == .refused("not today"))
  }

  /// Bodies of polling that no client may take.
  @Test(arguments: [
    "", "hello", "2", #"0{"sid":""}"#, #"0{"sid":"a b&c"}"#, "0{\"sid\":\"a\r\nX: y\"}", "0",
    "\u{1e}",
  ])
  func aBodyIsNotTaken(_ body: String) throws {
    let server = try ScriptedServer([Self.answer(body)])
    defer { try? server.stop() }
    guard case .failed(.violated)? = try end(server.url, [.polling]) else {
      Issue.record("taken")
      return
    }
  }

  @Test func aStatusIsSaid() throws {
    let server = try ScriptedServer([Self.answer("", "404 Not Found")])
    defer { try? server.stop() }
    #expect(
      try end(server.url) == .failed(.rejected(status: 404, words: " Not Found to GET")))
  }

  @Test func aHangUpIsSaid() throws {
    let server = try ScriptedServer([[]])
    defer { try? server.stop() }
    guard case .failed(.closed)? = try end(server.url) else {
      Issue.record("not closed")
      return
    }
  }
}
