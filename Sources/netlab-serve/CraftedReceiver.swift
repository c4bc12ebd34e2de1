import Console
import Exchange
import Glibc
import Logging
import PacketCore
import Protocols
import SocketServer

/// Receives the crafted messages for one port of the server, on a thread of its own: it waits in
/// poll(2), which a thread of the event loop or of Swift's pool must not.
final class CraftedReceiver: @unchecked Sendable {
  // Made before the thread, and then its own.
  private let end: ReceivingEnd
  private let address: ServerAddress
  private let logger: Logger
  // The one that starts it joins it.
  private var thread: pthread_t?

  init(
    _ port: WirePort, _ check: SegmentCheck, _ settings: ReceiverSettings,
    at address: ServerAddress, into room: CraftedRoom, _ logger: Logger
  ) {
    self.address = address
    self.logger = logger
    let late = Late()
    end = ReceivingEnd(port: port, check: check, settings: settings) { delivery in
      guard let decisions = late.decisions else { return nil }
      room.take(delivery) { decisions.decide(delivery.id, $0) }
      return nil
    }
    late.decisions = end.decisions
    end.observer = { [logger] event in Self.log(event, logger) }
  }

  /// Known only once the receiving end is there.
  private final class Late {
    var decisions: ReceivingDecisions?
  }

  /// Begins to receive.
  ///
  /// - Throws: `Failure` when there are too many threads.
  func start() throws {
    var thread = pthread_t()
    let body = Unmanaged.passRetained(self)
    let result = pthread_create(
      &thread, nil,
      { context in
        if let context { Unmanaged<CraftedReceiver>.fromOpaque(context).takeRetainedValue().run() }
        return nil
      }, body.toOpaque())
    guard result == 0 else {
      body.release()
      throw Failure(
        .internal, "no thread for crafted messages: " + String(cString: strerror(result)))
    }
    self.thread = thread
  }

  /// Waits for the end.
  func join() {
    guard let thread else { return }
    pthread_join(thread, nil)
    self.thread = nil
  }

  private func run() {
    do {
      try end.run()
    } catch {
      // The chat goes on without.
      logger.error(
        "crafted messages are received no more: \(error.message)",
        metadata: ["address": "\(address)"])
    }
  }

  /// What became of segments; never their texts.
  private static func log(_ event: ReceivingEvent, _ logger: Logger) {
    switch event {
    case .row(let row, _):
      let level: Logger.Level
      let words: String
      switch row.outcome {
      case .delivered: (level, words) = (.info, "crafted message taken")
      case .damaged(let reason): (level, words) = (.info, "crafted message damaged: \(reason.text)")
      case .refused(let reason): (level, words) = (.info, "crafted message refused: \(reason.text)")
      case .duplicate, .outOfOrder, .part:
        (level, words) = (.debug, "crafted segment: \(row.outcome)")
      case .foreign, .connectionAttempt, .answer: return
      }
      guard level >= logger.logLevel else { return }
      var metadata: Logger.Metadata = ["from": "\(text(row.ends))", "try": "\(row.tries)"]
      if let message = row.message {
        metadata["sender"] = "\(message.sender)"
        metadata["id"] = "\(message.id.text)"
      }
      logger.log(level: level, "\(words)", metadata: metadata)
    case .unsent(_, let failure):
      logger.info("an answer to a crafted message was not sent: \(failure.message)")
    case .unreceived(let failure):
      logger.warning("receiving crafted messages: \(failure.message)")
    case .received, .sent: return
    }
  }

  private static func text(_ ends: SegmentEnds) -> String {
    ServerAddress(ends.source.text, port: Int(ends.sourcePort)).description
  }
}
