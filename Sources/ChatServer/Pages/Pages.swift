/// The text of the chat's pages: two templates, and the files that they name.
///
/// Everything is in the binary, so the chat works without a network outside, and the pages need no
/// inline script or style: a Content-Security-Policy of `default-src 'none'` with `'self'` for
/// script, style, image, connection and form is enough.
enum Pages {
  /// A file below `/static/`, and the icon: what it is and what it says.
  typealias Asset = (contentType: String, text: String)

  /// The files by their path in the URL.
  static let assets: [String: Asset] = [
    "/favicon.svg": (contentType: "image/svg+xml", text: favicon),
    "/static/style.css": (contentType: css, text: style),
    "/static/room.css": (contentType: css, text: roomStyle),
    "/static/home.js": (contentType: javaScript, text: homeScript),
    "/static/room.js": (contentType: javaScript, text: roomScript),
    "/static/engine.js": (contentType: javaScript, text: engineScript),
    "/static/transports.js": (contentType: javaScript, text: transportsScript),
    "/static/socket.js": (contentType: javaScript, text: socketScript),
    "/static/connection.js": (contentType: javaScript, text: connectionScript),
    "/static/outbox.js": (contentType: javaScript, text: outboxScript),
    "/static/messages.js": (contentType: javaScript, text: messagesScript),
    "/static/history.js": (contentType: javaScript, text: historyScript),
    "/static/clipboard.js": (contentType: javaScript, text: clipboardScript),
  ]

  private static let css = "text/css; charset=utf-8"
  private static let javaScript = "text/javascript; charset=utf-8"
}
