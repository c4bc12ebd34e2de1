import ChatServer
import Exchange
import Logging
import Protocols

/// The rooms of the chat, as crafted messages come into them: one after the other, so that each
/// sender's keep their order.
struct CraftedRoom: Sendable {
  private struct Arrival: Sendable {
    var delivery: Delivery
    var decide: @Sendable (DeliveryDecision) -> Void
  }

  private let queue: AsyncStream<Arrival>.Continuation
  private let work: Task<Void, Never>

  init(_ chat: ChatApplication, _ logger: Logger) {
    // The receivers let no more wait than they were told to.
    let (arrivals, queue) = AsyncStream.makeStream(of: Arrival.self)
    self.queue = queue
    work = Task.detached {
      for await arrival in arrivals {
        arrival.decide(await Self.decision(on: arrival.delivery, chat, logger))
      }
    }
  }

  /// Takes a message, from any thread.
  ///
  /// - Parameter decide: Told what became of it, later and elsewhere.
  func take(_ delivery: Delivery, decide: @escaping @Sendable (DeliveryDecision) -> Void) {
    queue.yield(Arrival(delivery: delivery, decide: decide))
  }

  /// Waits until all that was taken is decided on.
  func finish() async {
    queue.finish()
    await work.value
  }

  private static func decision(
    on delivery: Delivery, _ chat: ChatApplication, _ logger: Logger
  ) async -> DeliveryDecision {
    do {
      switch try await room(of: delivery, chat) {
      case .failure(let reason): return .refused(reason.reason)
      case .success(let room):
        // Its id is its name: a message that comes again is in the room already.
        _ = try await chat.inject(
          RoomMessage(room: room, sender: delivery.sender, text: delivery.text),
          key: "crafted " + delivery.id.text)
        return .delivered
      }
    } catch let fault as ChatFault {
      return .refused(reason(for: fault, delivery))
    } catch {
      logger.error("a crafted message did not get into its room: \(error)")
      return .refused(reason(for: .notSaved, delivery))
    }
  }

  private struct NoRoom: Error {
    var reason: CraftedReason
  }

  /// The room that it names; the only one there is where it names none.
  private static func room(
    of delivery: Delivery, _ chat: ChatApplication
  ) async throws -> Result<RoomCode, NoRoom> {
    if let name = delivery.room {
      if let code = RoomCode(name) { return .success(code) }
      return .failure(NoRoom(reason: noRoom(name, "six letters")))
    }
    let rooms = try await chat.rooms(limit: 2)
    switch rooms.count {
    case 0: return .failure(NoRoom(reason: noRoom("no room", "a room that somebody made")))
    case 1: return .success(rooms[0])
    default: return .failure(NoRoom(reason: noRoom("several rooms", "--room CODE")))
    }
  }

  private static func noRoom(_ found: String, _ expected: String) -> CraftedReason {
    CraftedReason(.noRoom, found: found, expected: expected)
  }

  /// Why the chat does not take it, in the exchange's words.
  static func reason(for fault: ChatFault, _ delivery: Delivery) -> CraftedReason {
    switch fault {
    case .roomNotFound:
      noRoom(delivery.room ?? "no room", "a room that is there")
    case .longMessage(let limit):
      CraftedReason(
        .tooLong, found: "\(delivery.text.count) characters", expected: "at most \(limit)")
    case .noMessage: CraftedReason(.badMessage, found: "no text", expected: "a message")
    case .noName, .strangeName:
      CraftedReason(.badMessage, found: "the sender's name", expected: "visible characters")
    case .longName(let limit):
      CraftedReason(
        .badMessage, found: "a name of \(delivery.sender.count) characters",
        expected: "at most \(limit)")
    default: CraftedReason(.full, found: "not saved", expected: "saved")
    }
  }
}
