import Testing

@testable import Cryptography

@Suite struct FernetKeyTests {
  private func fault(_ text: String) -> FernetKey.Fault? {
    do {
      _ = try FernetKey.with(text)
      return nil
    } catch {
      return error
    }
  }

  @Test func textComesBack() throws {
    let key = try FernetKey.with(FernetVectors.secret)
    #expect(key.exportedText() == Array(FernetVectors.secret.utf8))
    let again = try #require(FernetKey.generate())
    #expect(!key.isSame(as: again))
    #expect(key.isSame(as: try FernetKey.with(String(decoding: key.exportedText(), as: UTF8.self))))
  }

  @Test func theFirstHalfSigns() throws {
    let octets = [UInt8](0..<32)
    let key = try #require(FernetKey.with(octets))
    let halves = key.withHalves { signing, encryption in
      (
        signing.withUnsafeBytes { [UInt8]($0) }, encryption.withUnsafeBytes { [UInt8]($0) }
      )
    }
    #expect(halves.0 == Array(0..<16))
    #expect(halves.1 == Array(16..<32))
  }

  @Test func whatIsNoKeyIsToldWithoutShowingIt() {
    #expect(fault(String(FernetVectors.secret.dropLast())) == nil)
    #expect(fault("") == .length(0))
    #expect(fault("AAAA") == .length(3))
    #expect(fault(String(repeating: "A", count: 44)) == .length(33))
    let spoiled = FernetVectors.secret.replacingFirst("9", with: "!")
    #expect(fault(spoiled) == .base64(Base64.Fault(rule: .alphabet, offset: 7)))
    let texts = [spoiled, "AAAA", FernetVectors.secret + "="].compactMap { fault($0)?.text }
    #expect(texts.count == 3)
    for text in texts { #expect(!text.contains("AAAA") && !text.contains("cw_0")) }
  }

  @Test func aKeyPrintsNothingOfItself() throws {
    let key = try FernetKey.with(FernetVectors.secret)
    var dumped = ""
    dump(key, to: &dumped)
    for text in [String(describing: key), String(reflecting: key), dumped] {
      #expect(!text.contains("cw_0"))
      #expect(!text.contains("115"), "the key's first octet")
    }
    #expect(!(key is any Encodable))
    #expect(!(key is any CustomStringConvertible))
  }
}

extension String {
  fileprivate func replacingFirst(_ one: Character, with other: Character) -> String {
    var text = self
    if let place = text.firstIndex(of: one) {
      text.replaceSubrange(place...place, with: [other])
    }
    return text
  }
}
