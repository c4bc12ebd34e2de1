/// A Fernet token taken apart, neither verified nor decrypted.
/// Specification: https://github.com/fernet/spec/blob/master/Spec.md
///
/// ```
/// version 0x80 (1) | time (8, seconds since 1970, big-endian) | initialisation vector (16)
/// ciphertext (a multiple of 16) | HMAC-SHA256 over all before it (32)
/// ```
/// as base64url.
public struct FernetToken: Sendable, Equatable {
  /// The only version there is.
  public static let version: UInt8 = 0x80
  /// Octets before the ciphertext.
  static let headLength = 25
  /// Octets of a token besides its ciphertext.
  static let overhead = headLength + HMACSHA256.length
  /// Octets of the smallest token: an empty message is a block of padding.
  public static let smallest = overhead + AES128CBC.block

  /// All octets, decoded.
  public let octets: [UInt8]
  /// False when the last character has spare bits that are not zero: the same token has another
  /// spelling.
  public let isCanonical: Bool

  /// Takes the text of a token apart.
  ///
  /// - Throws: `FernetRefusal.malformed` with the first rule that it breaks.
  public init(_ text: RawSpan) throws(FernetRefusal) {
    let decoded: Base64.Decoded
    do {
      decoded = try Base64.decode(text, .url)
    } catch {
      throw FernetRefusal(error)
    }
    octets = decoded.octets
    isCanonical = decoded.isCanonical
    guard octets.first == Self.version else {
      throw .malformed(octets.isEmpty ? .tooShort : .version, at: 0)
    }
    guard octets.count > Self.overhead else { throw .malformed(.tooShort, at: text.byteCount) }
    guard (octets.count &- Self.overhead) % AES128CBC.block == 0 else {
      throw .malformed(.blockSize, at: text.byteCount)
    }
  }

  /// Takes the text of a token apart; as for spans.
  public init(_ text: [UInt8]) throws(FernetRefusal) { try self.init(text.span.bytes) }

  /// When it was made, as its maker says: seconds since 1970.
  public var time: UInt64 {
    UInt64(bigEndian: octets.span.bytes.unsafeLoadUnaligned(fromByteOffset: 1, as: UInt64.self))
  }

  /// Where the initialisation vector stands in `octets`.
  public var vectorPlace: Range<Int> { 9..<Self.headLength }
  /// Where the ciphertext stands in `octets`.
  public var ciphertextPlace: Range<Int> { Self.headLength..<octets.count &- HMACSHA256.length }
  /// Where the HMAC stands in `octets`.
  public var hmacPlace: Range<Int> { octets.count &- HMACSHA256.length..<octets.count }

  /// The characters of the text that hold these of its octets.
  public static func characters(of octets: Range<Int>) -> Range<Int> {
    octets.lowerBound &* 4 / 3..<(octets.upperBound &* 4 &+ 2) / 3
  }
}

extension FernetRefusal {
  init(_ fault: Base64.Fault) {
    let rule: Rule =
      switch fault.rule {
      case .alphabet: .alphabet
      case .padding: .base64Padding
      case .length: .base64Length
      }
    self = .malformed(rule, at: fault.offset)
  }
}
