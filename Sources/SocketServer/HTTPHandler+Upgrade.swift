import NIOCore
import NIOHTTP1
import Protocols

/// Requests to Engine.IO's paths, and the change from HTTP to WebSocket.
extension HTTPHandler {
  func answerEngine(_ head: RequestHead, _ request: HTTPRequest, _ endpoint: Endpoint) {
    let rules = EngineRequest(request, allowed: OriginRule(state.configuration))
    let response: HTTPResponse?
    switch rules.judge(hasSession: { state.sessions[$0]?.transport.state ?? nil }) {
    case .refuse(let refusal): response = rules.crossOrigin(refusal.response)
    case .preflight: response = rules.crossOrigin(HTTPResponse(.noContent))
    case .open:
      response = state.open(request, endpoint, socket: nil).map { rules.crossOrigin($0) }
    case .get(let sid):
      response = state.sessions[sid]?.get(self).map { rules.crossOrigin($0) }
      if response == nil { pollRules = rules }
    case .post(let sid):
      response = state.sessions[sid]?.post(request).map { rules.crossOrigin($0) }
    case .webSocket(let sid):
      guard let handshake = handshake(head, request) else { return }
      let handler = upgrade(handshake, endpoint)
      if let sid {
        state.sessions[sid]?.attach(handler)
      } else {
        _ = state.open(request, endpoint, socket: handler)
      }
      join(handler)
      return
    }
    if let response { respond(response) }
  }

  /// Answers the GET that waits.
  func respondToPoll(_ response: HTTPResponse) {
    let rules = pollRules
    pollRules = nil
    respond(rules?.crossOrigin(response) ?? response)
  }

  // MARK: Upgrade

  /// Checks a WebSocket handshake, and refuses it when it is none.
  func handshake(_ head: RequestHead, _ request: HTTPRequest) -> WebSocketHandshake? {
    switch WebSocketHandshake.judge(head, OriginRule(state.configuration)) {
    case .success(let handshake): return handshake
    case .failure(let refusal):
      respond(refusal.response)
      return nil
    }
  }

  func upgrade(
    _ handshake: WebSocketHandshake, _ endpoint: Endpoint
  ) -> WebSocketHandler {
    let configuration = state.configuration
    let deflate =
      endpoint.compresses ?? configuration.compresses ? handshake.agreedDeflate : nil
    if let context {
      let head = HTTPResponseHead(
        version: .http1_1, status: .switchingProtocols, headers: handshake.answer(deflate))
      context.write(wrapOutboundOut(.head(head)), promise: nil)
      context.write(wrapOutboundOut(.end(nil)), promise: nil)
    }
    return WebSocketHandler(
      state, address: address, deflate: deflate,
      messageOctets: endpoint.messageOctets ?? configuration.maxPayload)
  }

  /// The HTTP handlers leave, and the connection is a WebSocket. What the client has sent already
  /// comes out of the decoder when it leaves.
  func join(_ handler: WebSocketHandler) {
    guard let context else {
      handler.drop(.transportClosed)
      return
    }
    forgetRequest()
    let pipeline = context.pipeline.syncOperations
    do {
      try context.channel.syncOptions?.setOption(
        .recvAllocator,
        value: SharedReceiveAllocator(state: NIOLoopBound(state, eventLoop: state.loop)))
      try pipeline.addHandler(handler)
    } catch {
      context.close(promise: nil)
      return
    }
    context.flush()
    pipeline.removeHandler(context: context, promise: nil)
    for codec in codecs {
      _ = (try? pipeline.context(handler: codec)).map { pipeline.removeHandler(context: $0) }
    }
  }
}
