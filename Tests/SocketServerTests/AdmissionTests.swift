import NIOCore
import Protocols
import Synchronization
import Testing

@testable import SocketServer

/// Lets nobody in before it is told to, and counts whom it holds.
private final class Doorman: SocketApplication {
  private let door = AsyncStream.makeStream(of: Void.self)
  private let asked = AsyncStream.makeStream(of: Void.self)
  private let ended = AsyncStream.makeStream(of: SocketEnd.self)
  private let held = Mutex<Set<String>>([])

  var count: Int { held.withLock { $0.count } }

  func openDoor() { door.continuation.yield() }
  func waitForSomebody() async { for await _ in asked.stream { return } }
  func waitForEnd() async -> SocketEnd? {
    for await reason in ended.stream { return reason }
    return nil
  }

  func respond(to request: HTTPRequest) async -> HTTPResponse { HTTPResponse(.notFound) }

  func admit(_ socket: Socket, with payload: JSONValue?) async -> SocketAdmission {
    asked.continuation.yield()
    for await _ in door.stream { break }
    held.withLock { _ = $0.insert(socket.id) }
    return .accepted
  }

  func connected(_ socket: Socket) { Issue.record("nobody is there any more") }
  func receive(_ event: SocketEvent, from socket: Socket) {}

  func disconnected(_ socket: Socket, _ reason: SocketEnd) {
    held.withLock { _ = $0.remove(socket.id) }
    ended.continuation.yield(reason)
  }
}

@Suite struct AdmissionTests {
  /// Whoever knocks and runs away must not be kept for ever.
  @Test func aClientThatLeavesWhileItIsDecidedOnIsLetGo() async throws {
    let doorman = Doorman()
    let server = try await TestServer.start(application: doorman)
    let socket = try await server.webSocket("/socket.io/?EIO=4&transport=websocket")
    _ = try await socket.text()
    socket.send(text: "40")
    await doorman.waitForSomebody()
    socket.close()
    _ = try await socket.closed()
    doorman.openDoor()
    #expect(await doorman.waitForEnd() == .transportClosed)
    #expect(doorman.count == 0)
    await server.stop()
  }
}
