import Cryptography
import Testing

@testable import ChatServer

@Suite struct RoomCodeTests {
  @Test func isSixLetters() throws {
    var seen: Set<RoomCode> = []
    var letters: Set<Character> = []
    for _ in 0..<2_000 {
      let code = try #require(RoomCode.make())
      #expect(code.text.count == 6)
      #expect(code.text.allSatisfy { $0.isASCII && $0.isLetter && $0.isUppercase })
      seen.insert(code)
      letters.formUnion(code.text)
    }
    // Two equal ones among 2000 of 309 million: once in 150 runs. Three pairs: never.
    #expect(seen.count > 1_997)
    #expect(letters.count == 26)
  }

  @Test(arguments: ["abcdef", " ABCdef\n", "ABC DEF"]) func isReadAsTyped(_ typed: String) {
    #expect(RoomCode(typed)?.text == "ABCDEF")
  }

  @Test(arguments: ["", "ABCDE", "ABCDEFG", "ABCDE1", "ÄBCDEF", "<b>abc", "ABCDE\u{0}"])
  func nothingElseIsOne(_ typed: String) { #expect(RoomCode(typed) == nil) }

  @Test func aLongTextIsNotLookedAt() {
    #expect(RoomCode(String(repeating: " ", count: 1_000_000) + "ABCDEF") == nil)
  }
}

@Suite struct SessionCookieTests {
  private let secret: FernetKey
  private let cookie: SessionCookie
  private let session: ChatSession
  private let now: Int64 = 1_795_382_813_253

  init() throws {
    secret = try #require(FernetKey.generate())
    cookie = try #require(SessionCookie(secret: secret))
    session = ChatSession(name: "Zoë \"<b>; =", room: try #require(RoomCode("ABCDEF")), id: "x")
  }

  @Test func opensWhatItSealed() {
    let value = cookie.seal(session, now: now)
    #expect(cookie.open(value, now: now) == session)
    #expect(value.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && ![0x3b, 0x2c, 0x22].contains($0) })
  }

  @Test func outlivesTheProcessWithItsSecretOnly() throws {
    let value = cookie.seal(session, now: now)
    let restarted = try #require(SessionCookie(secret: secret))
    #expect(restarted.open(value, now: now) == session)
    let otherSecret = try #require(FernetKey.generate())
    let other = try #require(SessionCookie(secret: otherSecret))
    #expect(other.open(value, now: now) == nil)
  }

  @Test func isOverAfterAWeek() {
    let value = cookie.seal(session, now: now)
    let end = now + SessionCookie.lifetime * 1_000
    #expect(cookie.open(value, now: end - 1_000) == session)
    #expect(cookie.open(value, now: end) == nil)
  }

  @Test func everyChangedCharacterIsFound() {
    let value = Array(cookie.seal(session, now: now).utf8)
    for place in value.indices {
      for other in [UInt8(0x41), 0x42, 0x2e, 0x2d] where other != value[place] {
        var forged = value
        forged[place] = other
        #expect(cookie.open(String(decoding: forged, as: UTF8.self), now: now) == nil)
      }
    }
  }

  @Test(arguments: ["", ".", "..", "...", "a.b.c", "e30.99999999999.AAAA"])
  func nonsenseIsNone(_ value: String) { #expect(cookie.open(value, now: now) == nil) }

  @Test func isFoundAmongOthers() {
    #expect(SessionCookie.find(in: ["a=b; session=xyz; c=d"]) == "xyz")
    #expect(SessionCookie.find(in: ["mysession=no", "session=xyz"]) == "xyz")
    #expect(SessionCookie.find(in: ["sessions=no"]) == nil)
    #expect(SessionCookie.find(in: [String]()) == nil)
  }

  @Test func scriptsDoNotSeeIt() {
    let header = SessionCookie.header("v")
    for part in ["session=v;", "HttpOnly", "SameSite=Lax", "Path=/"] {
      #expect(header.contains(part))
    }
  }
}

/// `#expect` takes no calls that change a variable.
private final class Changing<Value> {
  private(set) var value: Value

  init(_ value: Value) { self.value = value }

  func change<Result>(_ body: (inout Value) -> Result) -> Result { body(&value) }
}

@Suite struct TokenBucketTests {
  private let second: Int64 = 1_000_000_000

  @Test func soManyAtOnceThenSteadily() {
    let bucket = Changing(TokenBucket(capacity: 3, perSecond: 2, now: 0))
    for _ in 0..<3 { #expect(bucket.change { $0.take(now: 0) }) }
    #expect(!bucket.change { $0.take(now: 0) })
    #expect(!bucket.change { $0.take(now: second / 2 - 1) })
    #expect(bucket.change { $0.take(now: second / 2) })
    #expect(!bucket.change { $0.take(now: second / 2) })
    // No more than the capacity is saved up, and a clock turned back gives nothing.
    for _ in 0..<3 { #expect(bucket.change { $0.take(now: 100 * second) }) }
    #expect(!bucket.change { $0.take(now: 99 * second) })
  }

  @Test func addressesDoNotPayForEachOther() {
    let limits = Changing(AddressLimits(capacity: 1, perSecond: 1))
    #expect(limits.change { $0.take("10.0.0.21", now: 0) })
    #expect(!limits.change { $0.isOpen("10.0.0.21", now: 0) })
    #expect(limits.change { $0.isOpen("10.0.0.33", now: 0) })
  }

  @Test func anIPv6NetworkIsOneSubscriber() {
    let limits = Changing(AddressLimits(capacity: 1, perSecond: 1))
    #expect(limits.change { $0.take("2001:db8:1:2::7", now: 0) })
    #expect(!limits.change { $0.take("2001:db8:1:2:aaaa::1", now: 0) })
    #expect(limits.change { $0.take("2001:db8:1:3::7", now: 0) })
    #expect(AddressNetwork.name("::ffff:10.0.0.33") == "10.0.0.33")
    #expect(AddressNetwork.name("fe80::1%wlan0") == "fe80:0:0:0::/64")
  }

  @Test func strangersBeyondTheLimitShareOneBucket() {
    let limits = Changing(AddressLimits(capacity: 1, perSecond: 1, largest: 10))
    for number in 0..<1_000 { _ = limits.change { $0.take("10.0.0.\(number)", now: 0) } }
    #expect(limits.value.count <= 11)
    #expect(!limits.change { $0.isOpen("10.9.9.9", now: 0) })
    // With time, the old ones are forgotten.
    #expect(limits.change { $0.take("10.9.9.9", now: 10 * second) })
  }
}

@Suite struct LimitTests {
  private let limits = ChatLimits()

  @Test func blanksAroundANameGo() throws {
    #expect(try limits.checkedName("  Ahmad \t").get() == "Ahmad")
    #expect(try limits.checkedName("أحمد 👩‍👩‍👧").get() == "أحمد 👩‍👩‍👧")
    #expect(try limits.checkedName("<img src=x onerror=alert(1)>").get().count == 28)
  }

  @Test(arguments: ["", "   ", "\n"]) func aNameIsNeeded(_ name: String) {
    #expect(limits.checkedName(name) == .failure(.noName))
  }

  @Test(arguments: [
    "a\u{202e}b", "a\u{0}b", "a\nb", "a\u{200b}b", "\u{feff}a", "a\u{2066}b", "\u{e000}",
  ])
  func whatCannotBeSeenIsNoName(_ name: String) {
    #expect(limits.checkedName(name) == .failure(.strangeName))
  }

  @Test func lengthsAreBounded() throws {
    #expect(limits.checkedName(String(repeating: "ä", count: 41)) == .failure(.longName(40)))
    #expect(try limits.checkedName(String(repeating: "ä", count: 40)).get().count == 40)
    let tower = "a" + String(repeating: "\u{301}", count: 200)
    #expect(limits.checkedName(tower) == .failure(.longName(40)))
    #expect(
      limits.checkedMessage(String(repeating: "a", count: 4_001)) == .failure(.longMessage(4_000)))
    #expect(limits.checkedMessage(" \n ") == .failure(.noMessage))
    #expect(try limits.checkedMessage(" a\n ").get() == " a\n ")
  }
}

@Suite struct FormFieldTests {
  @Test func isReadAsBrowsersWriteIt() {
    let form = FormFields(Array("name=Zo%C3%AB+%26+Co&code=&create=&name=other&x".utf8))
    #expect(form["name"] == "Zoë & Co")
    #expect(form["code"] == "")
    #expect(form["create"] == "")
    #expect(form["x"] == "")
    #expect(form["join"] == nil)
  }

  @Test(arguments: [
    ("a=%", "%"), ("a=%4", "%4"), ("a=%zz", "%zz"), ("a=%ff", "\u{fffd}"), ("a==", "="),
  ])
  func whatIsMalformedStays(_ body: String, _ value: String) {
    #expect(FormFields(Array(body.utf8))["a"] == value)
  }
}
