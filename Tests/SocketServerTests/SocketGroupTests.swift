import NIOCore
import Protocols
import Synchronization
import Testing

@testable import SocketServer

/// One room that everybody is in: "say" goes to all as it came, "others" to all but the sender,
/// "leave" leaves.
private final class Room: SocketApplication {
  private let group = Mutex<NIOLoopBound<SocketGroup>?>(nil)
  private let ends = Mutex<[SocketEnd]>([])

  private var members: SocketGroup? { group.withLock { $0 }?.value }
  var reasons: [SocketEnd] { ends.withLock { $0 } }

  func respond(to request: HTTPRequest) async -> HTTPResponse { HTTPResponse(.notFound) }
  func admit(_ socket: Socket, with payload: JSONValue?) async -> SocketAdmission {
    if case .string(let words)? = payload?["refuse"] { return .refused(words) }
    return .accepted
  }

  func connected(_ socket: Socket) {
    guard let loop = socket.link?.eventLoop else { return }
    group.withLock { group in
      if group == nil { group = NIOLoopBound(SocketGroup(), eventLoop: loop) }
    }
    members?.join(socket)
    members?.join(socket)
  }

  func receive(_ event: SocketEvent, from socket: Socket) {
    switch event.name {
    case "say": members?.relay(event)
    case "others": members?.emit("said", event.arguments, except: socket)
    case "leave": members?.leave(socket)
    case "ask":
      socket.emit("question", arguments: [1]) { answer in
        socket.emit("answered", arguments: answer ?? ["none"])
      }
    case "slow":
      // Twice, from another thread: the first counts.
      Task.detached {
        event.acknowledge?(["first"])
        event.acknowledge?(["second"])
        socket.emit("done")
      }
    default: break
    }
  }

  func disconnected(_ socket: Socket, _ reason: SocketEnd) {
    ends.withLock { $0.append(reason) }
    members?.emit("gone", [.string(socket.id)])
  }
}

@Suite struct SocketGroupTests {
  private func enter(
    _ server: TestServer, _ namespace: String = "", deflate: PerMessageDeflate? = nil
  ) async throws -> TestWebSocket {
    let socket = try await server.webSocket(
      "/socket.io/?EIO=4&transport=websocket", deflate: deflate)
    _ = try await socket.text()
    socket.send(text: "40" + namespace)
    _ = try await socket.text()
    return socket
  }

  @Test func everyTransportGetsTheSame() async throws {
    let room = Room()
    let server = try await TestServer.start(application: room, endpoints: []) {
      $0.compresses = true
      $0.compressedFrom = 0
    }
    let plain = try await enter(server)
    let other = try await enter(server, "/custom,")
    let small = try await enter(server, deflate: PerMessageDeflate())
    #expect(small.response.header("sec-websocket-extensions") == "permessage-deflate")
    let sid = try await server.openPolling()
    let url = "/socket.io/?EIO=4&transport=polling&sid=\(sid)"
    _ = try await server.post(url, "40")
    #expect(try await server.get(url).text.hasPrefix("40"))
    for length in [3, 300, 70_000] {
      // Spaces and escapes stay as they came.
      let said = "[\"say\" , {\"a\":\"\\u0041\(String(repeating: "x", count: length))\"}]"
      plain.send(text: "42" + said)
      #expect(try await plain.text() == "42" + said)
      #expect(try await small.text() == "42" + said)
      #expect(try await other.text() == "42/custom," + said)
      #expect(try await server.get(url).text == "42" + said)
    }
    other.send(text: "42/custom,[\"others\",1]")
    #expect(try await plain.text() == "42[\"said\",1]")
    plain.send(text: "42[\"leave\"]")
    plain.send(text: "42[\"say\",2]")
    #expect(try await other.text() == "42/custom,[\"say\",2]", "and not its own event before")
    // Attachments.
    other.send(text: "451-/custom,[\"say\",{\"_placeholder\":true,\"num\":0}]")
    other.send(binary: [1, 2, 3])
    _ = try await small.text()
    _ = try await small.text()
    #expect(
      try await small.text() == "451-[\"say\",{\"_placeholder\":true,\"num\":0}]")
    #expect(try await small.receive() == .binary([1, 2, 3]))
    #expect(
      try await server.get(url).text
        == "42[\"said\",1]\u{1e}42[\"say\",2]\u{1e}451-[\"say\",{\"_placeholder\":true,\"num\":0}]"
        + "\u{1e}bAQID")
    await server.stop()
  }

  @Test func whoIsGoneHasLeft() async throws {
    let room = Room()
    let server = try await TestServer.start(application: room, endpoints: [])
    let first = try await enter(server)
    let second = try await enter(server)
    let third = try await enter(server)
    second.connection.close()
    #expect(try await first.text().hasPrefix("42[\"gone\","))
    third.send(text: "41")
    #expect(try await first.text().hasPrefix("42[\"gone\","))
    first.send(text: "42[\"say\"]")
    #expect(try await first.text() == "42[\"say\"]")
    #expect(room.reasons == [.transportClosed, .clientLeft])
    await server.stop()
    #expect(room.reasons == [.transportClosed, .clientLeft, .serverStops])
  }

  @Test func acknowledgmentsBothWays() async throws {
    let server = try await TestServer.start(application: Room(), endpoints: [])
    let socket = try await enter(server)
    socket.send(text: "42[\"ask\"]")
    #expect(try await socket.text() == "420[\"question\",1]")
    socket.send(text: "430[\"yes\",{}]")
    #expect(try await socket.text() == "42[\"answered\",\"yes\",{}]")
    // One that nobody waits for changes nothing.
    socket.send(text: "430[\"yes\"]")
    socket.send(text: "437[]")
    socket.send(text: "427[\"slow\"]")
    #expect(try await socket.text() == "437[\"first\"]")
    #expect(try await socket.text() == "42[\"done\"]")
    await server.stop()
  }

  @Test func refusedAndAskedAgain() async throws {
    let server = try await TestServer.start(application: Room(), endpoints: []) {
      $0.connectTimeout = .seconds(60)
    }
    let socket = try await server.webSocket("/socket.io/?EIO=4&transport=websocket")
    _ = try await socket.text()
    socket.send(text: "40{\"refuse\":\"not you\"}")
    #expect(try await socket.text() == "44{\"message\":\"not you\"}")
    socket.send(text: "40")
    // Sent before the answer: it waits.
    socket.send(text: "42[\"say\",{\"kept\":1}]")
    #expect(try await socket.text().hasPrefix("40{\"sid\":"))
    #expect(try await socket.text() == "42[\"say\",{\"kept\":1}]")
    await server.stop()
  }
}
