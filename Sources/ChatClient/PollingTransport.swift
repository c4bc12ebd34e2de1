import PacketCore
import Protocols

/// Engine.IO over HTTP long polling: a GET that waits for packets, and POSTs, one at a time so that
/// packets keep their order. Each request has a connection of its own.
final class PollingTransport: Transport {
  private let address: ServerAddress
  private let connect: () -> OctetConnection
  private let timeout: Duration
  private let callbacks: TransportCallbacks
  private var session: String?
  private var maxPayload = 100_000
  private var waiting: [EngineIOPacket] = []
  private var poll: PollingRequest?
  private var post: PollingRequest?
  private var isPaused = false
  private var isOver = false

  /// - Parameter connect: Makes a connection that is not open yet.
  init(
    to address: ServerAddress, timeout: Duration, _ callbacks: TransportCallbacks,
    connect: @escaping () -> OctetConnection
  ) {
    self.address = address
    self.timeout = timeout
    self.callbacks = callbacks
    self.connect = connect
    get()
  }

  func send(_ packets: [EngineIOPacket]) {
    waiting += packets
    flush()
  }

  func close() {
    isOver = true
    poll?.cancel()
    post?.cancel()
  }

  func pause(_ isPaused: Bool) {
    guard self.isPaused != isPaused else { return }
    self.isPaused = isPaused
    if !isPaused, !isOver, poll == nil { get() }
  }

  private func finish(_ end: TransportEnd) {
    guard !isOver else { return }
    close()
    callbacks.ended(end)
  }

  private var target: String {
    let query = "?EIO=4&transport=polling"
    return address.path + query + (session.map { "&sid=\($0)" } ?? "")
  }

  private func request(
    _ method: String, body: [UInt8]? = nil, _ done: @escaping (HTTPReceivedResponse) -> Void
  ) -> PollingRequest {
    var fields = [
      ("Host", address.hostField), ("Connection", "close"), ("User-Agent", "netlab"),
    ]
    if let body {
      fields += [
        ("Content-Type", "text/plain;charset=UTF-8"), ("Content-Length", "\(body.count)"),
      ]
    }
    var writer = ByteWriter()
    HTTPRequestHead(method, target, fields: fields.map { (name: $0.0, value: $0.1) })
      .write(to: &writer)
    return PollingRequest(
      writer.bytes + (body ?? []), to: address, over: connect(), timeout: timeout
    ) { [self] result in
      switch result {
      case .failure(let end): finish(end)
      case .success(let answer) where answer.head.code == 200: done(answer)
      case .success(let answer):
        finish(.rejected(status: answer.head.code, words: " \(answer.head.phrase) to \(method)"))
      }
    }
  }

  private func get() {
    guard !isOver, !isPaused else { return }
    poll = request("GET") { [self] answer in
      poll = nil
      do {
        for packet in try EngineIOPayload.decode(answer.body) where !isOver {
          if packet.type == .open, session == nil { try begin(packet) }
          callbacks.received(packet)
        }
      } catch {
        return finish(.violated("a body that holds no packets"))
      }
      guard session != nil else { return finish(.violated("an answer without a handshake")) }
      get()
      flush()
    }
  }

  private func begin(_ packet: EngineIOPacket) throws {
    let handshake = try JSONValue(packet.data)
    // It goes into request lines from now on.
    guard let sid = handshake["sid"]?.text, !sid.isEmpty, sid.utf8.count <= 256,
      sid.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && !"&#?%+".utf8.contains($0) })
    else { throw EngineIOError.empty }
    session = sid
    if let most = handshake["maxPayload"]?.integer { maxPayload = max(Int(clamping: most), 1) }
  }

  /// Sends what waits, as much as one body may hold.
  private func flush() {
    guard session != nil, post == nil, !isOver, !waiting.isEmpty else { return }
    var count = 0
    var octets = 0
    for packet in waiting {
      octets += packet.data.count * (packet.isBinary ? 4 : 3) / 3 + 4
      if count > 0, octets > maxPayload { break }
      count += 1
    }
    let packets = Array(waiting.prefix(count))
    waiting.removeFirst(count)
    post = request("POST", body: EngineIOPayload.encode(packets)) { [self] _ in
      post = nil
      if packets.contains(where: { $0.type == .close }) { return finish(.closed("it is over")) }
      flush()
    }
  }
}

/// One request and its answer.
final class PollingRequest {
  private let connection: OctetConnection
  private var reader = HTTPResponseReader(bodyOctets: ReceiveLimits.messageOctets)
  private var done: ((Result<HTTPReceivedResponse, TransportEnd>) -> Void)?

  init(
    _ octets: [UInt8], to address: ServerAddress, over connection: OctetConnection,
    timeout: Duration, _ done: @escaping (Result<HTTPReceivedResponse, TransportEnd>) -> Void
  ) {
    self.connection = connection
    self.done = done
    connection.open(
      to: address, timeout: timeout,
      .init(
        opened: { connection.write(octets) },
        received: { [self] octets in attempt { try reader.take(octets) } },
        ended: { [self] end in
          guard case .closed = end else { return finish(.failure(end)) }
          attempt { try reader.end() }
        }))
  }

  func cancel() {
    done = nil
    connection.close()
  }

  private func attempt(_ step: () throws -> HTTPReceivedResponse?) {
    do {
      if let answer = try step() { finish(.success(answer)) }
    } catch HTTPResponseFault.cut {
      finish(.failure(.closed("the server closed the connection without an answer")))
    } catch {
      finish(.failure(.violated("the answer is not HTTP as it should be (\(error))")))
    }
  }

  private func finish(_ result: Result<HTTPReceivedResponse, TransportEnd>) {
    guard let done else { return }
    cancel()
    done(result)
  }
}
