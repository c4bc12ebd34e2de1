import Glibc
import Logging
import Protocols
import SocketServer

/// One execution: a connection to the server, over loopback, whose client sends hostile octets cut
/// anywhere and then says no more. The server must end the connection, and be there for the next.
///
/// Input: an octet for what the connection is before the octets come: HTTP, a WebSocket echo with or
/// without permessage-deflate, Engine.IO, Socket.IO that is connected, or the bodies of POSTs to a
/// polling session. Then pieces of one octet for their kind, one for their length, and the octets.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzServer(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let input = UnsafeRawBufferPointer(start: data, count: size)
  guard let first = input.first else { return 0 }
  let port = FuzzedServer.shared.port
  let client = FuzzedClient(port: port, place: first % 6)
  var at = 1
  while at + 2 <= input.count, client.isWritable {
    let kind = input[at]
    let length = min(Int(input[at + 1]), input.count - at - 2)
    client.send([UInt8](input[(at + 2)..<(at + 2 + length)]), kind)
    at += 2 + length
  }
  client.end()
  return 0
}

/// The server of this process.
final class FuzzedServer: Sendable {
  static let shared = FuzzedServer()
  let port: Int
  private let server: SocketServer

  private init() {
    var configuration = ServerConfiguration()
    configuration.binds = [ServerAddress("127.0.0.1", port: 0)]
    configuration.namespaces = ["/", "/custom"]
    configuration.maxPayload = 4096
    configuration.bodyOctets = 4096
    configuration.sendQueueOctets = 64 << 10
    configuration.closeTimeout = .milliseconds(200)
    server = SocketServer(
      configuration, application: FuzzedEcho(),
      endpoints: [
        .engineIO("/engine.io/", FuzzedEcho()),
        .webSocket("/echo", FuzzedEcho(), compresses: true),
      ],
      logger: Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() })
    let started = Started()
    Task { [server] in started.set(try? await server.start()) }
    port = started.wait()
  }

  /// Where it listens, once it does.
  private final class Started: @unchecked Sendable {
    private let isSet = Signal()
    private var port = 0

    func set(_ addresses: [ServerAddress]?) {
      port = addresses?.first?.port ?? 0
      isSet.raise()
    }

    func wait() -> Int {
      isSet.wait()
      precondition(port != 0, "the server does not listen")
      return port
    }
  }
}

/// Raised once, by another thread.
final class Signal: @unchecked Sendable {
  private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
  init() { sem_init(semaphore, 0, 0) }
  func raise() { sem_post(semaphore) }
  func wait() { while sem_wait(semaphore) != 0 {} }
}

/// Answers everything.
final class FuzzedEcho: SocketApplication, EngineApplication, WebSocketApplication {
  func respond(to request: HTTPRequest) async -> HTTPResponse {
    HTTPResponse(.ok, body: Array((request.path + request.query).utf8) + request.body)
  }
  func admit(_ socket: Socket, with payload: JSONValue?) async -> SocketAdmission {
    payload?["refuse"] == nil ? .accepted : .refused("no")
  }
  func connected(_ socket: Socket) {
    socket.emit("auth", arguments: [1]) { _ in socket.emit("answered") }
  }
  func receive(_ event: SocketEvent, from socket: Socket) {
    socket.emit(event.name, arguments: event.arguments)
    event.acknowledge?(event.arguments)
    if event.name == "leave" { socket.disconnect() }
    if event.name == "end" { socket.disconnect(closing: true) }
  }
  func disconnected(_ socket: Socket, _ reason: SocketEnd) {}
  func receive(_ message: SocketMessage, from connection: EngineConnection) {
    connection.send(message)
  }
  func receive(_ message: SocketMessage, from connection: WebSocketConnection) {
    connection.send(message)
  }
}

/// A blocking client.
final class FuzzedClient {
  private let socket: CInt
  private let place: UInt8
  private var polling = ""
  private(set) var isWritable = true

  init(port: Int, place: UInt8) {
    self.place = place
    socket = Self.connect(port)
    switch place {
    case 1: upgrade("/echo", "")
    case 2: upgrade("/echo", "Sec-WebSocket-Extensions: permessage-deflate\r\n")
    case 3: upgrade("/engine.io/?EIO=4&transport=websocket", "")
    case 4:
      upgrade("/socket.io/?EIO=4&transport=websocket", "")
      send(frame: 1, Array("40".utf8))
    case 5:
      write(Array("GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
      let answer = read { $0.contains("pingTimeout") }
      let name = answer.split(separator: "\"sid\":\"").dropFirst().first
      polling = String(name?.prefix { $0 != "\"" } ?? "")
    default: break
    }
  }

  /// From a new address of the loopback network each time, so that neither ports nor the connections
  /// allowed to one address run out.
  private static func connect(_ port: Int) -> CInt {
    let socket = Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    func address(_ host: UInt32, _ port: UInt16) -> sockaddr_in {
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = port.bigEndian
      address.sin_addr.s_addr = host.bigEndian
      return address
    }
    var near = address(0x7f00_0002 &+ UInt32.random(in: 0..<0xff_fff0), 0)
    var far = address(0x7f00_0001, UInt16(truncatingIfNeeded: port))
    let length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isConnected = withUnsafeBytes(of: &near) { near in
      withUnsafeBytes(of: &far) { far in
        guard bind(socket, near.assumingMemoryBound(to: sockaddr.self).baseAddress, length) == 0
        else { return false }
        let place = far.assumingMemoryBound(to: sockaddr.self).baseAddress
        // libFuzzer's clock interrupts; what was asked for goes on, and is asked about again.
        while Glibc.connect(socket, place, length) != 0 {
          if errno == EISCONN { return true }
          guard errno == EINTR || errno == EALREADY else { return false }
        }
        return true
      }
    }
    precondition(isConnected, "the server does not accept")
    var on: CInt = 1
    setsockopt(
      socket, CInt(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<CInt>.size))
    var patience = timeval(tv_sec: 5, tv_usec: 0)
    setsockopt(
      socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(
      socket, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    return socket
  }

  private func upgrade(_ target: String, _ more: String) {
    write(
      Array(
        ("GET \(target) HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
          + "\(more)\r\n").utf8))
  }

  /// A piece of the input, as its place wants it.
  func send(_ octets: [UInt8], _ kind: UInt8) {
    switch place {
    case 0: write(octets)
    case 5:
      let post =
        "POST /socket.io/?EIO=4&transport=polling&sid=\(polling) HTTP/1.1\r\nHost: x\r\n"
        + "Content-Length: \(octets.count)\r\n\r\n"
      let get = "GET /socket.io/?EIO=4&transport=polling&sid=\(polling) HTTP/1.1\r\nHost: x\r\n\r\n"
      write(Array(post.utf8) + octets + (kind & 1 == 0 ? Array(get.utf8) : []))
    default:
      // A quarter as it is, the others in a frame with the kind for its first octet.
      if kind & 0xc0 == 0x40 { write(octets) } else { send(frame: kind, octets) }
    }
  }

  private func send(frame first: UInt8, _ octets: [UInt8]) {
    let head = place == 4 && first == 1 ? 0x81 : first
    let length: [UInt8] =
      octets.count < 126 ? [0x80 | UInt8(octets.count)] : [0xfe, 0, UInt8(octets.count)]
    write([head] + length + [0, 0, 0, 0] + octets)
  }

  private func write(_ octets: [UInt8]) {
    var done = 0
    while done < octets.count, isWritable {
      let count = octets.withUnsafeBytes {
        Glibc.send(
          socket, $0.baseAddress.map { $0 + done }, octets.count - done, CInt(MSG_NOSIGNAL)
        )
      }
      // The server may have had enough.
      if count <= 0 { isWritable = false } else { done += count }
    }
  }

  private func read(until isEnough: (String) -> Bool) -> String {
    var buffer = [UInt8](repeating: 0, count: 4096)
    var text = ""
    while !isEnough(text) {
      let count = recv(socket, &buffer, buffer.count, 0)
      // libFuzzer's clock; a socket that has a timeout is not gone on with by itself.
      if count < 0, errno == EINTR { continue }
      guard count >= 0 || errno == ECONNRESET else {
        fatalError("the server says nothing: \(String(cString: strerror(errno)))")
      }
      if count <= 0 { break }
      text += String(decoding: buffer[..<count], as: UTF8.self)
    }
    return text
  }

  /// Says no more, and reads to the end, which the server must make.
  func end() {
    shutdown(socket, CInt(SHUT_WR))
    _ = read { _ in false }
    close(socket)
  }
}
