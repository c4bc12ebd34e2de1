import Foundation
import Testing

@testable import Cryptography

@Suite struct Base64Tests {
  /// RFC 4648 section 10.
  @Test(
    arguments: zip(
      ["", "f", "fo", "foo", "foob", "fooba", "foobar"],
      ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"]))
  func asPublished(_ plain: String, _ text: String) throws {
    #expect(Base64.encode(Array(plain.utf8)) == Array(text.utf8))
    let decoded = try Base64.decode(Array(text.utf8))
    #expect(decoded == Base64.Decoded(octets: Array(plain.utf8), isCanonical: true))
    let bare = text.filter { $0 != "=" }
    #expect(try Base64.decode(Array(bare.utf8), padding: .optional) == decoded)
  }

  @Test func againstFoundation() throws {
    let seed = UInt64.random(in: 0 ... .max)
    print("Base64Tests.againstFoundation: seed \(seed)")
    var random = SplitMix(state: seed)
    for size in 0..<300 {
      let octets = (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
      let expected = Data(octets).base64EncodedString()
      #expect(Base64.encode(octets) == Array(expected.utf8), "seed \(seed)")
      let url = expected.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 }
      #expect(Base64.encode(octets, .url) == Array(String(url).utf8), "seed \(seed)")
      #expect(try Base64.decode(Array(expected.utf8)).octets == octets)
      #expect(try Base64.decode(Array(String(url).utf8), .url).octets == octets)
    }
  }

  /// Both without making octets, held against what makes them.
  @Test func lengthAndEqualityWithoutDecoding() throws {
    let seed = UInt64.random(in: 0 ... .max)
    print("Base64Tests.lengthAndEqualityWithoutDecoding: seed \(seed)")
    var random = SplitMix(state: seed)
    for size in 0..<100 {
      let octets = (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
      let text = Base64.encode(octets)
      #expect(Self.judge(text, octets) == (size, true))
      #expect(Self.judge(text + [0x41], octets).isText == false)
      for place in text.indices {
        var other = text
        other[place] = UInt8.random(in: 0...255, using: &random)
        let length = (try? Base64.decode(other))?.octets.count
        #expect(Self.judge(other, octets) == (length, other == text), "seed \(seed)")
      }
    }
  }

  private static func judge(_ text: [UInt8], _ octets: [UInt8]) -> (length: Int?, isText: Bool) {
    let length = Base64.decodedLength(of: text.span.bytes)
    return (length, Base64.isText(text.span.bytes, of: octets.span.bytes))
  }

  private func fault(
    _ text: String, _ alphabet: Base64.Alphabet = .standard, _ padding: Base64.Padding = .required
  ) -> String {
    do {
      return try Base64.decode(Array(text.utf8), alphabet, padding: padding).isCanonical
        ? "ok" : "not canonical"
    } catch {
      return "\(error.rule) \(error.offset)"
    }
  }

  @Test func eachFaultIsNamedWithItsPlace() {
    #expect(fault("Zm9v!mFy") == "alphabet 4")
    #expect(fault("Zm9vYmFy\n") == "alphabet 8")
    #expect(fault("Zm9v Zm9v") == "alphabet 4")
    #expect(fault("Zm9-") == "alphabet 3")
    #expect(fault("Zm9/", .url) == "alphabet 3")
    #expect(fault("Zm9vY") == "length 5")
    #expect(fault("Zm9vY===") == "padding 5")
    #expect(fault("Zm9vYg") == "padding 6")
    #expect(fault("Zm9vYg", .standard, .optional) == "ok")
    #expect(fault("Zm9vYg=") == "padding 7")
    #expect(fault("Zm9vYg=", .standard, .optional) == "padding 7")
    #expect(fault("Zm9vYmE==") == "padding 8")
    #expect(fault("Zm9v=") == "padding 4")
    #expect(fault("=") == "padding 0")
    #expect(fault("====") == "padding 0")
    #expect(fault("Zg==Zg==") == "padding 2")
    #expect(fault("Zm9v!") == "alphabet 4")
    #expect(fault("Zm9v\u{e9}A") == "alphabet 4")
    #expect(fault("Zh==") == "not canonical")
    #expect(fault("Zm9=") == "not canonical")
    #expect(fault("Zm8=") == "ok")
  }

  /// Every octet in every place of a group is taken or refused as the alphabet says.
  @Test func everyCharacterInEveryPlace() {
    let standard = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    for place in 0..<8 {
      for octet in UInt8.min ... .max {
        var text = Array("AAAAAAAA".utf8)
        text[place] = octet
        let isTaken = (try? Base64.decode(text)) != nil
        let endsInPadding = octet == 0x3d && place == 7
        #expect(isTaken == (standard.contains(octet) || endsInPadding), "\(octet) at \(place)")
      }
    }
  }
}
