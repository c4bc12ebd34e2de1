import Foundation
import Testing

/// Every form of JSON is JSON, and no object says one key twice, which most readers would lose.
@Suite struct JSONTests {
  @Test(arguments: TsharkComparisonTests.captures) func isWellFormed(_ capture: String) throws {
    let whole = try run(["read", capture, "-T", "json"])
    #expect(repeatedKeys(whole.output) == [])
    let packets = try #require(
      try JSONSerialization.jsonObject(with: Data(whole.output.utf8)) as? [[String: Any]])
    let rows = try run(["read", capture]).output.split(separator: "\n").count
    #expect(packets.count == rows)
    for form in ["jsonl", "ek"] {
      let lines = try run(["read", capture, "-T", form]).output.split(separator: "\n")
      #expect(lines.count == (form == "ek" ? 2 * rows : rows + 2))
      for line in lines {
        #expect(repeatedKeys(line) == [])
        _ = try JSONSerialization.jsonObject(with: Data(line.utf8))
      }
    }
  }

  @Test func repeatedKeysAreSeen() {
    #expect(repeatedKeys(#"{"a": {"a": ["a", {"b": 1, "c": "b:{"}]}, "b": 2}"#) == [])
    #expect(repeatedKeys(#"{"a": [{"b\"": 1, "b\"": 2}], "c": 1, "c": 3}"#) == [#"b\""#, "c"])
  }

  /// Keys that stand twice in one object of a well-formed text.
  private func repeatedKeys(_ text: some StringProtocol) -> [String] {
    var repeated: [String] = []
    var open: [Set<String>] = []
    var word: [UInt8] = []
    var isQuoted = false
    var isEscaped = false
    for byte in text.utf8 {
      if isQuoted {
        isQuoted = isEscaped || byte != UInt8(ascii: "\"")
        isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
        if isQuoted { word.append(byte) }
        continue
      }
      switch byte {
      case UInt8(ascii: "\""):
        isQuoted = true
        word.removeAll(keepingCapacity: true)
      case UInt8(ascii: "{"): open.append([])
      case UInt8(ascii: "}"): open.removeLast()
      case UInt8(ascii: ":"):
        let key = String(decoding: word, as: UTF8.self)
        if !open[open.count - 1].insert(key).inserted { repeated.append(key) }
      default: break
      }
    }
    return repeated
  }
}
