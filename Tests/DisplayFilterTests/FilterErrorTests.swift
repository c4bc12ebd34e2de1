import PacketCore
import Testing

@testable import DisplayFilter

/// The exact text that a wrong filter gets, caret line and remedy included.
@Suite struct FilterErrorTests {
  static let table: [(String, String)] = [
    (
      "toy.knid == 1",
      """
      "toy.knid" is not the name of a field or protocol.
          toy.knid == 1
          ^~~~~~~~
      Did you mean: toy.kind
      Try: netlab fields toy
      """
    ),
    (
      "toy && tyo.kind",
      """
      "tyo.kind" is not the name of a field or protocol.
          toy && tyo.kind
                 ^~~~~~~~
      Did you mean: toy.kind
      Try: netlab fields toy
      """
    ),
    (
      "toy.src == \"10.0.0.1\"",
      """
      IPv4 address cannot be converted from a string ("10.0.0.1").
          toy.src == "10.0.0.1"
                     ^~~~~~~~~~
      Did you mean: 10.0.0.1
      """
    ),
    (
      "toy.kind == 300",
      """
      "300" too big for this field, maximum 255.
          toy.kind == 300
                      ^~~
      """
    ),
    (
      "toy.kind ==",
      """
      Unexpected end of filter expression.
          toy.kind ==
                     ^
      """
    ),
    (
      "toy.kind = 1",
      """
      "=" does not compare; write "==".
          toy.kind = 1
                   ^
      """
    ),
    (
      "toy.kind == \"Hallo\"",
      """
      "Hallo" cannot be found among the possible values for toy.kind.
          toy.kind == "Hallo"
                      ^~~~~~~
      Did you mean: "Hello"
      """
    ),
    (
      "größe == 1",
      """
      "ö" was not expected here.
          größe == 1
            ^
      """
    ),
  ]

  @Test(arguments: table)
  func describes(_ row: (String, String)) {
    #expect(Self.fault(row.0)?.describe() == row.1)
  }

  /// Message and the faulty part of the text.
  static let messages: [(String, String, String)] = [
    ("toy.src == hello", "\"hello\" is not a valid IPv4 address.", "hello"),
    (
      "toy.src == 10.0.0.0/33", "Netmask bits in a CIDR IPv4 address should be <= 32, not 33.",
      "10.0.0.0/33"
    ),
    ("toy.src == 10.0.0.256", "\"10.0.0.256\" is not a valid IPv4 address.", "10.0.0.256"),
    ("toy.src == ::1", "\"::1\" is not a valid IPv4 address.", "::1"),
    ("toy.v6 == 10.0.0.1", "\"10.0.0.1\" is not a valid IPv6 address.", "10.0.0.1"),
    (
      "toy.mac == 00:11", "\"00:11\" contains too few bytes to be a valid Ethernet address.",
      "00:11"
    ),
    (
      "toy.kind contains 5",
      "toy.kind (type=unsigned integer) cannot participate in contains comparison.", "toy.kind"
    ),
    (
      "toy.src matches \"1\"",
      "toy.src (type=IPv4 address) cannot participate in matches comparison.", "toy.src"
    ),
    (
      "toy.analysis.odd == 1",
      "toy.analysis.odd (type=label) cannot participate in == comparison.", "toy.analysis.odd"
    ),
    ("toy.name matches abc", "Matches requires a double quoted string on the right side.", "abc"),
    (
      "toy.name matches \"(a\"",
      "Regex compilation error: missing closing parenthesis (at offset 0).", "\"(a\""
    ),
    (
      "toy.name matches r\"(a)\\1\"",
      "Regex compilation error: a back-reference is not supported: it cannot be matched in "
        + "bounded time (at offset 3).", "r\"(a)\\1\""
    ),
    (
      "toy.name matches \"(?=a)\"",
      "Regex compilation error: look-ahead is not supported: it cannot be matched in bounded "
        + "time (at offset 0).", "\"(?=a)\""
    ),
    (
      "toy.name matches \"((a{99}){99}){99}\"",
      "The regular expression is too large: its repetitions make more than 8192 states.",
      "\"((a{99}){99}){99}\""
    ),
    ("frob(toy.kind) == 1", "Function 'frob' does not exist.", "frob"),
    (
      "len(toy.kind)",
      "You cannot test whether a function is present; compare its result: len(…) == ….", "len"
    ),
    ("len() == 1", "Function len needs at least 1 arguments.", "len()"),
    ("len(toy, toy) == 1", "Function len can only accept 1 arguments.", "toy"),
    (
      "upper(toy.kind) == \"A\"", "Only string type fields can be used as parameter for upper().",
      "toy.kind"
    ),
    ("len(\"abc\") == 3", "Only fields can be used as parameter for len().", "\"abc\""),
    (
      "max(toy.kind, toy.src) == 1",
      "toy.kind (unsigned integer) and toy.src (IPv4 address) are not of compatible types.",
      "toy.src"
    ),
    ("toy.kind in {}", "\"}\" was not expected here.", "}"),
    (
      "toy.kind in {80 443}",
      "\"443\" was not expected here. Members of a set are separated by commas.", "443"
    ),
    (
      "toy.kind in {5..3}", "The range 5..3 is empty: its first value is the larger.", "5..3"
    ),
    ("(toy.kind == 1", "Unexpected end of filter expression.", ""),
    ("toy.kind == 1)", "\")\" was not expected here.", ")"),
    ("toy.kind == 1 toy", "\"toy\" was not expected here.", "toy"),
    (
      "toy AND link", "\"AND\" was not expected here; operators are written in lower case.", "AND"
    ),
    ("toy | link", "\"|\" is not an operator; write \"||\" or \"or\".", "|"),
    ("@toy.kind == 1", "\"@\" (raw value) is not supported.", "@"),
    ("toy.name == \"abc", "The final quote was missing from a quoted string.", "\"abc"),
    (
      "toy.name == \"a\\q\"",
      "\\q is not a valid character escape sequence; write \\\\ for a backslash, or r\"…\" for a "
        + "string that keeps them.", "\\q"
    ),
    ("toy.name == \"\\400\"", "\\400 is larger than 255.", "\\400"),
    ("toy.kind == ''", "Empty character constant.", "''"),
    ("toy.kind == 'ab'", "'ab' is too long to be a valid character constant.", "'ab'"),
    ("toy.kind == -1", "\"-1\" too small for this field, minimum 0.", "-1"),
    ("toy.offset == 128", "\"128\" too big for this field, maximum 127.", "128"),
    ("toy.kind == 1.5", "\"1.5\" is not a valid number.", "1.5"),
    ("toy.kind == 08", "\"08\" is not a valid number.", "08"),
    (
      "toy.kind == 99999999999999999999", "\"99999999999999999999\" does not fit 64 bits.",
      "99999999999999999999"
    ),
    (
      "toy.flags == http", "\"http\" is not a valid number.", "http"
    ),
    (
      "toy.flags == \"http\"", "Unsigned integer cannot be converted from a string (\"http\").",
      "\"http\""
    ),
    (
      "1 == 1", "Left side of \"==\" expression must be a field or function, not 1.", "1"
    ),
    ("5", "5 is neither a field nor a protocol name.", "5"),
    ("\"toy\"", "\"toy\" is neither a field nor a protocol name.", "\"toy\""),
    (
      "toy.src == toy.mac",
      "toy.src (IPv4 address) and toy.mac (Ethernet or other MAC address) are not of compatible "
        + "types.", "toy.mac"
    ),
    ("toy.src + 1 == 10.0.0.1", "toy.src (type=IPv4 address) cannot participate in +.", "toy.src"),
    (
      "toy.flags.top & 1", "toy.flags.top (type=Boolean) cannot participate in &.",
      "toy.flags.top"
    ),
    ("toy.kind / 0 == 1", "Division by zero.", "/"),
    (
      "toy.kind[0] == 1",
      "\"toy.kind\" is a unsigned integer and cannot be sliced into a sequence of bytes.",
      "toy.kind"
    ),
    ("toy[0:0]", "Range 0:0 isn't valid because length 0 isn't positive.", "0:0"),
    ("toy[3-0] == 1", "Range 3-0 isn't valid because 3 is greater than 0.", "3-0"),
    (
      "toy[]",
      "\"]\" was not expected in a slice; write [start:length], [first-last], [index], [:length] "
        + "or [start:].", "]"
    ),
    ("\"abc\"[0] == 1", "Range is not supported for entity \"abc\".", "\"abc\""),
    ("toy.kind#0", "Layers are counted from 1.", "0"),
    ("toy contains hi", "\"hi\" is not a valid byte string; write text in quotes.", "hi"),
    (
      "toy.time > \"2099-11\"",
      "\"2099-11\" is not a valid absolute time. Example: \"2026-11-22 21:26:53.2\" or "
        + "\"Nov 22, 2026 21:26:53\".", "\"2099-11\""
    ),
    (
      "toy.gap > \"3\"", "Time offset cannot be converted from a string (\"3\").", "\"3\""
    ),
    ("any toy", "Unexpected end of filter expression.", ""),
    ("not", "Unexpected end of filter expression.", ""),
    (
      "(toy == 1) == 2", "A condition has no value to compute with.", "(toy == 1)"
    ),
  ]

  @Test(arguments: messages)
  func names(_ row: (String, String, String)) throws {
    let fault = try #require(Self.fault(row.0))
    #expect(fault.message == row.1)
    #expect(String(decoding: Array(row.0.utf8)[fault.range], as: UTF8.self) == row.2)
  }

  static func fault(_ text: String) -> FilterError? {
    do throws(FilterError) {
      _ = try DisplayFilter(text, index: ToyCapture.index)
      return nil
    } catch {
      return error
    }
  }

  @Test func deepNestingIsRefused() {
    for (open, close) in [
      ("(", ")"), ("!", ""), ("not ", ""), ("-", ""), ("abs(", ")"), ("{", "}"),
    ] {
      let text =
        String(repeating: open, count: 5000) + "toy.kind" + String(repeating: close, count: 5000)
      #expect(Self.fault(text)?.message.contains("nested more than 100 levels") == true)
    }
    let chain = "toy.kind" + String(repeating: " + 1", count: 5000) + " == 1"
    #expect(Self.fault(chain)?.message.contains("nested more than 100 levels") == true)
    let slices = "toy" + String(repeating: "[0:1]", count: 5000)
    #expect(Self.fault(slices)?.message.contains("nested more than 100 levels") == true)
  }

  @Test func longChainsAreNotDeep() throws {
    let chain = Array(repeating: "toy.kind == 1", count: 3000).joined(separator: " or ")
    #expect(try ToyCapture.passing(chain) == [1])
  }

  @Test func lengthIsLimited() {
    let text = String(repeating: " ", count: 1 << 16) + "toy"
    #expect(Self.fault(text)?.message == "The filter is 65539 octets long; 65536 are allowed.")
    let set = "toy.kind in {" + Array(repeating: "1", count: 5000).joined(separator: ",") + "}"
    #expect(Self.fault(set)?.message == "A set holds at most 4096 values.")
  }

  @Test func aLongTextIsShownAroundItsFault() throws {
    let text = String(repeating: "toy and ", count: 40) + "nope and " + "toy"
    let lines = try #require(Self.fault(text)).describe().split(separator: "\n")
    #expect(lines[1].count <= 140)
    let caret = try #require(lines[2].firstIndex(of: "^"))
    let column = lines[2].distance(from: lines[2].startIndex, to: caret)
    #expect(lines[1].dropFirst(column).hasPrefix("nope and toy"))
  }

  @Test func noTextTraps() {
    var random = Seeded(seed: .random(in: 0...UInt64.max))
    print("filter text seed \(random.seed)")
    let pieces = [
      "toy", "toy.kind", "toy.addr", "==", "!=", "<", "in", "{", "}", "(", ")", "[", "]", ":", "-",
      "..", "1", "0x1", "10.0.0.1", "/8", "\"a\"", "r\"", "'", "\\", "&&", "||", "not", "any",
      "all", "matches", "contains", "#", "+", "*", "%", "len", "max", ",", " ", "::1", "00:11",
      "~", "ö", "\u{0}", "9999999999999999999999", "toy.name", "[0:1]", "#1", "-1", "toy.v6",
    ]
    for _ in 0..<20_000 {
      var text = ""
      for _ in 0..<Int.random(in: 1...12, using: &random) {
        text += pieces[Int.random(in: 0..<pieces.count, using: &random)]
        if Bool.random(using: &random) { text += " " }
      }
      if let fault = Self.fault(text) {
        #expect(fault.range.lowerBound >= 0 && fault.range.upperBound <= text.utf8.count)
        #expect(!fault.describe().isEmpty)
      }
    }
  }
}

/// Random numbers that a printed seed makes again.
struct Seeded: RandomNumberGenerator {
  let seed: UInt64
  private var state: UInt64

  init(seed: UInt64) {
    self.seed = seed
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }
}
