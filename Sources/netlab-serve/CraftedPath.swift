import Capture
import ChatServer
import Cryptography
import Exchange
import Logging
import PacketCore
import SocketServer
import Synchronization

/// The way of crafted messages into the chat: `netlab send` may be aimed at a port where
/// `netlab serve` listens.
///
/// The kernel is kept quiet about them by a filter on the listening socket, which the sockets
/// accepted from it lose again. A thread of its own for each port judges what libpcap hands over;
/// what it takes goes into the rooms one after the other, and the answer goes out when the room has
/// kept it.
final class CraftedPath: Sendable {
  /// Octets of a message's text: more is no message of the chat's.
  private static let longestMessage = 64 << 10
  /// Messages that the history has not kept yet.
  private static let mostUndecided = 256

  /// What crafted messages are read with.
  enum Key: Sendable {
    case found(FernetKey)
    /// None can be received, and why: the end of a sentence.
    case missing(String)
  }

  /// What the threads of the event loop and of the command share.
  private struct State {
    /// The server's listening sockets.
    var listening: [CInt] = []
    /// Why nothing is received; nil when it is.
    var obstacle: String?
  }

  private let key: FernetKey?
  private let logger: Logger
  private let state: Mutex<State>

  init(_ key: Key, logger: Logger) {
    self.logger = logger
    switch key {
    case .found(let key):
      self.key = key
      state = Mutex(State())
    case .missing(let reason):
      self.key = nil
      state = Mutex(State(obstacle: reason))
    }
  }

  /// Has the kernel pass over crafted messages to the listening sockets. Before the server starts.
  func prepare(_ configuration: inout ServerConfiguration) {
    guard key != nil else { return }
    configuration.onListening = { [self] descriptor in
      do throws(SocketFailure) {
        try ListeningFilter.attach(to: descriptor)
        state.withLock { $0.listening.append(descriptor) }
      } catch {
        logger.warning("the kernel answers crafted messages with RST: \(error.message)")
      }
    }
    configuration.onAccepted = { ListeningFilter.detach(from: $0) }
  }

  /// Opens sockets on the ports that the server has. Before root is dropped; `start` comes after.
  ///
  /// - Parameter stop: Ends the receiving.
  /// - Returns: Nil when none can be received: the server serves on without, and `summary` says so.
  func open(
    _ addresses: [ServerAddress], into chat: ChatApplication, until stop: LiveStop
  ) -> CraftedReceivers? {
    guard let key else { return nil }
    do throws(PortFailure) {
      return try receivers(key, addresses, chat, stop)
    } catch {
      // Whoever sends some is told by the kernel's RST then that nobody receives them.
      state.withLock { state in
        for descriptor in state.listening { ListeningFilter.detach(from: descriptor) }
        state.obstacle = error.message + (error.remedy.isEmpty ? "" : ": " + error.remedy)
      }
      return nil
    }
  }

  /// Whether crafted messages are received, in one line.
  var summary: String {
    state.withLock { state in
      state.obstacle.map { "No crafted messages (netlab send): " + $0 }
        ?? "Crafted messages come in too: netlab send --msg hi --dst HOST:PORT"
    }
  }

  private func receivers(
    _ key: FernetKey, _ addresses: [ServerAddress], _ chat: ChatApplication, _ stop: LiveStop
  ) throws(PortFailure) -> CraftedReceivers {
    let room = CraftedRoom(chat, logger)
    var receivers: [CraftedReceiver] = []
    for address in addresses {
      let number = UInt16(clamping: address.port)
      let port = try WirePort(
        receivingAt: try Self.own(address), port: number, hasShield: false, stop: stop)
      guard let cipher = FernetCipher(key) else {
        throw PortFailure(.system, "this machine's OpenSSL has no AES or no SHA-256")
      }
      var settings = ReceiverSettings()
      settings.name = "netlab serve"
      settings.longestMessage = Self.longestMessage
      settings.mostUndecided = Self.mostUndecided
      receivers.append(
        CraftedReceiver(
          port, SegmentCheck(cipher: cipher, port: number), settings, at: address, into: room,
          logger))
    }
    return CraftedReceivers(receivers, room)
  }

  /// The own address that messages have to be sent to; nil for all.
  private static func own(_ address: ServerAddress) throws(PortFailure) -> Address? {
    // Takes IPv4 too.
    if address.host == "::" { return nil }
    do {
      return try HostName(address.host).addresses().first?.address
    } catch {
      throw PortFailure(error)
    }
  }
}

/// The receivers of all ports, while the server runs.
struct CraftedReceivers: Sendable {
  private let receivers: [CraftedReceiver]
  private let room: CraftedRoom

  init(_ receivers: [CraftedReceiver], _ room: CraftedRoom) {
    self.receivers = receivers
    self.room = room
  }

  /// Begins to receive, each on a thread of its own.
  func start() throws {
    for receiver in receivers { try receiver.start() }
  }

  /// Waits for the threads, which end when the stop given to `CraftedPath.open` is signalled.
  func join() {
    for receiver in receivers { receiver.join() }
  }

  /// Waits for the messages that were handed over.
  func finish() async { await room.finish() }
}
