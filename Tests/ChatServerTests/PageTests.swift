import Foundation
import NIOHTTP1
import Protocols
import SocketServer
import Testing

@testable import ChatServer

@Suite struct PageTests {
  private func text(_ response: HTTPResponse) -> String {
    String(decoding: response.body, as: UTF8.self)
  }

  @Test func homeHasTheFields() async throws {
    let chat = try Chat()
    let response = await chat.request(.GET, "/")
    #expect(response.status == .ok)
    #expect(response.headers["Content-Type"] == ["text/html; charset=utf-8"])
    for part in ["User name", "Join a Chat?", "Or", "Create a Chat?", #"name="code""#] {
      #expect(text(response).contains(part))
    }
    #expect(!text(response).contains(#"role="alert""#))
  }

  @Test(arguments: [
    ("name=&create=", "Please Enter Name"),
    ("create=", "Please Enter Name"),
    ("name=+&code=ABCDEF&join=", "Please Enter Name"),
    ("name=Ahmad&code=&join=", "Please enter the room code to join the chat"),
    ("name=Ahmad&join=", "Please enter the room code to join the chat"),
    ("name=Ahmad&code=QQQQQQ&join=", "Room code invalid, Room code not found"),
    ("name=Ahmad&code=123&join=", "Room code invalid, Room code not found"),
    ("name=Ahmad&code=QQQQQQ", "Room code invalid, Room code not found"),
    ("name=a%00b&create=", "Please enter a name of visible characters only"),
  ])
  func whatIsWrongIsSaidAndTheFieldsAreKept(_ body: String, _ error: String) async throws {
    let chat = try Chat()
    let response = await chat.request(.POST, "/", body: body)
    #expect(response.status == .ok)
    #expect(response.headers["Set-Cookie"].isEmpty)
    #expect(text(response).contains(error))
    #expect(text(response).contains(#"role="alert""#))
    if body.contains("Ahmad") { #expect(text(response).contains(#"value="Ahmad""#)) }
    if body.contains("QQQQQQ") { #expect(text(response).contains(#"value="QQQQQQ""#)) }
  }

  @Test func createLeadsToTheRoom() async throws {
    let chat = try Chat()
    let response = await chat.request(.POST, "/", body: "name=Ahmad&create=")
    #expect(response.status == .seeOther)
    #expect(response.headers["Location"] == ["/room"])
    let cookie = try await chat.enter("name=Ahmad&create=create")
    let room = await chat.request(.GET, "/room", cookie: cookie)
    #expect(room.status == .ok)
    #expect(text(room).contains(#"data-name="Ahmad""#))
    let match = try #require(text(room).firstMatch(of: /data-code="([A-Z]{6})"/))
    // By that code another comes in, however it is typed.
    let code = String(match.1)
    let other = try await chat.enter("name=Alice&code=\(code.lowercased())&join=")
    #expect(text(await chat.request(.GET, "/room", cookie: other)).contains(code))
    let page = await chat.open(cookie)
    #expect(try roomCode(page) == code)
  }

  @Test func theRoomWantsASession() async throws {
    let chat = try Chat()
    let other = try Chat()
    let foreign = try await other.enter("name=Ahmad&create=")
    for cookie in [nil, "session=", "session=nonsense", "a=b", foreign] {
      let response = await chat.request(.GET, "/room", cookie: cookie)
      #expect(response.status == .seeOther)
      #expect(response.headers["Location"] == ["/"])
    }
  }

  @Test func theRoomIsLeftWhenItIsGone() async throws {
    let chat = try Chat()
    let cookie = try await chat.enter("name=Ahmad&create=")
    chat.time.advance(milliseconds: 86_400_000)
    await chat.application.expire()
    #expect(await chat.request(.GET, "/room", cookie: cookie).headers["Location"] == ["/"])
    let page = await chat.open(cookie)
    #expect(page.messages == ["!Room not found"])
  }

  @Test func aSessionEnds() async throws {
    let chat = try Chat()
    let cookie = try await chat.enter("name=Ahmad&create=")
    _ = await chat.open(cookie)
    chat.time.advance(milliseconds: SessionCookie.lifetime * 1_000)
    #expect(await chat.request(.GET, "/room", cookie: cookie).status == .seeOther)
    #expect(await chat.admission(FakeClient(), nil) == ChatFault.noSession.text)
  }

  /// The original's hole: a name that is markup.
  @Test(arguments: ["<img src=x onerror=alert(1)>", "\"><script>x</script>", "a&b'c"])
  func textIsNeverMarkup(_ hostile: String) async throws {
    let chat = try Chat()
    let encoded = try #require(hostile.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
    let home = await chat.request(.POST, "/", body: "name=\(encoded)&code=\(encoded)&join=")
    let cookie = try await chat.enter("name=\(encoded)&create=")
    let room = await chat.request(.GET, "/room", cookie: cookie)
    for page in [home, room] {
      #expect(!text(page).contains("<img src=x"))
      #expect(!text(page).contains("<script>x"))
      #expect(!text(page).contains(hostile))
    }
  }

  @Test(arguments: ["/", "/room", "/nothing", "/static/style.css", "/leave"])
  func everyAnswerIsProtected(_ path: String) async throws {
    let response = try await Chat().request(.GET, path)
    let policy = try #require(response.headers.first(name: "Content-Security-Policy"))
    #expect(policy.hasPrefix("default-src 'none'; script-src 'self'; style-src 'self'"))
    #expect(!policy.contains("unsafe"))
    #expect(response.headers["X-Content-Type-Options"] == ["nosniff"])
    #expect(response.headers["Referrer-Policy"].count == 1)
    #expect(response.headers["Cache-Control"].count == 1)
  }

  @Test func theFilesThatPagesNameAreThere() async throws {
    let chat = try Chat()
    let cookie = try await chat.enter("name=Ahmad&create=")
    var paths: Set<String> = []
    for page in [await chat.request(.GET, "/"), await chat.request(.GET, "/room", cookie: cookie)] {
      for match in text(page).matches(of: /(?:src|href)="(\/[^"]+)"/) {
        paths.insert(String(match.1))
      }
    }
    #expect(paths.count >= 4)
    for path in paths {
      let response = await chat.request(.GET, path)
      #expect(response.status == .ok, "\(path)")
      #expect(!response.body.isEmpty)
      let tag = try #require(response.headers.first(name: "ETag"))
      let known = await chat.application.respond(
        to: HTTPRequest(method: .GET, path: path, headers: ["If-None-Match": tag]))
      #expect(known.status == .notModified)
    }
  }

  @Test func otherMethodsAreRefused() async throws {
    let chat = try Chat()
    #expect(await chat.request(.PUT, "/").status == .methodNotAllowed)
    #expect(await chat.request(.POST, "/room").headers["Allow"] == ["GET, HEAD"])
    #expect(await chat.request(.GET, "/nothing").status == .notFound)
    let json = await chat.application.respond(
      to: HTTPRequest(method: .POST, path: "/", headers: ["Content-Type": "application/json"]))
    #expect(json.status == .unsupportedMediaType)
  }

  @Test func guessesAreAnsweredWithAnErrorAndThePage() async throws {
    let chat = try Chat { $0.limits.guessesAtOnce = 5 }
    for _ in 0..<5 {
      #expect(await chat.request(.POST, "/", body: "name=Eve&code=QQQQQQ&join=").status == .ok)
    }
    let response = await chat.request(.POST, "/", body: "name=Eve&code=QQQQQQ&join=")
    #expect(response.status == .tooManyRequests)
    #expect(text(response).contains("Too many wrong room codes"))
    #expect(text(response).contains(#"value="Eve""#))
  }

  @Test func aLinkNamesTheRoom() async throws {
    let chat = try Chat()
    #expect(text(await chat.request(.GET, "/", query: "code=abcdef")).contains(#"value="ABCDEF""#))
    #expect(!text(await chat.request(.GET, "/", query: "code=<b>")).contains("<b>"))
  }
}
