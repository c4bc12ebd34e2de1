import Cryptography
import Mustache
import NIOHTTP1
import SocketServer

/// The chat's pages and the files they name, as HTTP responses.
struct ChatPages: Sendable {
  private let home: MustacheTemplate
  private let room: MustacheTemplate
  private let assets: [String: (type: String, tag: String, body: [UInt8])]

  /// What the home page shows.
  struct Home {
    var name = ""
    var code = ""
    var fault: ChatFault?
  }

  /// - Throws: When a template is malformed.
  init() throws {
    PageText.register()
    home = try MustacheTemplate(string: Pages.homeTemplate)
    room = try MustacheTemplate(string: Pages.roomTemplate)
    assets = Pages.assets.mapValues { asset in
      let body = Array(asset.text.utf8)
      let digest = SHA256.digest(body) ?? []
      let tag = digest.prefix(12).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }
      return (asset.contentType, "\"" + tag.joined() + "\"", body)
    }
  }

  func respondHome(_ page: Home, status: HTTPResponseStatus = .ok) -> HTTPResponse {
    var context = ["name": page.name, "code": page.code]
    context["error"] = page.fault?.text
    return respond(home.render(context), status)
  }

  func respondRoom(_ session: ChatSession, path: String) -> HTTPResponse {
    respond(
      room.render(["code": session.room.text, "name": session.name, "path": path]), .ok)
  }

  /// A file of the pages; nil where there is none of this path.
  func respondAsset(_ path: String, headers: HTTPHeaders) -> HTTPResponse? {
    guard let asset = assets[path] else { return nil }
    // Asked for each time, sent when it changed: pages and scripts of two versions never meet.
    var response = HTTPResponse(
      .ok, headers: ["Content-Type": asset.type, "ETag": asset.tag, "Cache-Control": "no-cache"],
      body: asset.body)
    if headers["If-None-Match"].contains(asset.tag) {
      response.status = .notModified
      response.body = []
    }
    return Self.protected(response)
  }

  static func redirect(to path: String, cookie: String? = nil) -> HTTPResponse {
    // RFC 9110 section 15.4.4: the answer to a POST that is to be fetched with GET.
    var response = HTTPResponse(
      .seeOther, headers: ["Location": path, "Cache-Control": "no-store"])
    if let cookie { response.headers.add(name: "Set-Cookie", value: cookie) }
    return protected(response)
  }

  static func respond(_ status: HTTPResponseStatus, headers: HTTPHeaders = [:]) -> HTTPResponse {
    var headers = headers
    headers.add(name: "Content-Type", value: "text/plain; charset=utf-8")
    headers.add(name: "Cache-Control", value: "no-store")
    let text = "\(status.code) \(status.reasonPhrase)\n"
    return protected(HTTPResponse(status, headers: headers, body: Array(text.utf8)))
  }

  private func respond(_ text: String, _ status: HTTPResponseStatus) -> HTTPResponse {
    Self.protected(
      HTTPResponse(
        status,
        headers: ["Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"],
        body: Array(text.utf8)))
  }

  /// Nothing from elsewhere, nothing inline, no frame around it. `ws:` and `wss:` are for browsers
  /// in which 'self' does not mean WebSocket.
  static let policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws: wss:; "
    + "img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

  private static func protected(_ response: HTTPResponse) -> HTTPResponse {
    var response = response
    response.headers.add(name: "Content-Security-Policy", value: policy)
    response.headers.add(name: "X-Content-Type-Options", value: "nosniff")
    // Not "no-referrer": with that, browsers send `Origin: null` with forms.
    response.headers.add(name: "Referrer-Policy", value: "same-origin")
    return response
  }
}
