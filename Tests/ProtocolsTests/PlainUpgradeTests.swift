import PacketCore
import Testing

@testable import Protocols

/// Handshakes that say what they must and no more are judged by their head alone. Whatever is changed in
/// one, that says what looking at each field says.
@Suite struct PlainUpgradeTests {
  private static let request = """
    GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r
    Host: server.example.com\r
    Upgrade: websocket\r
    Connection: Upgrade\r
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
    Sec-WebSocket-Version: 13\r
    \r

    """
  private static let answer = """
    HTTP/1.1 101 Switching Protocols\r
    Upgrade: websocket\r
    Connection: Upgrade\r
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r
    \r

    """

  @Test func bothArePlain() {
    #expect(Self.head(Array(Self.request.utf8)).isPlainUpgrade)
    #expect(Self.head(Array(Self.answer.utf8)).isPlainUpgrade)
  }

  /// Fields that an upgrade need not have, twice what it has once, and what stands on the wrong side.
  private static let further = [
    "Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Extensions: permessage-deflate",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "Upgrade: h2c, websocket",
    "Connection: keep-alive", "Sec-WebSocket-Version: 8",
  ]

  @Test(arguments: further) func withMoreThanItMustHaveItIsLookedAt(_ field: String) {
    let isAboutWebSocket = field.hasPrefix("Sec-")
    for text in [Self.request, Self.answer] {
      let octets = Array((String(text.dropLast()) + field + "\r\n\r\n").utf8)
      #expect(Self.head(octets).isPlainUpgrade != isAboutWebSocket, "\(field)")
    }
  }

  @Test func whateverIsChangedInTheRequest() {
    var (plain, faulty) = (0, 0)
    for octets in Self.changed(Array(Self.request.utf8)) {
      let head = Self.head(octets)
      let offer = WebSocketOffer(octets.span.bytes, head)
      let thorough = WebSocketOffer(octets.span.bytes, head, isThorough: true)
      let said = Self.findings { offer.report(at: 0, into: &$0) }
      #expect(said == Self.findings { thorough.report(at: 0, into: &$0) }, Self.text(octets))
      #expect(offer.challenge == thorough.challenge, Self.text(octets))
      #expect(offer.protocols == thorough.protocols && offer.extensions == thorough.extensions)
      if head.isPlainUpgrade { plain += 1 }
      if !said.isEmpty { faulty += 1 }
    }
    // Of both kinds there are many, or nothing was compared.
    #expect(plain > 500 && faulty > 500, "\(plain) plain, \(faulty) faulty")
  }

  @Test func whateverIsChangedInTheAnswer() {
    let asked = Array(Self.request.utf8)
    let offer = WebSocketOffer(asked.span.bytes, Self.head(asked))
    var (plain, faulty) = (0, 0)
    for octets in Self.changed(Array(Self.answer.utf8)) {
      let head = Self.head(octets)
      let answer = WebSocketAnswer(to: offer, octets.span.bytes, head)
      let thorough = WebSocketAnswer(to: offer, octets.span.bytes, head, isThorough: true)
      var (note, other) = (HTTP.Note(), HTTP.Note())
      let said = Self.findings {
        answer.report(offer, octets.span.bytes, head, at: 0, &note, into: &$0)
      }
      let expected = Self.findings {
        thorough.report(offer, octets.span.bytes, head, at: 0, &other, into: &$0)
      }
      #expect(said == expected, Self.text(octets))
      #expect(note.accept == other.accept && note.traits == other.traits)
      #expect(answer.negotiation(nil) == thorough.negotiation(nil), Self.text(octets))
      if head.isPlainUpgrade { plain += 1 }
      if !said.isEmpty { faulty += 1 }
    }
    #expect(plain > 500 && faulty > 500, "\(plain) plain, \(faulty) faulty")
  }

  /// Every octet made another, taken out and doubled; every line taken out and doubled; further lines.
  private static func changed(_ octets: [UInt8]) -> [[UInt8]] {
    var all: [[UInt8]] = []
    for place in octets.indices {
      for octet in " \t\r\n:;,=\"!+aA31".utf8 + [0, 0x7f, 0xff, octets[place] ^ 0x20] {
        var other = octets
        other[place] = octet
        all.append(other)
      }
      all.append(Array(octets[..<place] + octets[(place + 1)...]))
      all.append(Array(octets[...place] + octets[place...]))
    }
    let lines = octets.split(separator: 10, omittingEmptySubsequences: false).map { $0 + [10] }
    for place in lines.indices.dropLast(2) {
      all.append(Array((lines[..<place] + lines[(place + 1)...]).joined().dropLast()))
      all.append(Array((lines[...place] + lines[place...]).joined().dropLast()))
    }
    for field in further { all.append(octets.dropLast(2) + Array((field + "\r\n\r\n").utf8)) }
    return all
  }

  private static func head(_ octets: [UInt8]) -> HTTPHead {
    octets.withUnsafeBytes { HTTPHead($0) }
  }

  private static func findings(_ report: (inout Dissection) -> Void) -> [String] {
    let kept = KeptDissection()
    report(&kept.dissection)
    return kept.dissection.findings.map(\.text)
  }

  private static func text(_ octets: [UInt8]) -> Comment {
    Comment(rawValue: String(decoding: octets, as: UTF8.self).debugDescription)
  }
}
