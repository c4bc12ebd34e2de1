import PacketCore
import Protocols
import Testing

/// The plaintext of the exchange: written, read back, and refused where it is wrong.
@Suite struct CraftedMessageTests {
  private static let message = CraftedMessage(
    .message, id: .init(high: 0x0123_4567_89ab_cdef, low: 7), sender: "ada", room: "ABCDEF",
    text: "hi \"you\"\n\u{1F600}", part: 2, parts: 3, initialSequence: 0xffff_fff0, sequence: 5,
    wantsOrder: true)

  @Test func whatIsWrittenIsRead() throws {
    var numbers = SeededNumbers(seed: 20)
    for kind in CraftedMessage.Kind.allCases {
      for code in [nil] + CraftedReason.Code.allCases.map({ Optional($0) }) {
        var message = Self.message
        message.kind = kind
        message.id = .init(drawnFrom: &numbers)
        message.room = numbers.chance(50) ? nil : "x"
        message.reason = code.map { CraftedReason($0, found: "0x1", expected: "0x2") }
        #expect(try CraftedMessage(message.json) == message)
      }
    }
  }

  @Test func theTextIsAsDocumented() {
    #expect(
      String(decoding: Self.message.json, as: UTF8.self)
        == #"{"v":1,"kind":"message","id":"0123456789abcdef0000000000000007","sender":"ada","#
        + #""room":"ABCDEF","text":"hi \"you\"\n😀","part":2,"parts":3,"isn":4294967280,"seq":5,"#
        + #""ordered":true}"#)
  }

  @Test func unknownMembersArePassedOver() throws {
    let text = String(decoding: Self.message.json.dropLast(), as: UTF8.self) + #","new":[1,{}]}"#
    #expect(try CraftedMessage(Array(text.utf8)) == Self.message)
  }

  @Test(arguments: [
    ("[]", "the plaintext is no JSON object (octet 0)"),
    ("{", "the plaintext is no JSON object (octet 1)"),
    ("{}", "the plaintext has no version that is known"),
    (#"{"v":2}"#, "the plaintext has no version that is known"),
    (#"{"v":1,"kind":"x"}"#, "the plaintext's \"kind\" is missing or wrong"),
    (#"{"v":1,"kind":"ack","id":"12"}"#, "the plaintext's \"id\" is missing or wrong"),
  ]) func whatIsWrongIsNamed(_ text: String, _ words: String) {
    let fault = #expect(throws: CraftedMessage.Fault.self) {
      try CraftedMessage(Array(text.utf8))
    }
    #expect(fault?.text == words)
  }

  @Test(arguments: [
    ("\"part\":2", "\"part\":0"), ("\"part\":2", "\"part\":4"), ("\"parts\":3", "\"parts\":65537"),
    ("\"seq\":5", "\"seq\":4294967296"), ("\"isn\":4294967280", "\"isn\":-1"),
  ]) func numbersOutOfRangeAreRefused(_ right: String, _ wrong: String) {
    let text = String(decoding: Self.message.json, as: UTF8.self)
      .split(separator: right, maxSplits: 1).joined(separator: wrong)
    #expect(throws: CraftedMessage.Fault.self) { try CraftedMessage(Array(text.utf8)) }
  }
}
