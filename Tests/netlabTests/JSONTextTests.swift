import Foundation
import PacketCore
import Projection
import Testing

/// Texts and the JSON strings that are made of them.
@Suite struct JSONTextTests {
  private func quoted(_ octets: [UInt8]) -> Data {
    var text = TextBuffer()
    octets.withUnsafeBytes { text.append(json: $0) }
    return text.withBytes { Data($0) }
  }

  private func read(_ data: Data) throws -> String? {
    try JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed) as? String
  }

  @Test(arguments: [
    "", "plain", "\"quoted\" and \\ and /", "\u{0}\u{1}\u{1f}\u{7f} \t\r\n", "58418 → 5000 [SYN]",
    "Grüße 👋 seven7", "exactly8", "exactly8\"", "\u{2028}\u{202e}",
  ]) func comesBack(_ text: String) throws {
    #expect(try read(quoted(Array(text.utf8))) == text)
    var buffer = TextBuffer()
    buffer.append(json: text)
    #expect(buffer.withBytes { Data($0) } == quoted(Array(text.utf8)))
  }

  @Test func anyOctetsAreOneString() throws {
    let seed = UInt64.random(in: .min ... .max)
    var random = seed
    func next() -> UInt64 {
      random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return random >> 33
    }
    for _ in 0..<2000 {
      let octets = (0..<Int(next() % 40)).map { _ in
        // Half of them from what begins and continues scalars.
        next() % 2 == 0
          ? UInt8(next() % 256) : [0xe2, 0x86, 0x92, 0x22, 0x41, 0xf0][Int(next() % 6)]
      }
      let data = quoted(octets)
      #expect(String(data: data, encoding: .utf8) != nil, "seed \(seed)")
      let found = try read(data)
      // One U+FFFD an octet here, one a sequence there: apart from them the text is the same.
      let wanted = String(decoding: octets, as: UTF8.self)
      let (one, other) = (found?.filter { $0 != "\u{FFFD}" }, wanted.filter { $0 != "\u{FFFD}" })
      #expect(one == other, "seed \(seed): \(octets)")
    }
  }
}
