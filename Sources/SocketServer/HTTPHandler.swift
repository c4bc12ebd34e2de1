import NIOCore
import NIOHTTP1
import Protocols

/// The last handler of a connection that speaks HTTP: puts requests together, holds them to the limits,
/// and has them answered one after the other. RFC 9112.
final class HTTPHandler: ChannelDuplexHandler, ServerConnection, DeadlineOwner,
  RemovableChannelHandler
{
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundIn = Never
  typealias OutboundOut = HTTPServerResponsePart

  /// A request that is all there, or what is to be answered instead.
  private struct Exchange {
    var head: RequestHead
    var body: [UInt8] = []
    /// Octets that the body may have.
    var bodyLimit = 0
    /// The answer to a request that is refused before its end.
    var refusal: HTTPResponse?
  }

  let state: ServerState
  let address: String
  private(set) var context: ChannelHandlerContext?
  private let deadline = Deadline()
  /// What comes in now.
  private var incoming: Exchange?
  /// Requests that wait for the ones before them. RFC 9112 section 9.3.2: "A server that receives
  /// multiple requests ... MUST send the corresponding responses in the same order".
  private var waiting: [Exchange] = []
  /// What is being answered.
  private var current: Exchange?
  /// The session that answers `current` when it has something to say.
  private var poll: EngineSession?
  /// The rules that the answer to a GET that waits has to keep.
  var pollRules: EngineRequest?
  private var isReadHeld = false
  private var isInputClosed = false
  private var isClosing = false
  /// Those before it, which leave with it.
  let codecs: [any RemovableChannelHandler]

  /// Requests that may wait; the connection is not read from while there are more.
  private static let mostWaiting = 8

  init(_ state: ServerState, address: String, codecs: [any RemovableChannelHandler]) {
    self.state = state
    self.address = address
    self.codecs = codecs
    deadline.owner = self
  }

  // MARK: Channel

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    state.add(self)
    state.set(deadline, to: .now() + state.configuration.headerTimeout)
  }

  func handlerRemoved(context: ChannelHandlerContext) { gone() }

  func channelInactive(context: ChannelHandlerContext) {
    gone()
    context.fireChannelInactive()
  }

  private func gone() {
    guard context != nil else { return }
    context = nil
    state.cancel(deadline)
    state.remove(self)
    waiting = []
    incoming = nil
    let poll = self.poll
    self.poll = nil
    poll?.pollGone()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case ChannelEvent.inputClosed? = event as? ChannelEvent {
      isInputClosed = true
      // A client that waits no more is no client; one that has sent a request may wait for its answer.
      if current == nil || poll != nil { context.close(promise: nil) }
    } else {
      context.fireUserInboundEventTriggered(event)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard let parser = error as? HTTPParserError else {
      context.close(promise: nil)
      return
    }
    // What was wrong is no request; it is answered behind those before it.
    let status: HTTPResponseStatus =
      switch parser {
      case .headerOverflow: .requestHeaderFieldsTooLarge
      case .invalidVersion: .httpVersionNotSupported
      default: .badRequest
      }
    incoming = nil
    var head = RequestHead(version: .http1_1, method: .GET, uri: "/")
    head.headers.replaceOrAdd(name: "connection", value: "close")
    take(Exchange(head: head, refusal: .plain(status)))
  }

  func read(context: ChannelHandlerContext) {
    if waiting.count >= Self.mostWaiting { isReadHeld = true } else { context.read() }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isClosing else { return }
    switch unwrapInboundIn(data) {
    case .head(let head): begin(head)
    case .body(let part): add(part)
    case .end: if let whole = incoming { finish(whole) }
    }
  }

  private func begin(_ head: RequestHead) {
    var exchange = Exchange(head: head, bodyLimit: bodyLimit(head))
    let octets = head.headers.reduce(head.uri.utf8.count) {
      $0 + $1.name.utf8.count + $1.value.utf8.count + 4
    }
    let lengths = head.headers["content-length"]
    if octets > state.configuration.headerOctets {
      exchange.refusal = .plain(.requestHeaderFieldsTooLarge)
    } else if let length = lengths.first, Int(length) ?? .max > exchange.bodyLimit {
      exchange.refusal = .plain(.payloadTooLarge)
    } else if head.version.isPersistent, head.headers["host"].count != 1 {
      // RFC 9112 section 3.2: "A server MUST respond with a 400 (Bad Request) status code to any
      // HTTP/1.1 request message that lacks a Host header field".
      exchange.refusal = .plain(.badRequest)
    }
    if exchange.refusal != nil {
      exchange.head.headers.replaceOrAdd(name: "connection", value: "close")
      take(exchange)
      return
    }
    incoming = exchange
    state.set(deadline, to: .now() + state.configuration.bodyTimeout)
  }

  private func bodyLimit(_ head: RequestHead) -> Int {
    state.endpoint(at: RequestTarget(head.uri).path) == nil
      ? state.configuration.bodyOctets : state.configuration.maxPayload
  }

  private func add(_ part: ByteBuffer) {
    guard var exchange = incoming else { return }
    incoming = nil
    part.withUnsafeReadableBytes { exchange.body.append(contentsOf: $0) }
    if exchange.body.count > exchange.bodyLimit {
      exchange.refusal = .plain(.payloadTooLarge)
      exchange.body = []
      exchange.head.headers.replaceOrAdd(name: "connection", value: "close")
      take(exchange)
    } else {
      incoming = exchange
    }
  }

  private func finish(_ exchange: Exchange) {
    incoming = nil
    take(exchange)
  }

  private func take(_ exchange: Exchange) {
    state.cancel(deadline)
    waiting.append(exchange)
    // Behind a request that is refused nothing is read as a request.
    if exchange.refusal != nil { isClosing = true }
    answerNext()
  }

  // MARK: Answering

  private func answerNext() {
    guard current == nil, let context else { return }
    guard !waiting.isEmpty else { return }
    let exchange = waiting.removeFirst()
    current = exchange
    if let refusal = exchange.refusal {
      respond(refusal)
    } else {
      answer(exchange)
    }
    if isReadHeld, waiting.count < Self.mostWaiting {
      isReadHeld = false
      context.read()
    }
  }

  private func answer(_ exchange: Exchange) {
    let target = RequestTarget(exchange.head.uri)
    let request = HTTPRequest(
      method: exchange.head.method, path: target.path, query: target.query,
      headers: exchange.head.headers, body: exchange.body, remoteAddress: address)
    guard let endpoint = state.endpoint(at: target.path) else {
      ask(request)
      return
    }
    switch endpoint.kind {
    case .webSocket(let application):
      guard let handshake = handshake(exchange.head, request) else { return }
      let handler = upgrade(handshake, endpoint)
      let plain = PlainWebSocket(application, WebSocketConnection(handler, request: request))
      handler.user = plain
      join(handler)
      plain.opened()
    case .socketIO, .engineIO: answerEngine(exchange.head, request, endpoint)
    }
  }

  private func ask(_ request: HTTPRequest) {
    guard
      request.method == .GET || request.method == .HEAD
        || OriginRule(state.configuration).allows(request.headers)
    else {
      respond(.plain(.forbidden))
      return
    }
    let bound = NIOLoopBound(self, eventLoop: state.loop)
    let (application, loop) = (state.application, state.loop)
    Task {
      let response = await application.respond(to: request)
      loop.execute { bound.value.respond(response) }
    }
  }

  /// Answers the current request.
  func respond(_ response: HTTPResponse) {
    poll = nil
    guard let context, let exchange = current else { return }
    current = nil
    var head = HTTPResponseHead(
      version: exchange.head.version.major == 1 ? exchange.head.version : .http1_1,
      status: response.status, headers: response.headers)
    let hasBody = response.status.mayHaveResponseBody
    if hasBody {
      head.headers.replaceOrAdd(name: "content-length", value: String(response.body.count))
    }
    head.headers.replaceOrAdd(name: "date", value: state.date)
    head.headers.remove(name: "connection")
    // NIO's decoder reads nothing more behind a request for an upgrade.
    let isLast =
      !exchange.head.isKeepAlive || exchange.head.headers.contains(name: "upgrade")
      || exchange.head.method == .CONNECT || isInputClosed || state.isStopping
    if isLast {
      head.headers.add(name: "connection", value: "close")
    } else if !exchange.head.version.isPersistent {
      head.headers.add(name: "connection", value: "keep-alive")
    }
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    if hasBody, exchange.head.method != .HEAD, !response.body.isEmpty {
      context.write(
        wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: response.body)))), promise: nil)
    }
    if isLast {
      isClosing = true
      waiting = []
    }
    state.set(deadline, to: .now() + state.configuration.writeTimeout)
    let end = context.writeAndFlush(wrapOutboundOut(.end(nil)))
    end.assumeIsolated().whenComplete { _ in self.responded() }
    if !isLast { answerNext() }
  }

  /// A response has gone out.
  private func responded() {
    guard let context else { return }
    if isClosing, current == nil {
      // The rest of a request that was refused is read, so that closing does not reset the connection
      // before the answer is seen.
      context.close(mode: .output, promise: nil)
      state.set(deadline, to: .now() + state.configuration.closeTimeout)
    } else if current == nil, incoming == nil {
      state.set(deadline, to: .now() + state.configuration.headerTimeout)
    }
  }

  func deadlineCame(_ now: NIODeadline) {
    guard let context else { return }
    if incoming != nil, current == nil, waiting.isEmpty, !isClosing {
      incoming?.head.headers.replaceOrAdd(name: "connection", value: "close")
      current = incoming
      incoming = nil
      isClosing = true
      // RFC 9110 section 15.5.9.
      respond(.plain(.requestTimeout))
      return
    }
    context.close(promise: nil)
  }

  func serverStops() {
    guard current == nil else { return }
    context?.close(promise: nil)
  }

  /// The current request is a GET that `session` answers.
  func wait(for session: EngineSession) { poll = session }

  /// The current request has been answered by the change to WebSocket.
  func forgetRequest() { current = nil }
}
