import NIOHTTP1

/// A request with its whole body, as an application gets it. RFC 9112.
public struct HTTPRequest: Sendable {
  public var method: HTTPMethod
  /// The path, percent-decoded; "/" at least.
  public var path: String
  /// Behind the question mark, as sent; empty for none.
  public var query: String
  public var headers: HTTPHeaders
  /// At most `ServerConfiguration.bodyOctets`.
  public var body: [UInt8]
  /// The peer's address without its port: `10.0.0.21`, `fe80::1%wlan0`.
  public var remoteAddress: String

  public init(
    method: HTTPMethod, path: String, query: String = "", headers: HTTPHeaders = [:],
    body: [UInt8] = [], remoteAddress: String = ""
  ) {
    self.method = method
    self.path = path
    self.query = query
    self.headers = headers
    self.body = body
    self.remoteAddress = remoteAddress
  }
}

/// What an application answers. Content-Length and Connection are added by the server.
public struct HTTPResponse: Sendable {
  public var status: HTTPResponseStatus
  public var headers: HTTPHeaders
  public var body: [UInt8]

  public init(_ status: HTTPResponseStatus, headers: HTTPHeaders = [:], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }
}
