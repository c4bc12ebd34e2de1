import Glibc
import NIOCore
import NIOPosix

/// One TCP connection on the client's event loop: all that knows of SwiftNIO below `ChatConnection`.
/// Every call and every callback is on the loop.
final class OctetConnection {
  struct Callbacks {
    var opened: () -> Void
    var received: ([UInt8]) -> Void
    /// Called once, unless `close` was called.
    var ended: (TransportEnd) -> Void
  }

  private let loop: any EventLoop
  private var callbacks: Callbacks?
  private var channel: (any Channel)?
  private var isPaused: Bool

  /// - Parameter isPaused: Nothing is read at first.
  init(on loop: any EventLoop, isPaused: Bool = false) {
    self.loop = loop
    self.isPaused = isPaused
  }

  /// Looks the name up and connects, to each of its addresses as RFC 8305 says.
  func open(to address: ServerAddress, timeout: Duration, _ callbacks: Callbacks) {
    self.callbacks = callbacks
    let bound = NIOLoopBound(self, eventLoop: loop)
    let isReading = !isPaused
    let nanoseconds = timeout.nanoseconds
    ClientBootstrap(group: loop)
      .connectTimeout(.nanoseconds(nanoseconds))
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelOption(.autoRead, value: isReading)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Handler(bound.value))
        }
      }
      .connect(host: address.host, port: address.port)
      .hop(to: loop)
      .assumeIsolated()
      .whenComplete { result in
        switch result {
        case .success(let channel): self.adopt(channel)
        case .failure(let error): self.end(TransportEnd(error))
        }
      }
  }

  private func adopt(_ channel: any Channel) {
    guard let callbacks else { return channel.close(promise: nil) }
    self.channel = channel
    if isPaused { channel.setOption(.autoRead, value: false).whenComplete { _ in } }
    callbacks.opened()
  }

  func write(_ octets: [UInt8]) {
    guard let channel, !octets.isEmpty else { return }
    channel.writeAndFlush(channel.allocator.buffer(bytes: octets), promise: nil)
  }

  /// Stops reading, and goes on.
  func pause(_ isPaused: Bool) {
    guard self.isPaused != isPaused else { return }
    self.isPaused = isPaused
    channel?.setOption(.autoRead, value: !isPaused).whenComplete { _ in }
  }

  /// Ends it, what was written being sent first. Nothing is called back any more.
  func close() {
    callbacks = nil
    guard let channel else { return }
    self.channel = nil
    channel.close(promise: nil)
  }

  fileprivate func receive(_ octets: [UInt8]) { callbacks?.received(octets) }

  fileprivate func end(_ end: TransportEnd) {
    guard let callbacks else { return }
    close()
    callbacks.ended(end)
  }

  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let connection: OctetConnection

    init(_ connection: OctetConnection) { self.connection = connection }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      connection.receive(Array(unwrapInboundIn(data).readableBytesView))
    }

    func channelInactive(context: ChannelHandlerContext) {
      connection.end(.closed("the server closed the connection"))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      let reason = (error as? IOError).map { systemWords($0.errnoCode) } ?? "\(error)"
      connection.end(.closed("the connection broke: \(reason)"))
    }
  }
}

/// The system's words for an error number, such as `No route to host`.
private func systemWords(_ code: CInt) -> String { String(cString: strerror(code)) }

extension TransportEnd {
  /// Why there is no connection.
  fileprivate init(_ error: any Error) {
    switch error {
    case let failure as NIOConnectionError:
      // Of several addresses the first that failed stands for all, a refusal before others.
      if failure.connectionErrors.contains(where: { Self.isRefusal($0.error) }) {
        self = .connectionRefused
      } else if let first = failure.connectionErrors.first {
        self = Self(first.error)
      } else {
        self = .unreachable("there is no host of this name")
      }
    case let failure as IOError:
      self =
        Self.isRefusal(failure)
        ? .connectionRefused : .unreachable(systemWords(failure.errnoCode))
    case ChannelError.connectTimeout: self = .unreachable("the host does not answer")
    default: self = .unreachable("no connection: \(error)")
    }
  }

  private static func isRefusal(_ error: any Error) -> Bool {
    (error as? IOError)?.errnoCode == ECONNREFUSED
  }
}

extension Duration {
  /// At most what 64 bits hold.
  var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    if overflow { return seconds < 0 ? .min : .max }
    return whole &+ attoseconds / 1_000_000_000
  }
}
