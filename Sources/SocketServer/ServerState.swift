import Cryptography
import Glibc
import Logging
import NIOCore
import Protocols

/// What the connections and sessions of one server share. Everything in it happens on its event loop.
final class ServerState {
  let configuration: ServerConfiguration
  let application: any SocketApplication
  let loop: any EventLoop
  let logger: Logger
  let receiveBuffer = ReceiveBuffer()
  private let routes: [(path: String, endpoint: Endpoint)]

  var sessions: [String: EngineSession] = [:]
  var connections: [ObjectIdentifier: any ServerConnection] = [:]
  private var perAddress: [String: Int] = [:]
  private var pollingPerAddress: [String: Int] = [:]
  private var clock = HTTPClock()
  /// When a connection too many was last logged, so that they cannot fill the log.
  private var lastRefusal = NIODeadline.uptimeNanoseconds(0)
  private(set) var isStopping = false
  /// Called when the last connection is gone.
  var onEmpty: (() -> Void)?

  private var batch = WriteBatch()
  private var pace = Pace()
  private var isFlushScheduled = false
  private var deadlines = DeadlineHeap()
  private var wakeUp: Scheduled<Void>?
  private var wakeUpTime = NIODeadline.distantFuture

  init(
    _ configuration: ServerConfiguration, _ application: any SocketApplication,
    _ endpoints: [Endpoint], loop: any EventLoop, logger: Logger
  ) {
    self.configuration = configuration
    self.application = application
    self.loop = loop
    self.logger = logger
    let own = Endpoint.socketIO(
      configuration.path, application, namespaces: configuration.namespaces)
    routes = ([own] + endpoints).map { (Self.withSlash($0.path), $0) }
  }

  private static func withSlash(_ path: String) -> String {
    path.hasSuffix("/") ? path : path + "/"
  }

  /// What serves a path; the slash at its end may be missing.
  func endpoint(at path: String) -> Endpoint? {
    let path = Self.withSlash(path)
    return routes.first { $0.path == path }?.endpoint
  }

  // MARK: Connections

  /// Whether one more connection from this address is allowed; counts it then.
  func admit(_ address: String) -> Bool {
    let count = perAddress[address, default: 0]
    guard !isStopping else { return false }
    guard count < configuration.connectionsPerAddress else {
      let now = NIODeadline.now()
      if now - lastRefusal > .seconds(1) {
        lastRefusal = now
        log(.notice, "\(address) has \(count) connections: no more are taken")
      }
      return false
    }
    perAddress[address] = count + 1
    return true
  }

  func leave(_ address: String) { Self.count(down: address, in: &perAddress) }

  /// Whether one more session by polling from this address is allowed; counts it then.
  func admitPolling(_ address: String) -> Bool {
    let count = pollingPerAddress[address, default: 0]
    guard count < configuration.connectionsPerAddress else { return false }
    pollingPerAddress[address] = count + 1
    return true
  }

  func leavePolling(_ address: String) { Self.count(down: address, in: &pollingPerAddress) }

  private static func count(down address: String, in counts: inout [String: Int]) {
    let count = counts[address, default: 1] - 1
    counts[address] = count > 0 ? count : nil
  }

  func add(_ connection: any ServerConnection) {
    connections[ObjectIdentifier(connection)] = connection
  }

  func remove(_ connection: any ServerConnection) {
    connections[ObjectIdentifier(connection)] = nil
    if isStopping, connections.isEmpty { onEmpty?() }
  }

  /// Tells every client, and closes.
  func stop() {
    isStopping = true
    for session in Array(sessions.values) { session.close(.serverStops) }
    for connection in Array(connections.values) { connection.serverStops() }
    flush()
    if connections.isEmpty { onEmpty?() }
  }

  // MARK: Sending

  /// Writes a frame for any number of connections. The range is good until the turn ends.
  func write(_ opcode: WebSocketOpcode, _ payload: some Collection<UInt8>) -> Range<Int> {
    batch.write(opcode, payload)
  }

  func write(frames: [UInt8]) -> Range<Int> { batch.write(frames: frames) }

  func willSend(_ connection: WebSocketHandler) {
    batch.add(connection)
    scheduleFlush()
  }

  func willSend(_ session: EngineSession) {
    batch.add(session)
    scheduleFlush()
  }

  /// Sends at the end of this turn of the loop, when everything that came in was handled.
  private func scheduleFlush() {
    guard !isFlushScheduled else { return }
    isFlushScheduled = true
    loop.assumeIsolated().execute { self.flush() }
  }

  private func flush() {
    isFlushScheduled = false
    var count = 0
    while !batch.isEmpty {
      let (octets, connections, sessions) = batch.take()
      count += connections.count
      for connection in connections { connection.flush(octets) }
      for session in sessions { session.flushPoll() }
    }
    batch.reuse()
    if pace.isHurried(count, .now()) {
      usleep(1)
      pace.rested(.now())
    }
  }

  // MARK: Time

  func set(_ deadline: Deadline, to time: NIODeadline) {
    deadlines.set(deadline, to: time)
    scheduleWakeUp()
  }

  func cancel(_ deadline: Deadline) { deadlines.cancel(deadline) }

  private func scheduleWakeUp() {
    guard let first = deadlines.first, first < wakeUpTime else { return }
    wakeUp?.cancel()
    wakeUpTime = first
    wakeUp = loop.assumeIsolated().scheduleTask(deadline: first) { self.passTime() }
  }

  private func passTime() {
    wakeUpTime = .distantFuture
    let now = NIODeadline.now()
    while let deadline = deadlines.next(due: now) { deadline.owner?.deadlineCame(now) }
    scheduleWakeUp()
  }

  /// What a response's Date says now.
  var date: String { clock.text(at: time(nil)) }

  func endTime() {
    wakeUp?.cancel()
    wakeUp = nil
  }

  /// An unguessable name of a session: 120 bits.
  func makeID() -> String? {
    guard let octets = RandomBytes.make(15) else { return nil }
    return String(decoding: Base64.encode(octets, .url), as: UTF8.self)
  }

  /// Says something with words of a stranger in it, on one line whatever they hold.
  func log(_ level: Logger.Level, _ message: @autoclosure () -> String) {
    logger.log(level: level, "\(LogText.escape(message()))")
  }
}

/// A connection that `stop` has to end.
protocol ServerConnection: AnyObject {
  func serverStops()
}
