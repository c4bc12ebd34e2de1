import PacketCore
import Testing

@testable import DisplayFilter

/// What each form of the language keeps of the four packets of `ToyCapture`.
@Suite struct LanguageTests {
  static let table: [(String, [Int])] = [
    // Existence.
    ("", [1, 2, 3, 4]), ("  \n", [1, 2, 3, 4]), ("toy", [1, 2, 3]), ("link", [1, 2, 3, 4]),
    ("frame", [1, 2, 3, 4]), ("toy.name", [1, 3]), ("!toy", [4]), ("not toy.name", [2, 4]),
    ("toy.kind", [1, 2, 3]), ("toy.addr", [1, 2, 3]), ("data", [1, 4]), ("toy.mark", [2, 3]),
    ("toy.mark.high", [2, 3]), ("toy.flags.top", [1, 2, 3]), ("toy.option.value", [1, 3]),
    // Numbers.
    ("toy.kind == 1", [1]), ("toy.kind eq 0x01", [1]), ("toy.kind == 0b10", [2]),
    ("toy.kind == 0310", [3]), ("toy.kind == '\\x01'", [1]), ("toy.kind == '\\001'", [1]),
    ("toy.kind > 2", [3]), ("toy.kind >= 2", [2, 3]), ("toy.kind < 2", [1]),
    ("toy.kind le 2", [1, 2]), ("toy.kind ge 200", [3]), ("toy.kind gt 200", []),
    ("2 == toy.kind", [2]), ("2 < toy.kind", [3]), ("1 < toy.kind < 4", [2, 3]),
    ("1 <= toy.kind <= 2", [1, 2]), ("toy.offset == -3", [1]), ("toy.offset < 0", [1]),
    ("toy.offset >= 7", [2, 3]), ("-toy.offset == 3", [1]), ("toy.flags == 0x8010", [1]),
    ("toy.flags.low == 1", [1]), ("toy.flags.low == 15", [3]), ("toy.flags.low != 15", [1, 2]),
    ("toy.hdr_len == 20", [1, 3]), ("toy.hdr_len == 24", [2]), ("toy.hdr_len == 5", []),
    ("toy.mark.high == 255", [3]), ("toy.option.value == 97", [1]),
    ("frame.number == 2", [2]), ("frame.len > 66", [1, 3]), ("frame.number % 2 == 1", [1, 3]),
    // Booleans.
    ("toy.flags.top == 1", [1, 3]), ("toy.flags.top == true", [1, 3]),
    ("toy.flags.top == TRUE", [1, 3]), ("toy.flags.top == True", [1, 3]),
    ("toy.flags.top == 0", [2, 3]), ("toy.flags.top == false", [2, 3]),
    ("toy.flags.top == 2", [1, 3]), ("toy.flags.top == \"Set\"", [1, 3]),
    ("toy.flags.top != 1", [2]),
    // Several values.
    ("toy.addr == 10.0.0.1", [1, 3]), ("toy.addr != 10.0.0.1", [2]),
    ("toy.addr ne 10.0.0.1", [2]), ("toy.addr all_ne 10.0.0.1", [2]),
    ("toy.addr any_eq 10.0.0.1", [1, 3]), ("toy.addr === 10.0.0.2", [2]),
    ("toy.addr all_eq 10.0.0.2", [2]), ("toy.addr !== 10.0.0.2", [1, 3]),
    ("toy.addr ~= 10.0.0.2", [1, 3]), ("toy.addr any_ne 10.0.0.2", [1, 3]),
    ("any toy.addr == 10.0.0.1", [1, 3]), ("all toy.addr == 10.0.0.0/8", [1, 2]),
    ("any toy.addr != 10.0.0.2", [1, 3]), ("all toy.addr != 10.0.0.2", [3]),
    ("!(toy.addr == 10.0.0.1)", [2, 4]), ("all toy.kind < 4", [1, 2]),
    ("all toy.letter > 96", [1]), ("any toy.letter > 96", [1, 3]), ("toy.letter == 47", [3]),
    ("all toy.letter in {97..99}", [1]), ("toy.letter in {97..99, 32}", [1, 3]),
    ("toy.letter not in {97..99, 32}", [2, 4]),
    // Addresses.
    ("toy.src == 10.0.0.0/24", [1, 2]), ("toy.src == 10.0.0.0/31", [1]),
    ("toy.src == 0.0.0.0/0", [1, 2, 3]), ("toy.src != 10.0.0.0/24", [3]),
    ("toy.src < 10.0.0.2", [1]), ("toy.src > 10.0.0.0/24", [3]),
    ("toy.src >= 10.0.0.0/24", [1, 2, 3]),
    ("toy.dst == 255.255.255.255", [3]), ("toy.src in {10.0.0.1..10.0.0.9}", [1, 2]),
    ("toy.src in {10.0.0.1, 192.168.0.0/16}", [1, 3]), ("toy.src & 255.0.0.0 == 192.0.0.0", [3]),
    ("toy.v6 == fe80::1", [1]), ("toy.v6 == fe80::/10", [1]), ("toy.v6 == ::1", [3]),
    ("toy.v6 == 2001::/16", [2]), ("toy.v6 > ::1", [1, 2]), ("toy.v6 == ::/0", [1, 2, 3]),
    ("toy.v6 == 2001:0:0:0:0:0:0.0.0.1", [2]), ("toy.v6 & ffff:: == fe80::", [1]),
    ("toy.mac == 00:11:22:33:44:55", [1, 2, 3]), ("toy.mac == ff-ff-ff-ff-ff-ff", [3]),
    ("toy.mac == 0011.2233.4455", [1, 2, 3]), ("link.dst == 001122334455", [1, 2, 3]),
    ("link.src == 0a:0b:0c:0d:0e:0f", [1, 2, 3]), ("toy.mac & 01:00:00:00:00:00", [3]),
    // Octets and slices.
    ("toy.body == 61:62:63", [1]), ("toy.body == \"abc\"", [1]), ("toy.body contains 62", [1]),
    ("toy.body contains \"GET\"", [3]), ("toy.body[0] == 61", [1]), ("toy.body[0:2] == 61.62", [1]),
    ("toy.body[1-2] == 62-63", [1]), ("toy.body[-1] == 63", [1]), ("toy.body[-2:] == 62:63", [1]),
    ("toy.body[:2] == \"ab\"", [1]), ("toy.body[1:] == \"bc\"", [1]),
    ("toy.body[0,2] == 61:63", [1]), ("toy.body[-3--2] == \"ab\"", [1]),
    ("toy.body[0:2][1] == 62", [1]), ("toy.body[3:1]", [3]), ("toy.body[0:100]", []),
    ("toy.body[5:1] != 00", [1, 3]), ("toy.body[5:1] >= 00", [3]),
    ("toy.body[0,99]", [1, 3]), ("not toy.body[3:1]", [1, 2, 4]),
    ("toy.body > 60", [1]), ("toy.body[0:3] in {\"GET\", \"abc\"}", [1, 3]),
    ("link[12:2] == 99:99", [1, 2, 3]), ("link[12:2] == 12:34", [4]), ("frame[-1] == 03", [4]),
    ("frame contains \"hi\"", [1]), ("toy[42:] contains \"there\"", [1]), ("toy[0] == 01", [1]),
    ("toy[0] == 0x01", [1]), ("toy[1:2] & 8000", [1, 3]), ("toy[2] & 1", [2, 3]),
    ("link.src[0:3] == 0a:0b:0c", [1, 2, 3]), ("toy.src[0] == 0a", [1, 2]),
    ("toy.v6[0:2] == fe:80", [1]), ("link.src contains 0b:0c", [1, 2, 3]),
    // Strings.
    ("toy.name == \"abc\"", [1]), ("toy.name == abc", [1]), ("toy.name != \"abc\"", [3]),
    ("toy.name contains \"b\"", [1]), ("toy.name > \"abb\"", [1]), ("toy.name == \"\\x61bc\"", [1]),
    ("toy.name == \"\\141\\u0062c\"", [1]), ("toy.name == r\"abc\"", [1]),
    ("toy.name[0:3] == \"GET\"", [3]), ("toy.name in {\"abc\", \"x\"}", [1]),
    ("toy.name in {\"a\" .. \"b\"}", [1]), ("toy.name == toy.body", [1, 3]),
    // Regular expressions.
    ("toy.name matches \"^ABC$\"", [1]), ("toy.name matches \"(?-i)^ABC$\"", []),
    ("toy.name ~ \"b|T /\"", [1, 3]), ("toy.name matches r\"\\w+ /\\w\"", [3]),
    ("frame matches \"hi\\\\s+t\"", [1]), ("toy.body matches r\"\\x47\\x45\"", [3]),
    ("string(toy.kind) matches \"^2\"", [2, 3]), ("link.src matches \"\\x0b\"", [1, 2, 3]),
    // Times.
    ("toy.time == \"2023-11-14T22:13:20.5Z\"", [1]), ("toy.time == 1700000000.5", [1]),
    ("toy.time > \"2020-01-01 00:00:00 UTC\"", [1]),
    ("toy.time < \"Jan 2, 1970 00:00:00 UTC\"", [2, 3]),
    ("toy.time == \"2023-11-14 23:13:20.5+01:00\"", [1]), ("frame.time_epoch >= 102", [3, 4]),
    ("frame.time_epoch == 101.0", [2]), ("frame.time_relative > 1.5", [3, 4]),
    ("frame.time_delta == 1", [2, 3, 4]), ("toy.gap == -0.3", [1]), ("toy.gap > 0.69", [2, 3]),
    ("toy.gap in {-1 .. 0.75}", [1, 2, 3]), ("toy.gap + 1 == 0.7", [1]),
    ("toy.ratio == 0.25", [1]), ("toy.ratio > 0.5", [3]), ("toy.ratio in {0.2..0.3, 50}", [1, 3]),
    ("toy.ratio * 2 == 1", [2]), ("toy.ratio == 2.5e-1", [1]),
    // Labels.
    ("toy.kind == \"Hello\"", [1]), ("toy.kind == hello", [1]), ("toy.kind == \"not now\"", [2]),
    ("toy.kind == TWIN", [3]), ("toy.kind in {hello, twin}", [1, 3]),
    ("toy.kind != hello", [2, 3]),
    // Arithmetic.
    ("toy.kind + 1 == 2", [1]), ("toy.kind * 2 - 2 == toy.kind", [2]),
    ("toy.kind / 2 == 1", [2, 3]),
    ("toy.kind & 1", [1, 3]), ("toy.flags & 0x8000", [1, 3]), ("toy.kind bitwise_and 2", [2, 3]),
    ("toy.kind & 3 == 3", [3]), ("{toy.kind + 1} * 2 == 4", [1]), ("(toy.kind + 1) * 2 == 4", [1]),
    ("toy.kind + toy.offset == 9", [2]), ("toy.kind - 1", [2, 3]), ("toy.kind % 100 == 0", [3]),
    ("toy.kind-1 == 0", [1]), ("toy.kind / toy.flags.low == 1", [1, 2]),
    // Functions.
    ("len(toy.name) == 3", [1]), ("len(toy.body) > 3", [3]), ("len(toy.mac) == 6", [1, 2, 3]),
    ("len(toy.flags) == 2", [1, 2, 3]), ("count(toy) == 2", [3]), ("count(toy.addr) == 2", [1, 2]),
    ("count(toy.letter) == 8", [3]), ("count(toy.letter) == 0", []),
    ("upper(toy.name) == \"ABC\"", [1]), ("lower(toy.name) contains \"get\"", [3]),
    ("max(toy.kind) == 200", [3]), ("min(toy.kind) == 3", [3]), ("max(toy.kind, 7) == 7", [1, 2]),
    ("min(toy.letter, 100) == 97", [1]), ("abs(toy.offset) == 3", [1]),
    ("string(toy.src) contains \"168\"", [3]), ("string(toy.kind) == \"1\"", [1]),
    ("string(toy.mac) == \"ff:ff:ff:ff:ff:ff\"", [3]), ("string(toy.v6) == \"fe80::1\"", [1]),
    ("len(toy.body[1:]) == 2", [1]),
    // Field against field.
    ("toy.src == toy.dst", [2]), ("toy.src != toy.dst", [1, 3]), ("toy.src < toy.dst", [1, 3]),
    ("toy.mac == link.dst", [1, 2, 3]), ("toy.letter == toy.option.value", [1, 3]),
    ("toy.kind in {toy.flags.low, 200}", [1, 2, 3]), ("all toy.src == toy.dst", [2]),
    // Layers.
    ("toy.kind#1 == 3", [3]), ("toy.kind#2 == 200", [3]), ("toy.kind#2", [3]), ("toy#2", [3]),
    ("toy.kind#[1-2] == 200", [3]), ("toy.kind#[-1] == 200", [3]), ("toy.kind#[-1] == 1", [1]),
    ("toy.kind#[2:] == 3", []), ("toy.kind#1-3 == 0", [3]), ("toy#2[0] == c8", [3]),
    ("toy.addr#2 == 255.255.255.255", [3]),
    // Connectives.
    ("toy.kind == 1 && toy.flags.top", [1]), ("toy.kind == 1 and toy.kind == 2", []),
    ("toy.kind == 1 || toy.kind == 2", [1, 2]), ("toy.kind == 1 or !toy", [1, 4]),
    ("toy ^^ data", [2, 3, 4]), ("toy xor toy.name", [2]), ("toy xor toy xor toy", [1, 2, 3]),
    ("not toy and data", [4]), ("not (toy and data)", [2, 3, 4]), ("! ! toy", [1, 2, 3]),
    ("toy.kind == 1 or toy.kind == 2 and toy.name", [1]), ("!toy.kind == 1", [2, 3, 4]),
    ("(toy.kind == 1 or toy.kind == 2) and toy.name", [1]), ("toy&&link", [1, 2, 3]),
    ("toy.kind==1&&link.type==0x9999", [1]), ("not toy xor data and link", [1]),
    // Findings.
    ("toy.analysis.odd", [1, 3]), ("!toy.analysis.odd", [2, 4]), ("toy.analysis.long", [3]),
    ("_ws.expert", [1, 3]), ("_ws.expert.severity == warning", [1, 3]),
    ("_ws.expert.severity == \"Note\"", [3]), ("_ws.expert.severity >= warning", [1, 3]),
    ("_ws.expert.group == Sequence", [1, 3]), ("_ws.expert.message contains \"odd\"", [1, 3]),
    ("count(_ws.expert) == 2", [3]), ("_ws.malformed", []), ("_ws.expert.group == protocol", [3]),
  ]

  @Test(arguments: table)
  func keeps(_ row: (String, [Int])) throws {
    #expect(try ToyCapture.passing(row.0) == row.1)
    #expect(try ToyCapture.passing(row.0, direct: false) == row.1, "decoding every field")
  }
}
