import ArgumentParser
import Capture
import ChatServer
import Console
import Cryptography
import Glibc
import Logging
import SocketServer

/// The program that `netlab serve` becomes: the bundled chat, on standard Socket.IO.
@main
struct ServeProgram: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "netlab serve", abstract: ServeOptions.abstract,
    discussion: ServeOptions.discussion, version: Program.version)

  @OptionGroup var options: ServeOptions

  static func main() {
    Program.main(ServeProgram.self) { try parseAsRoot() }
  }

  func validate() throws {
    try options.places.check()
    try options.transport.check()
    try options.chat.check()
  }

  func run() throws {
    let level = Logger.Level(options.logLevel)
    let logger = Logger(label: "netlab.serve") { _ in LogLines(logLevel: level) }
    var configuration = options.transport.configuration(compressing: options.app == .echo)
    configuration.binds = options.places.addresses
    configuration.allowedOrigins = Set(options.places.origins)
    configuration.connectionsPerAddress = options.places.connectionsPerAddress
    // The first Ctrl-C stops in order, the second at once.
    let stop = try LiveStop()
    stop.catchSignals()
    switch options.app {
    case .chat:
      let settings = try options.chat.configuration(socketPath: configuration.path)
      let crafted = CraftedPath(try options.chat.craftedKey(settings), logger: logger)
      crafted.prepare(&configuration)
      let chat = Served<ChatApplication>()
      let server: SocketServer
      do {
        server = try SocketServer(configuration, logger: logger) { eventLoop in
          try chat.set(ChatApplication(settings, on: eventLoop, logger: logger))
        }
      } catch let failure as ChatApplication.Failure {
        throw Failure(.internal, failure.message)
      }
      try serve(server, logger, until: stop, crafted: crafted, into: chat) {
        await chat.application?.start()
      } atEnd: {
        await chat.application?.stop()
      }
    case .echo:
      configuration.namespaces = EchoApplication.namespaces
      let endpoints = EchoApplication.endpoints(
        compresses: configuration.compresses,
        messageOctets: max(configuration.maxPayload, 16 << 20))
      let server = SocketServer(configuration, endpoints: endpoints, logger: logger) {
        EchoApplication(on: $0)
      }
      try serve(server, logger, until: stop)
    case .bench:
      let server = SocketServer(configuration, logger: logger) { BenchApplication(on: $0) }
      try serve(server, logger, until: stop)
    }
  }

  /// Holds the chat for as long as its server runs.
  private final class Served<Application: Sendable>: @unchecked Sendable {
    // Set once, before the server is there.
    private(set) var application: Application?

    func set(_ application: Application) -> Application {
      self.application = application
      return application
    }
  }

  /// Serves until a signal comes.
  private func serve(
    _ server: SocketServer, _ logger: Logger, until stop: LiveStop,
    crafted: CraftedPath? = nil, into chat: Served<ChatApplication>? = nil,
    atStart begin: @escaping @Sendable () async -> Void = {},
    atEnd end: @escaping @Sendable () async -> Void = {}
  ) throws {
    let addresses: [ServerAddress]
    do {
      addresses = try Blocking.run {
        await begin()
        return try await server.start()
      }
    } catch let failure as ListenFailure {
      throw Failure(failure)
    }
    for address in addresses {
      logger.info("listening", metadata: ["address": "\(address)"])
    }
    let receivers = chat?.application.flatMap { crafted?.open(addresses, into: $0, until: stop) }
    // A port below 1024 and raw sockets were what root was needed for.
    let plan = try PrivilegePlan(.current, requested: nil)
    let words = try plan.carryOut()
    if case .become = plan { logger.notice("\(words)") }
    try receivers?.start()
    if !options.isQuiet { try tell(addresses, crafted?.summary) }
    Blocking.wait(for: stop)
    receivers?.join()
    try Blocking.run {
      await receivers?.finish()
      await server.stop(finishing: end)
    }
  }

  /// Prints under which URLs others reach the server.
  ///
  /// - Parameter note: What else there is to know, a line.
  private func tell(_ addresses: [ServerAddress], _ note: String?) throws {
    var output = StandardOutput()
    let app = options.app
    output.buffer.append("netlab serves \(app == .chat ? "the chat" : app.rawValue) at\n")
    for address in addresses {
      for host in ReachableAddresses.hosts(listeningOn: address.host) {
        let port = address.port == 80 ? "" : ":\(address.port)"
        output.buffer.append("  http://\(host)\(port)\n")
      }
    }
    if let note { output.buffer.append(note + "\n") }
    output.buffer.append("Ctrl-C stops it.\n")
    try output.flush()
  }
}

extension Logger.Level {
  fileprivate init(_ level: ServeOptions.LogLevel) {
    self =
      switch level {
      case .trace: .trace
      case .debug: .debug
      case .info: .info
      case .notice: .notice
      case .warning: .warning
      case .error: .error
      case .critical: .critical
      }
  }
}

extension Failure {
  /// A server that cannot listen.
  init(_ failure: ListenFailure) {
    let address = failure.address
    let other = ServerAddress(address.host, port: address.port < 1024 ? 5000 : address.port + 1)
    switch failure.number {
    case EADDRINUSE:
      self.init(
        .interface, "another program listens on \(address) already",
        remedy: "`ss -ltnp 'sport = :\(address.port)'` tells which; "
          + "or take another port: netlab serve --bind \(other)")
    case EACCES, EPERM:
      self.init(
        .permission, "you may not listen on \(address): ports below 1024 are for root",
        remedy: "sudo netlab serve --bind \(address), which drops root once it listens; "
          + "or take another port: --bind \(other)")
    case EADDRNOTAVAIL:
      self.init(
        .interface, "this machine has no address \(address.host)",
        remedy: "`netlab interfaces` lists those that it has; 0.0.0.0 means all of them")
    default:
      self.init(
        .interface, "cannot listen on \(address): \(failure.description)",
        remedy: "--bind ADDR:PORT takes an address of this machine; 0.0.0.0 means all of them")
    }
  }

  /// Files of the chat that cannot be used.
  init(_ error: ChatFileError) {
    let status: ExitStatus =
      switch error.kind {
      case .permission: .permission
      case .unwritable: .write
      case .busy, .damaged, .otherKey: .file
      }
    self.init(status, error.message, remedy: error.remedy)
  }
}
