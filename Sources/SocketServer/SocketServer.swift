import Glibc
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix

/// A server of HTTP, WebSocket, Engine.IO and Socket.IO on one event loop.
public final class SocketServer: Sendable {
  private let configuration: ServerConfiguration
  private let application: any SocketApplication
  private let endpoints: [Endpoint]
  private let group: MultiThreadedEventLoopGroup
  private let logger: Logger
  private let running: NIOLoopBoundBox<Running?>

  private struct Running {
    let state: NIOLoopBound<ServerState>
    let listeners: [any Channel]
  }

  /// - Parameters:
  ///   - application: Answers at every path that is no endpoint's, and takes Socket.IO's events.
  ///   - endpoints: Further places.
  public init(
    _ configuration: ServerConfiguration, application: any SocketApplication,
    endpoints: [Endpoint] = [], logger: Logger = Logger(label: "netlab.server")
  ) {
    self.configuration = configuration
    self.application = application
    self.endpoints = endpoints
    self.logger = logger
    group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    running = .makeEmptyBox(eventLoop: group.next())
  }

  /// A server with an application that lives on the server's event loop, and is made for it.
  public init(
    _ configuration: ServerConfiguration, endpoints: [Endpoint] = [],
    logger: Logger = Logger(label: "netlab.server"),
    application make: (any EventLoop) throws -> any SocketApplication
  ) rethrows {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    application = try make(group.next())
    self.configuration = configuration
    self.endpoints = endpoints
    self.logger = logger
    self.group = group
    running = .makeEmptyBox(eventLoop: group.next())
  }

  /// The loop that everything happens on.
  public var eventLoop: any EventLoop { group.next() }

  /// Listens.
  ///
  /// - Returns: Where, in the order of `binds`, with the ports that the system chose.
  /// - Throws: `ListenFailure`; nothing listens then.
  public func start() async throws -> [ServerAddress] {
    OpenFileLimit.raise()
    let loop = eventLoop
    let (configuration, application) = (configuration, application)
    let (endpoints, logger) = (endpoints, logger)
    let state = try await loop.submit {
      NIOLoopBound(
        ServerState(configuration, application, endpoints, loop: loop, logger: logger),
        eventLoop: loop)
    }.get()
    var listeners: [any Channel] = []
    do {
      for bind in configuration.binds {
        do {
          listeners.append(
            try await bootstrap(state).bind(host: bind.host, port: bind.port).get())
        } catch {
          throw ListenFailure(bind, error)
        }
      }
    } catch {
      for listener in listeners { try? await listener.close() }
      throw error
    }
    let started = Running(state: state, listeners: listeners)
    try await loop.submit { self.running.value = started }.get()
    return listeners.map {
      ServerAddress($0.localAddress?.ipAddress ?? "", port: $0.localAddress?.port ?? 0)
    }
  }

  /// Listens no more, tells every client and closes, at the latest after `closeTimeout`.
  ///
  /// - Parameter finish: What the application has left to do on the event loop, which ends with it.
  public func stop(finishing finish: @Sendable () async -> Void = {}) async {
    let running = try? await eventLoop.submit {
      defer { self.running.value = nil }
      return self.running.value
    }.get()
    if let running {
      for listener in running.listeners { try? await listener.close() }
      let loop = running.state.eventLoop
      let isEmpty = loop.makePromise(of: Void.self)
      let limit = loop.scheduleTask(in: configuration.closeTimeout + .seconds(1)) {
        isEmpty.succeed()
      }
      loop.execute {
        running.state.value.onEmpty = { isEmpty.succeed() }
        running.state.value.stop()
      }
      try? await isEmpty.futureResult.get()
      limit.cancel()
      try? await loop.submit { running.state.value.endTime() }.get()
    }
    await finish()
    try? await group.shutdownGracefully()
  }

  /// What the event loop knows. For tests.
  func onLoop<R: Sendable>(_ body: @escaping @Sendable (ServerState) -> R) async throws -> R? {
    try await eventLoop.submit { self.running.value.map { body($0.state.value) } }.get()
  }

  private func bootstrap(_ bound: NIOLoopBound<ServerState>) -> ServerBootstrap {
    let configuration = configuration
    return ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 1024)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .serverChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          guard let hook = configuration.onListening else { return }
          try channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self
          ) { hook($0) }
        }
      }
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelOption(.recvAllocator, value: PlainReceiveAllocator())
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          if let hook = configuration.onAccepted {
            try channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
              of: NIOBSDSocket.Handle.self
            ) { hook($0) }
          }
          try Self.set(up: channel, bound.value)
        }
      }
  }

  /// Makes the handlers of a connection.
  private static func set(up channel: any Channel, _ state: ServerState) throws {
    let address = channel.remoteAddress?.withoutPort ?? ""
    guard state.admit(address) else { throw ChannelError.ioOnClosedChannel }
    channel.closeFuture.assumeIsolated().whenComplete { _ in state.leave(address) }
    var limits = NIOHTTPDecoderLimitConfiguration()
    limits.maxHeaderFieldSize = state.configuration.headerOctets
    limits.maxHeaderListSize = state.configuration.headerOctets
    let decoder = ByteToMessageHandler(
      HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: limits),
      // Behind a request for an upgrade the decoder only gathers.
      maximumBufferSize: 256 << 10)
    let encoder = HTTPResponseEncoder()
    let handler = HTTPHandler(state, address: address, codecs: [encoder, decoder])
    try channel.pipeline.syncOperations.addHandlers([encoder, decoder, handler])
  }
}

extension SocketAddress {
  /// The address alone; an IPv4 address that came in by an IPv6 socket as such. RFC 4291 section
  /// 2.5.5.2.
  fileprivate var withoutPort: String? {
    ipAddress.map { $0.hasPrefix("::ffff:") && $0.contains(".") ? String($0.dropFirst(7)) : $0 }
  }
}

/// Why a server does not listen.
public struct ListenFailure: Error, Sendable, CustomStringConvertible {
  /// Where it was to.
  public let address: ServerAddress
  /// What the system says: EADDRINUSE, EACCES …; 0 when it is something else.
  public let number: Int32
  public let description: String

  init(_ address: ServerAddress, _ error: any Error) {
    self.address = address
    let number = (error as? IOError)?.errnoCode ?? 0
    self.number = number
    let words = number == 0 ? nil : strerror(number).map { String(cString: $0) }
    description = words ?? String(describing: error)
  }
}

/// How many files and sockets the process may have open.
enum OpenFileLimit {
  /// Raises it as far as the system lets an unprivileged process.
  static func raise() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0,
      limit.rlim_cur < limit.rlim_max
    else { return }
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }
}
