import Glibc
import PacketCore
import Testing

@testable import Protocols

@Suite struct JSONTests {
  private func fault(_ octets: [UInt8]) -> (fault: JSONFault, offset: Int) {
    var scanner = JSONScanner(0..<octets.count)
    let isValid = scanner.skipValue(octets.span.bytes) && scanner.isAtEnd(octets.span.bytes)
    #expect(isValid == (scanner.fault == .none))
    return (scanner.fault, scanner.position)
  }

  @Test(arguments: [
    "[]", "{}", "[ ]", "{ }", " \t\r\n[1]\n", "0", "-0", "-1.5e+10", "1E5", "0.1e-2", "\"\"",
    "\"a\"", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\uD83D\\uDC4B\"", "\"\\uD800\"", "true", "false",
    "null", "[1,2,[3,[4]],{\"a\":{\"b\":[]}}]", "{\"\":0}", "{\"a\":1,\"a\":2}", "\"ä👋\u{7f}\"",
    "[[],{},\"\",0,null]", "123456789012345678901234567890", "\"\u{10ffff}\u{e000}\"",
    "{\"long member name here\":\"value of more than eight octets\"}",
  ])
  func valid(_ text: String) {
    let found = fault(Array(text.utf8))
    #expect(found.fault == .none, "\(text)")
    #expect(throws: Never.self) { try JSONValue(Array(text.utf8)) }
  }

  @Test(
    arguments: [
      ("", .unexpectedEnd, 0), (" ", .unexpectedEnd, 1), ("[", .unexpectedEnd, 1),
      ("[1", .unexpectedEnd, 2), ("[1,", .unexpectedEnd, 3), ("[1,]", .unexpectedOctet, 3),
      ("[,1]", .unexpectedOctet, 1), ("[1 2]", .unexpectedOctet, 3), ("[1}", .unexpectedOctet, 2),
      ("{]", .unexpectedOctet, 1), ("{1:2}", .unexpectedOctet, 1), ("{\"a\"}", .unexpectedOctet, 4),
      ("{\"a\":}", .unexpectedOctet, 5), ("{\"a\":1,}", .unexpectedOctet, 7),
      ("{\"a\" 1}", .unexpectedOctet, 5), ("{,}", .unexpectedOctet, 1), ("01", .badNumber, 0),
      ("-", .unexpectedEnd, 1), ("-a", .badNumber, 1), ("1.", .unexpectedEnd, 2),
      ("[1.]", .badNumber, 3), ("[.5]", .unexpectedOctet, 1), ("[1e]", .badNumber, 3),
      ("[+1]", .unexpectedOctet, 1), ("tru", .unexpectedEnd, 3), ("trux", .badLiteral, 3),
      ("nul ", .badLiteral, 3), ("\"a", .unexpectedEnd, 2), ("\"\\", .unexpectedEnd, 2),
      ("\"\\x\"", .badEscape, 2), ("\"\\u12g4\"", .badEscape, 5), ("\"\\u12", .unexpectedEnd, 5),
      ("\"a\u{0}b\"", .controlCharacter, 2), ("\"\n\"", .controlCharacter, 1),
      ("\"1234567\t\"", .controlCharacter, 8), ("1 1", .trailing, 2), ("[]]", .trailing, 2),
      ("NaN", .unexpectedOctet, 0), ("'a'", .unexpectedOctet, 0),
      ("\u{feff}1", .unexpectedOctet, 0),
      ("[1]//", .trailing, 3), ("{\"a\":1 \"b\":2}", .unexpectedOctet, 7),
    ] as [(String, JSONFault, Int)])
  func invalid(_ text: String, _ expected: JSONFault, _ offset: Int) {
    let found = fault(Array(text.utf8))
    #expect(found.fault == expected, "\(text)")
    #expect(found.offset == offset, "\(text)")
  }

  @Test(
    arguments: [
      [0x80], [0xc0, 0x80], [0xc1, 0xbf], [0xe0, 0x9f, 0xbf], [0xed, 0xa0, 0x80],
      [0xf0, 0x8f, 0xbf, 0xbf],
      [0xf4, 0x90, 0x80, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xff], [0xc3], [0xe2, 0x82],
    ] as [[UInt8]])
  func notUTF8(_ octets: [UInt8]) {
    for before in 0..<9 {
      let found = fault([0x22] + [UInt8](repeating: 0x61, count: before) + octets + [0x22])
      #expect(found.fault == .badUTF8)
      #expect(found.offset == before + 1)
    }
  }

  @Test func everyPlaceOfAQuote() {
    for count in 0..<40 {
      let text = [0x22] + [UInt8](repeating: 0x61, count: count) + [0x22]
      #expect(fault(text).fault == .none)
      #expect(fault(Array(text.dropLast())).fault == .unexpectedEnd)
      for stop in [0x1f, 0x5c, 0x22, 0x80] as [UInt8] where count > 0 {
        for place in 1...count {
          var broken = text
          broken[place] = stop
          #expect(fault(broken).fault != .none)
        }
      }
    }
  }

  @Test func depth() {
    let limit = JSONScanner.depthLimit
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
      func nested(_ depth: Int) -> [UInt8] {
        Array(
          (String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth))
            .utf8)
      }
      #expect(fault(nested(limit)).fault == .none)
      #expect(fault(nested(limit + 1)).fault == .tooDeep)
    }
    #expect(fault([UInt8](repeating: 0x5b, count: 1 << 20)).fault == .tooDeep)
    #expect(throws: JSONValue.Failure(fault: .tooDeep, offset: limit)) {
      try JSONValue([UInt8](repeating: 0x5b, count: 100_000))
    }
  }

  @Test(arguments: [
    ("plain", "plain"), (#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{c}\n\r\t"), (#"\u00e4"#, "ä"),
    (#"\ud83d\udc4b!"#, "👋!"), (#"\ud83d"#, "\u{fffd}"), (#"\udc4b"#, "\u{fffd}"),
    (#"\ud83dx"#, "\u{fffd}x"), (#"\ud83d\u0041"#, "\u{fffd}A"), ("ä", "ä"), ("", ""),
  ])
  func strings(_ text: String, _ decoded: String) {
    let octets = Array(text.utf8)
    #expect(JSONText.decode(octets.span.bytes, 0..<octets.count) == decoded)
  }

  @Test func writing() throws {
    let value: JSONValue = [
      "a", 1, true, .null, ["b": "quote \" line \n bell \u{7} slash / back \\ ä"], .number("1e400"),
    ]
    var writer = JSONWriter()
    var attachments: [[UInt8]] = []
    writer.write(value, attachments: &attachments)
    #expect(
      String(decoding: writer.bytes, as: UTF8.self)
        == #"["a",1,true,null,{"b":"quote \" line \n bell \u0007 slash / back \\ ä"},1e400]"#)
    #expect(try JSONValue(writer.bytes) == value)
  }

  /// Every octet of a text lies in a bounded number of reads: twice the text, at most about twice the
  /// time; quadratic would be four times as much.
  @Test func aMegabyteIsLinear() {
    // Of this thread alone: other tests run beside it.
    func spent() -> Int {
      var time = timespec()
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
      return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
    func time(_ count: Int) -> Int {
      let text = Array(
        ("[" + String(repeating: "{\"a\":[\"\u{e4}\\n\",1.5]},", count: count) + "1]").utf8)
      return (0..<3).map { _ in
        let start = spent()
        #expect(fault(text).fault == .none)
        var lines = 0
        var outline = JSONOutline(text.span.bytes)
        outline.walk(text.span.bytes) { _, _, _, _, _ in lines += 1 }
        #expect(lines == count * 6 + 2)
        return spent() - start
      }.min() ?? 0
    }
    let short = time(2_000)
    let long = time(16_000)
    #expect(long < short * 40)
  }

  /// A text of two octets a value has no line for each of millions; what is left out is told.
  @Test func longTreesAreBounded() {
    let text = Array(("[" + String(repeating: "1,", count: JSONOutline.longest + 9) + "1]").utf8)
    var kinds: [Int] = []
    var rest: Range<Int>?
    var outline = JSONOutline(text.span.bytes)
    outline.walk(text.span.bytes) { kind, _, _, place, _ in
      kinds.append(kind)
      rest = place
    }
    #expect(kinds.count == JSONOutline.longest + 1)
    #expect(JSONOutline.kinds[kinds.last ?? 0].name == "json.unlisted")
    #expect(rest?.upperBound == text.count)
    #expect(rest?.count == 22)
  }

  @Test func tree() {
    var conversation = EngineIOConversation()
    conversation.take(7, .server, Array(#"{"a":[1,{"b":null}],"c":"d"}"#.utf8))
    #expect(conversation.layers == ["json"])
    var levels: [String] = []
    for record in conversation.walk.dissection.layers {
      for item in conversation.walk.fields(of: record, frame: conversation.octets)
      where item.field.name.hasPrefix("json.") {
        levels.append("\(item.depth) \(item.field.name)")
      }
    }
    #expect(
      levels == [
        "0 json.object", "1 json.member", "2 json.array", "2 json.key", "3 json.value.number",
        "3 json.object", "4 json.member", "5 json.member_with_value", "5 json.value.null",
        "5 json.key", "1 json.member", "2 json.member_with_value", "2 json.value.string",
        "2 json.key",
      ])
    #expect(conversation.values("json.member_with_value") == ["b:null", "c:d"])
    conversation.take(7, .server, Array(#"{"a":[1,}"#.utf8))
    #expect(conversation.remarks == ["Not valid JSON: unexpected character at octet 8"])
  }

  @Test func noiseNeverTraps() {
    let seed = UInt64.random(in: .min ... .max)
    print("JSONTests.noise: seed \(seed)")
    var lots = Lots(state: seed)
    let alphabet = Array("[]{}\",:\\u0123456789abcdefn-+.eE \u{e4}\u{1}".utf8)
    for _ in 0..<20_000 {
      let octets = (0..<Int.random(in: 0...40, using: &lots)).map { _ in
        alphabet.randomElement(using: &lots) ?? 0
      }
      let found = fault(octets)
      #expect(found.offset <= octets.count)
      var outline = JSONOutline(octets.span.bytes)
      outline.walk(octets.span.bytes) { _, _, _, place, _ in
        if let place { #expect(place.upperBound <= octets.count) }
      }
      if found.fault == .none, let value = try? JSONValue(octets) {
        var writer = JSONWriter()
        var none: [[UInt8]] = []
        writer.write(value, attachments: &none)
        #expect((try? JSONValue(writer.bytes)) == value)
      }
    }
  }
}
