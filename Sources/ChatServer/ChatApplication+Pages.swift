import NIOHTTP1
import SocketServer

extension ChatApplication {
  public func respond(to request: HTTPRequest) async -> HTTPResponse {
    do {
      return try await answer(request)
    } catch {
      logger.error("a page could not be made: \(error)")
      return ChatPages.respond(.internalServerError)
    }
  }

  private func answer(_ request: HTTPRequest) async throws -> HTTPResponse {
    let isRead = request.method == .GET || request.method == .HEAD
    switch request.path {
    case "/":
      if isRead { return home(request) }
      return request.method == .POST ? try await enter(request) : Self.notAllowed("GET, HEAD, POST")
    case "/room":
      return isRead ? try await room(request) : Self.notAllowed("GET, HEAD")
    case "/leave":
      guard isRead || request.method == .POST else { return Self.notAllowed("GET, HEAD, POST") }
      if let session = session(of: request), request.method != .HEAD { dismiss(session) }
      return ChatPages.redirect(to: "/", cookie: SessionCookie.header("", lifetime: 0))
    default:
      guard let asset = pages.respondAsset(request.path, headers: request.headers) else {
        return ChatPages.respond(.notFound)
      }
      return isRead ? asset : Self.notAllowed("GET, HEAD")
    }
  }

  private static func notAllowed(_ methods: String) -> HTTPResponse {
    ChatPages.respond(.methodNotAllowed, headers: ["Allow": methods])
  }

  private static let noRandomness = ChatPages.respond(.internalServerError)

  /// Who a request's cookie says it is from.
  func session(of request: HTTPRequest) -> ChatSession? {
    SessionCookie.find(in: request.headers["Cookie"]).flatMap {
      cookie.open($0, now: clock.wallTime())
    }
  }

  /// The home page; a link may name a room: `/?code=ABCDEF`.
  private func home(_ request: HTTPRequest) -> HTTPResponse {
    let code = FormFields(Array(request.query.utf8))["code"].flatMap { RoomCode($0) }
    return pages.respondHome(
      ChatPages.Home(name: session(of: request)?.name ?? "", code: code?.text ?? ""))
  }

  private func room(_ request: HTTPRequest) async throws -> HTTPResponse {
    guard let session = session(of: request), try await holds(session.room) else {
      return ChatPages.redirect(to: "/")
    }
    return pages.respondRoom(session, path: configuration.socketPath)
  }

  /// The form of the home page.
  private func enter(_ request: HTTPRequest) async throws -> HTTPResponse {
    let type = request.headers.first(name: "Content-Type")?.lowercased() ?? ""
    guard type.hasPrefix("application/x-www-form-urlencoded") else {
      return ChatPages.respond(.unsupportedMediaType)
    }
    let form = FormFields(request.body)
    var page = ChatPages.Home(
      name: ChatLimits.trimmed(form["name"] ?? ""), code: ChatLimits.trimmed(form["code"] ?? ""))
    do {
      let name = try limits.checkedName(page.name).get()
      let code: RoomCode
      // Without a button, as when a program leaves it out, the code decides.
      if form["create"] != nil || form["join"] == nil && page.code.isEmpty {
        code = try await makeRoom(for: request.remoteAddress)
      } else {
        guard !page.code.isEmpty else { throw ChatFault.noCode }
        code = try await find(page.code, for: request.remoteAddress)
      }
      // The same person in the same browser, until another name is said.
      let known = session(of: request).flatMap { $0.name == name ? $0.id : nil }
      guard let id = known ?? SessionCookie.makeID() else { return Self.noRandomness }
      let value = cookie.seal(
        ChatSession(name: name, room: code, id: id), now: clock.wallTime())
      return ChatPages.redirect(to: "/room", cookie: SessionCookie.header(value))
    } catch let fault as ChatFault {
      page.fault = fault
      // The other faults are answered as the original does: the page again, and nothing else.
      let isRefused = fault == .tooManyGuesses || fault == .tooManyRooms
      return pages.respondHome(page, status: isRefused ? .tooManyRequests : .ok)
    }
  }
}
