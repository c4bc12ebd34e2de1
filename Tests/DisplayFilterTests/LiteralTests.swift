import Testing

@testable import DisplayFilter

/// Values as filters write them.
@Suite struct LiteralTests {
  @Test func numbers() {
    let table: [(String, UInt64?)] = [
      ("0", 0), ("10", 10), ("010", 8), ("0x1F", 31), ("0b101", 5), ("0B1", 1), ("08", nil),
      ("0x", nil), ("0b2", nil), ("", nil), ("1a", nil), ("18446744073709551615", .max),
      ("18446744073709551616", nil), ("0xffffffffffffffff", .max), ("+1", nil), ("1_0", nil),
    ]
    for (word, value) in table { #expect(wholeNumber(word) == value, "\(word)") }
  }

  @Test func addresses() {
    let v6: [(String, UInt128?)] = [
      ("::", 0), ("::1", 1), ("1::", 1 << 112),
      ("1:2:3:4:5:6:7:8", 0x0001_0002_0003_0004_0005_0006_0007_0008),
      ("::ffff:1.2.3.4", 0xffff_0102_0304), ("1::2::3", nil), (":1", nil), ("1:", nil),
      ("1:2", nil),
      ("1:2:3:4:5:6:7:8:9", nil), ("1:2:3:4:5:6:7::", 0x0001_0002_0003_0004_0005_0006_0007_0000),
      ("1:2:3:4:5:6:7:8::", nil), ("12345::", nil), ("::1.2.3", nil), (":::", nil), ("::g", nil),
    ]
    for (word, value) in v6 { #expect(AddressLiteral.ipv6(word) == value, "\(word)") }
    #expect(AddressLiteral.ipv4("1.2.3.4") == 0x0102_0304)
    for word in ["1.2.3", "1.2.3.4.5", "1.2.3.256", "1..2.3", "1.2.3.a", "", "1.2.3.0004"] {
      #expect(AddressLiteral.ipv4(word) == nil, "\(word)")
    }
    #expect(AddressLiteral.mac("aa-bb-cc-dd-ee-ff") == 0xaabb_ccdd_eeff)
    #expect(AddressLiteral.mac("aabb.ccdd.eeff") == 0xaabb_ccdd_eeff)
    #expect(AddressLiteral.octets("0.1.0.d") == [0, 1, 0, 13])
    #expect(AddressLiteral.octets("0x1388") == [0x13, 0x88])
    #expect(AddressLiteral.octets("abc") == nil)
  }

  @Test func times() {
    let table: [(String, Int128?)] = [
      ("1970-01-01T00:00:00Z", 0), ("1970-01-01 00:00:01.5 UTC", 1_500_000_000),
      ("2000-02-29 00:00Z", 951_782_400_000_000_000), ("2001-02-29 00:00Z", nil),
      ("1969-12-31 23:59:59Z", -1_000_000_000), ("1970-01-01 01:00+01:00", 0),
      ("1970-01-01 01:00+0100", 0), ("Jan 1, 1970 00:00:02 UTC", 2_000_000_000),
      ("2026-11-22T21:26:53.123456789Z", 1_795_382_813_123_456_789), ("2026-13-01Z", nil),
      ("2026-11-22 24:00Z", nil), ("yesterday", nil), ("2026-11-22 21:26:53 CET", nil), ("", nil),
    ]
    for (text, value) in table { #expect(TimeLiteral.date(text) == value, "\(text)") }
    #expect(TimeLiteral.date("2026-11-22") != nil)
    #expect(TimeLiteral.seconds("-1.5") == -1_500_000_000)
    #expect(TimeLiteral.seconds("0.0000000019") == 1)
    #expect(TimeLiteral.seconds("1.5.2") == nil)
  }

  @Test func slices() {
    #expect(SliceRange(start: -2, end: .rest).resolve(in: 5) == 3..<5)
    #expect(SliceRange(start: 1, end: .through(-1)).resolve(in: 5) == 1..<5)
    #expect(SliceRange(start: 4, end: .length(2)).resolve(in: 5) == nil)
    #expect(SliceRange(start: -6, end: .length(1)).resolve(in: 5) == nil)
    #expect(SliceRange(start: 0, end: .rest).resolve(in: 0) == nil)
  }
}
