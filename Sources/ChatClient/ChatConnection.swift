import Glibc
import NIOCore
import NIOPosix
import Protocols

/// A stay in a room of a chat server: it joins, comes back by itself after a loss, and tells what
/// happens through a queue beside a descriptor, so that a program with one thread waits for it and for
/// its user at once.
public final class ChatConnection: Sendable {
  public struct Configuration: Sendable {
    public var address: ServerAddress
    public var name: String
    /// Nil for a new room.
    public var room: String?
    /// Tried in this order.
    public var transports = TransportKind.allCases
    /// For an answer to the connection and to CONNECT.
    public var timeout: Duration = .seconds(10)

    public init(address: ServerAddress, name: String, room: String? = nil) {
      self.address = address
      self.name = name
      self.room = room
    }
  }

  /// Readable when `take` has something.
  public let descriptor: Int32
  private let writeEnd: Int32
  private let group: MultiThreadedEventLoopGroup
  private let driver: NIOLoopBound<ChatDriver>

  /// Connects.
  ///
  /// - Returns: Nil when the process has no descriptor left.
  public init?(_ configuration: Configuration) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return nil }
    let wake = ends[1]
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    (descriptor, writeEnd) = (ends[0], wake)
    group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let loop = group.next()
    let made = try? loop.submit {
      NIOLoopBound(ChatDriver(configuration, on: loop, wake: wake), eventLoop: loop)
    }.wait()
    guard let made else {
      try? group.syncShutdownGracefully()
      for end in ends { Glibc.close(end) }
      return nil
    }
    driver = made
    loop.execute { made.value.handle(.socket(.start)) }
  }

  deinit {
    Glibc.close(descriptor)
    Glibc.close(writeEnd)
  }

  /// Says something in the room.
  public func say(_ text: String) {
    let driver = driver
    group.next().execute { driver.value.handle(.say(text)) }
  }

  /// Leaves; `over` follows.
  public func leave() {
    let driver = driver
    group.next().execute { driver.value.handle(.socket(.leave)) }
  }

  /// What happened since the last call.
  public func take() -> [ChatEvent] {
    var octets = [UInt8](repeating: 0, count: 64)
    while read(descriptor, &octets, octets.count) > 0 {}
    let driver = driver
    return (try? group.next().submit { driver.value.take() }.wait()) ?? []
  }

  /// Messages that the server did not acknowledge.
  public var unacknowledged: [Outgoing] {
    let driver = driver
    return (try? group.next().submit { driver.value.unacknowledged }.wait()) ?? []
  }

  /// Ends the thread. Nothing may be called after it.
  public func shutDown() { try? group.syncShutdownGracefully() }
}

/// Carries out what the session asks for. On the event loop.
private final class ChatDriver {
  private let configuration: ChatConnection.Configuration
  private let loop: any EventLoop
  private let wake: Int32
  private var session: ChatSession
  private var transport: (any Transport)?
  /// Counts transports: what an earlier one says is not heard.
  private var generation = 0
  private var timer: Scheduled<Void>?
  private var timerDeadline: Duration?
  private var events: [ChatEvent] = []
  private var isPaused = false

  /// Events that wait before nothing more is read.
  private static let mostEvents = 4096

  init(_ configuration: ChatConnection.Configuration, on loop: any EventLoop, wake: Int32) {
    self.configuration = configuration
    self.loop = loop
    self.wake = wake
    var settings = SocketClient.Settings()
    settings.transports = configuration.transports
    settings.openTimeout = configuration.timeout
    session = ChatSession(
      name: configuration.name, room: configuration.room,
      socket: SocketClient(settings) { Double.random(in: 0..<1) },
      joinTimeout: configuration.timeout, identity: Self.makeName(), makeKey: Self.makeName)
  }

  /// 128 random bits are never met twice.
  private static func makeName() -> String {
    String(UInt64.random(in: 0 ... .max), radix: 36)
      + String(UInt64.random(in: 0 ... .max), radix: 36)
  }

  private var now: Duration {
    .nanoseconds(Int64(clamping: NIODeadline.now().uptimeNanoseconds))
  }

  var unacknowledged: [Outgoing] { session.unacknowledged }

  func handle(_ event: ChatSession.Event) {
    for action in session.handle(event, at: now) { perform(action) }
    schedule()
  }

  func take() -> [ChatEvent] {
    defer { events = [] }
    if isPaused {
      isPaused = false
      transport?.pause(false)
    }
    return events
  }

  private func perform(_ action: ChatSession.Action) {
    switch action {
    case .open(let kind): open(kind)
    case .send(let packets): transport?.send(packets)
    case .close:
      transport?.close()
      transport = nil
      generation += 1
    case .tell(let event): tell(event)
    }
  }

  private func tell(_ event: ChatEvent) {
    events.append(event)
    if events.count == 1 {
      var octet: UInt8 = 0
      _ = write(wake, &octet, 1)
    }
    if events.count >= Self.mostEvents, !isPaused {
      isPaused = true
      transport?.pause(true)
    }
  }

  private func open(_ kind: TransportKind) {
    transport?.close()
    generation += 1
    let generation = generation
    let callbacks = TransportCallbacks(
      received: { [unowned self] packet in
        if generation == self.generation { handle(.socket(.packet(packet))) }
      },
      ended: { [unowned self] end in
        guard generation == self.generation else { return }
        transport = nil
        handle(.socket(.ended(end)))
      })
    // Shorter than the session's patience, so that the system's reason is heard first.
    let timeout = configuration.timeout * 0.9
    let loop = loop
    switch kind {
    case .webSocket:
      transport = WebSocketTransport(
        to: configuration.address, over: OctetConnection(on: loop), timeout: timeout, callbacks)
    case .polling:
      transport = PollingTransport(to: configuration.address, timeout: timeout, callbacks) {
        OctetConnection(on: loop)
      }
    }
    if isPaused { transport?.pause(true) }
  }

  private func schedule() {
    let deadline = session.deadline
    guard deadline != timerDeadline else { return }
    timer?.cancel()
    timer = nil
    timerDeadline = deadline
    guard let deadline else { return }
    let bound = NIOLoopBound(self, eventLoop: loop)
    timer = loop.scheduleTask(
      deadline: .uptimeNanoseconds(UInt64(clamping: deadline.nanoseconds))
    ) {
      bound.value.timerDeadline = nil
      bound.value.handle(.socket(.timer))
    }
  }
}
