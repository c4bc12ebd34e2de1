import Cryptography
import Logging
import NIOCore
import Protocols
import SocketServer

/// The chat: pages, sessions, and rooms on Socket.IO.
///
/// Lives on the server's event loop, like its rooms: the server's calls enter it directly.
public actor ChatApplication: SocketApplication {
  /// Why a chat cannot be made.
  public struct Failure: Error, Sendable {
    public let message: String
  }

  /// Somebody who was let in.
  struct Visitor {
    var guest: Guest
    /// Nil: the room is gone.
    var room: Room?
    /// The id of the last message that the client knows.
    var after: Int64?
    var isConnected = false
  }

  private static let sweepSeconds: Int64 = 60

  let configuration: ChatConfiguration
  let logger: Logger
  let pages: ChatPages
  let cookie: SessionCookie
  private let eventLoop: any EventLoop
  private let surroundings: RoomSurroundings
  private var rooms: [RoomCode: Room] = [:]
  private var opening: [RoomCode: Task<Room?, any Error>] = [:]
  /// Sockets that were let in and are not yet connected, by room: it must not be put away.
  private var expected: [RoomCode: Int] = [:]
  private var visitors: [String: Visitor] = [:]
  private var guesses: AddressLimits
  private var creations: AddressLimits
  private var sweep: RepeatedTask?

  public nonisolated var unownedExecutor: UnownedSerialExecutor {
    eventLoop.executor.asUnownedSerialExecutor()
  }

  var history: any History { surroundings.history }
  var limits: ChatLimits { configuration.limits }
  var clock: ChatClock { configuration.clock }

  /// - Parameter eventLoop: The server's.
  /// - Throws: `Failure` when libcrypto is of no use.
  public init(
    _ configuration: ChatConfiguration, on eventLoop: any EventLoop, logger: Logger
  ) throws {
    guard let secret = configuration.sessionSecret ?? FernetKey.generate(),
      let cookie = SessionCookie(secret: secret)
    else { throw Failure(message: "this machine's OpenSSL gives no random octets or no SHA-256") }
    self.configuration = configuration
    self.logger = logger
    self.cookie = cookie
    self.eventLoop = eventLoop
    pages = try ChatPages()
    let limits = configuration.limits
    let history: any History =
      switch configuration.keeping {
      case .nowhere: EphemeralHistory(on: eventLoop, limit: limits.ephemeralMessages)
      case .file(let file, let key): SQLiteHistory(file, key: key, on: eventLoop, logger: logger)
      }
    surroundings = RoomSurroundings(
      eventLoop: eventLoop, history: history, path: configuration.path, limits: limits,
      clock: configuration.clock, grace: configuration.graceTime * 1_000_000)
    guesses = AddressLimits(
      capacity: limits.guessesAtOnce, perSecond: limits.guessesPerSecond)
    creations = AddressLimits(capacity: limits.roomsAtOnce, perSecond: limits.roomsPerSecond)
  }

  /// Begins to forget rooms that nobody comes back to.
  public func start() async {
    await expire()
    let interval = TimeAmount.seconds(Self.sweepSeconds)
    sweep = eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { [self] _ in
      Task { await expire() }
    }
  }

  /// Waits until all messages are kept. The server has stopped before.
  public func stop() async {
    sweep?.cancel()
    await history.close()
  }

  /// Forgets the rooms whose time is over.
  func expire() async {
    do {
      try await history.expire(vacatedBy: clock.wallTime() - configuration.keepTime)
    } catch {
      logger.error("Rooms that are over cannot be removed: \(error)")
    }
  }

  // MARK: Rooms

  /// A room that is there, opened if need be; nil when there is none.
  private func room(_ code: RoomCode) async throws -> Room? {
    while true {
      if let room = rooms[code] { return room }
      guard let room = try await (opening[code] ?? open(code)).value else { return nil }
      // Put away again while this call waited for its turn?
      if rooms[code] === room { return room }
    }
  }

  /// Whoever asks for the room meanwhile waits for the same.
  private func open(_ code: RoomCode) -> Task<Room?, any Error> {
    let surroundings = surroundings
    let task = Task { () -> Room? in
      defer { opening[code] = nil }
      let stored = try await surroundings.history.open(
        code, newest: surroundings.limits.historyMessages)
      guard let stored else { return nil }
      let room = Room(code, stored, in: surroundings)
      rooms[code] = room
      return room
    }
    opening[code] = task
    return task
  }

  /// Puts a room away when nobody is in it or expected.
  private func release(_ room: Room) {
    let code = room.code
    guard expected[code] == nil, rooms[code] === room, room.assumeIsolated({ $0.isEmpty }) else {
      return
    }
    rooms[code] = nil
    history.vacate(code, now: clock.wallTime())
  }

  /// A room that somebody is in.
  func openRoom(_ code: RoomCode) -> Room? { rooms[code] }

  /// Whether there is such a room.
  func holds(_ code: RoomCode) async throws -> Bool {
    if rooms[code] != nil { return true }
    return try await history.holds(code)
  }

  /// Makes a room.
  func makeRoom(for address: String) async throws -> RoomCode {
    guard creations.take(address, now: clock.uptime()) else { throw ChatFault.tooManyRooms }
    guard try await history.roomCount() < limits.rooms else { throw ChatFault.tooManyRooms }
    while let code = RoomCode.make() {
      if try await history.create(code, now: clock.wallTime()) {
        logger.info("room made", metadata: ["room": "\(code)", "address": "\(address)"])
        return code
      }
    }
    throw Failure(message: "no random octets")
  }

  /// Looks a room up for somebody who says its code.
  ///
  /// - Throws: `ChatFault.tooManyGuesses` to an address that guessed wrong too often, whatever it
  ///   says now; `.roomNotFound`.
  func find(_ typed: String, for address: String) async throws -> RoomCode {
    guard guesses.isOpen(address, now: clock.uptime()) else { throw ChatFault.tooManyGuesses }
    if let code = RoomCode(typed), try await holds(code) { return code }
    _ = guesses.take(address, now: clock.uptime())
    logger.info("room not found", metadata: ["address": "\(address)"])
    throw ChatFault.roomNotFound
  }

  /// Some of the rooms that there are, those without members too: at most `limit`.
  public func rooms(limit: Int) async throws -> [RoomCode] {
    try await history.rooms(limit: limit)
  }

  /// Puts a message into a room, as if somebody there had sent it.
  ///
  /// - Parameter key: The sender's own name for the message; the same key is the same message.
  /// - Returns: The message as it is kept.
  /// - Throws: `ChatFault`: there is no such room, or the message could not be kept.
  public func inject(_ message: RoomMessage, key: String? = nil) async throws -> ChatMessage {
    let sender = try limits.checkedName(message.sender).get()
    let text = try limits.checkedMessage(message.text).get()
    guard let room = try await room(message.room) else { throw ChatFault.roomNotFound }
    defer { release(room) }
    return try await withCheckedThrowingContinuation { continuation in
      let post = Room.Post(sender: sender, text: text, key: key) {
        continuation.resume(with: $0)
      }
      room.assumeIsolated { $0.keep(post) }
    }
  }

  // MARK: Sockets

  public func admit(_ socket: Socket, with payload: JSONValue?) async -> SocketAdmission {
    await admit(socket as any Listener, socket.request, payload)
  }

  func admit(
    _ listener: any Listener, _ request: HTTPRequest, _ payload: JSONValue?
  ) async -> SocketAdmission {
    do {
      var visitor = try await visitor(listener, request, payload)
      if let room = visitor.room { try expect(room) }
      if case .number(let number)? = payload?["after"] { visitor.after = Int64(number) }
      visitors[listener.id] = visitor
      return .accepted
    } catch let fault as ChatFault {
      return .refused(fault.text)
    } catch {
      logger.error("somebody could not be let in: \(error)")
      return .refused("The server has a fault of its own; please try again")
    }
  }

  /// Who it is and where to: from the CONNECT payload for programs, else from the page's cookie.
  private func visitor(
    _ listener: any Listener, _ request: HTTPRequest, _ payload: JSONValue?
  ) async throws -> Visitor {
    let address = request.remoteAddress
    guard case .string(let typed)? = payload?["name"] else {
      guard let session = session(of: request) else { throw ChatFault.noSession }
      return Visitor(
        guest: Guest(name: session.name, id: session.id, isPage: true),
        room: try await room(session.room))
    }
    let name = try limits.checkedName(typed).get()
    // A program may say what tells it from others of its name, so that it is known when it is back.
    var id = listener.id
    if case .string(let said)? = payload?["session"], (1...128) ~= said.utf8.count { id = said }
    let guest = Guest(name: name, id: id, isPage: false)
    guard case .string(let code)? = payload?["room"] else {
      let made = try await makeRoom(for: address)
      return Visitor(guest: guest, room: try await room(made))
    }
    do {
      let found = try await find(code, for: address)
      return Visitor(guest: guest, room: try await room(found))
    } catch ChatFault.roomNotFound {
      return Visitor(guest: guest, room: nil)
    }
  }

  public nonisolated func connected(_ socket: Socket) {
    assumeIsolated { $0.enter(socket) }
  }

  func enter(_ listener: any Listener) {
    guard let visitor = visitors[listener.id] else { return }
    visitors[listener.id]?.isConnected = true
    guard let room = visitor.room else { return sendNoRoom(listener) }
    unexpect(room.code)
    room.assumeIsolated {
      $0.join(listener, visitor.guest, after: visitor.after)
    }
    logger.debug("entered", metadata: ["room": "\(room.code)", "name": "\(visitor.guest.name)"])
  }

  private func expect(_ room: Room) throws {
    let count = room.assumeIsolated { $0.memberCount } + expected[room.code, default: 0]
    guard count < limits.membersPerRoom else { throw ChatFault.tooManyMembers }
    expected[room.code, default: 0] += 1
  }

  private func unexpect(_ code: RoomCode) {
    let others = expected[code, default: 1] - 1
    expected[code] = others > 0 ? others : nil
  }

  private static let noRoom: JSONValue = ["error": "Room not found"]

  private func sendNoRoom(_ listener: any Listener) { listener.send("message", Self.noRoom) }

  public nonisolated func receive(_ event: SocketEvent, from socket: Socket) {
    assumeIsolated { $0.take(event, from: socket) }
  }

  func take(_ event: SocketEvent, from listener: any Listener) {
    guard let visitor = visitors[listener.id] else { return }
    guard let room = visitor.room else {
      guard let acknowledge = event.acknowledge else { return sendNoRoom(listener) }
      return acknowledge([Self.noRoom])
    }
    let id = listener.id
    switch event.name {
    case "message": room.assumeIsolated { $0.receive(event, from: id) }
    case "earlier": room.assumeIsolated { $0.sendEarlier(event, to: id) }
    default: break
    }
  }

  public nonisolated func disconnected(_ socket: Socket, _ reason: SocketEnd) {
    assumeIsolated { $0.exit(socket.id, reason) }
  }

  func exit(_ id: String, _ reason: SocketEnd) {
    guard let visitor = visitors.removeValue(forKey: id), let room = visitor.room else { return }
    guard visitor.isConnected else {
      unexpect(room.code)
      return release(room)
    }
    room.assumeIsolated { $0.leave(id, hasLeft: reason == .clientLeft) }
    release(room)
    guard reason != .serverStops, rooms[room.code] === room else { return }
    eventLoop.scheduleTask(in: .milliseconds(configuration.graceTime)) { [self] in
      assumeIsolated { $0.settle(room) }
    }
  }

  /// Gives up waiting for those who did not come back.
  func settle(_ room: Room) {
    room.assumeIsolated { $0.settle() }
    release(room)
  }

  /// Somebody says goodbye on the page.
  func dismiss(_ session: ChatSession) {
    guard let room = rooms[session.room] else { return }
    room.assumeIsolated { $0.dismiss(session.id) }
    release(room)
  }
}
