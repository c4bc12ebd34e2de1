import ArgumentParser
import Capture
import ChatServer
import Cryptography
import Glibc
import Logging
import SocketServer

/// `netlab serve`: the bundled chat, on standard Socket.IO.
struct ServeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Serve the chat: pages for browsers, Socket.IO for any client.",
    discussion: """
      Messages are saved in the user's data folder, each text as a Fernet token. Ctrl-C stops the \
      server; its clients are told. With the right to capture (sudo), messages of `netlab send` to \
      the same port come into the rooms too.

      Examples:
        netlab serve
        sudo netlab serve --bind 0.0.0.0:5000 --bind 0.0.0.0:80 --keep 7d
      """)

  /// What is served.
  enum App: String, ExpressibleByArgument, CaseIterable {
    case chat, echo, bench
  }

  @OptionGroup(title: "Where") var places: ServePlaces
  @OptionGroup(title: "The chat") var chat: ServeChatOptions
  @OptionGroup(title: "Protocol") var transport: ServeProtocolOptions

  @Option(
    help: ArgumentHelp(
      "What is served: the chat; echo, what conformance suites talk to; bench, what load "
        + "generators talk to."))
  var app = App.chat

  @Flag(name: [.customShort("q"), .customLong("quiet")], help: "Print no addresses.")
  var isQuiet = false

  @Option(
    help: ArgumentHelp(
      "Log from here on, to stderr: trace, debug, info, notice, warning, error, critical.",
      valueName: "level"))
  var logLevel = Logger.Level.warning

  func run() throws {
    let level = logLevel
    let logger = Logger(label: "netlab.serve") { _ in LogLines(logLevel: level) }
    var configuration = transport.configuration(compressing: app == .echo)
    configuration.binds = places.addresses
    configuration.allowedOrigins = Set(places.origins)
    configuration.connectionsPerAddress = places.connectionsPerAddress
    // The first Ctrl-C stops in order, the second at once.
    let stop = try LiveStop()
    stop.catchSignals()
    switch app {
    case .chat:
      let settings = try chat.configuration(socketPath: configuration.path)
      let crafted = CraftedPath(try chat.craftedKey(settings), logger: logger)
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
    if !isQuiet { try tell(addresses, crafted?.summary) }
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

extension Logger.Level: @retroactive ExpressibleByArgument {}

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
