import Cryptography
import Protocols

/// Who somebody is and in which room, as the browser's cookie tells.
struct ChatSession: Equatable, Sendable {
  var name: String
  var room: RoomCode
  /// Tells this browser from others that say the same name.
  var id: String
}

/// Signs what the browser keeps, so that nobody else can make it: `payload.expiry.code`, each
/// base64url, the code HMAC-SHA256 over what stands before it.
struct SessionCookie {
  /// The cookie's name, Flask's.
  static let name = "session"
  /// Seconds a session is good for: a week.
  static let lifetime: Int64 = 7 * 86_400
  /// More than any value made here.
  private static let longest = 2_048

  private let hmac: HMACSHA256

  /// - Parameter secret: Kept for as long as its sessions are to last.
  /// - Returns: Nil when the machine's OpenSSL refuses SHA-256.
  init?(secret: FernetKey) {
    guard let hmac = HMACSHA256(key: secret.exportedText().span.bytes) else { return nil }
    self.hmac = hmac
  }

  /// The value of the cookie.
  ///
  /// - Parameter now: Milliseconds since 1970, here and below.
  func seal(_ session: ChatSession, now: Int64) -> String {
    var writer = JSONWriter()
    var attachments: [[UInt8]] = []
    writer.write(
      [
        "name": .string(session.name), "room": .string(session.room.text),
        "id": .string(session.id),
      ],
      attachments: &attachments)
    let expiry = String(now / 1_000 + Self.lifetime)
    let signed = Self.encode(writer.bytes) + "." + expiry
    guard let code = hmac.code(of: Array(signed.utf8).span.bytes) else { return "" }
    return signed + "." + Self.encode(code)
  }

  /// A name for a new session, unguessable; nil when the system gives no random octets.
  static func makeID() -> String? { RandomBytes.make(12).map { encode($0) } }

  /// The session in a cookie; nil for one that was not made here, or too long ago.
  func open(_ value: String, now: Int64) -> ChatSession? {
    guard value.utf8.count <= Self.longest else { return nil }
    let parts = value.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, let code = Self.decode(parts[2]) else { return nil }
    let signed = Array(value.utf8.dropLast(parts[2].utf8.count + 1))
    guard hmac.verifies(signed.span.bytes, code.span.bytes) else { return nil }
    guard let expiry = Int64(parts[1]), now / 1_000 < expiry, let payload = Self.decode(parts[0]),
      let value = try? JSONValue(payload), case .string(let name)? = value["name"],
      case .string(let room)? = value["room"], case .string(let id)? = value["id"],
      let code = RoomCode(room)
    else { return nil }
    return ChatSession(name: name, room: code, id: id)
  }

  /// The value of the session cookie among those a request sent.
  static func find(in headers: some Sequence<String>) -> String? {
    for header in headers {
      for cookie in header.split(separator: ";") {
        let pair = cookie.drop { $0 == " " }
        if pair.hasPrefix(name + "=") { return String(pair.dropFirst(name.count + 1)) }
      }
    }
    return nil
  }

  /// RFC 6265 section 4.1: to be sent with requests of this site alone, and unseen by its scripts.
  static func header(_ value: String, lifetime: Int64 = Self.lifetime) -> String {
    "\(name)=\(value); Path=/; Max-Age=\(lifetime); HttpOnly; SameSite=Lax"
  }

  private static func encode(_ octets: [UInt8]) -> String {
    let text = Base64.encode(octets, .url)
    return String(decoding: text.prefix { $0 != 0x3d }, as: UTF8.self)
  }

  private static func decode(_ text: Substring) -> [UInt8]? {
    guard let decoded = try? Base64.decode(Array(text.utf8), .url, padding: .optional),
      decoded.isCanonical
    else { return nil }
    return decoded.octets
  }
}
