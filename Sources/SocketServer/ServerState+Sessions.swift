extension ServerState {
  /// Begins a session.
  ///
  /// - Returns: The answer to the request, where polling carries it.
  func open(
    _ request: HTTPRequest, _ endpoint: Endpoint, socket: WebSocketHandler?
  ) -> HTTPResponse? {
    guard !isStopping, let id = makeID() else {
      socket?.drop(.serverStops)
      return .plain(.serviceUnavailable)
    }
    // A polling session holds no connection that would count.
    guard socket != nil || admitPolling(request.remoteAddress) else {
      return .plain(.tooManyRequests)
    }
    let user: any EngineUser
    switch endpoint.kind {
    case .socketIO(let application, let namespaces):
      user = SocketIOSession(application, namespaces)
    case .engineIO(let application): user = PlainEngine(application)
    case .webSocket: return .plain(.notFound)
    }
    var request = request
    request.body = []
    let session = EngineSession(self, id: id, request: request, socket: socket, user: user)
    sessions[id] = session
    return session.open()
  }
}
