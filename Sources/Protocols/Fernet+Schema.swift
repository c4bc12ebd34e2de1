import Cryptography
import PacketCore

extension Fernet {
  static let malformed = FindingKind(
    "fernet.malformed", "Malformed token", .error, .malformed
  ) { rule, offset in
    let text = FernetRefusal.Rule(rawValue: UInt8(truncatingIfNeeded: rule))?.text
    return ": \(text ?? "") (octet \(offset))"
  }
  static let badHMAC = FindingKind(
    "fernet.hmac.bad", "Bad HMAC: damaged, or made with another key than the tokens before",
    .error, .checksum)
  static let wrongKey = FindingKind(
    "fernet.wrong_key", "No key given fits: made with another key, or damaged", .warning, .checksum)
  static let badPadding = FindingKind(
    "fernet.padding.bad", "Bad padding behind a good HMAC", .error, .protocolError)
  static let expired = FindingKind(
    "fernet.expired", "Expired token", .warning, .protocolError
  ) { ": \($0) s old, \($1) s are allowed" }
  static let future = FindingKind(
    "fernet.future", "Token from the future", .warning, .protocolError
  ) { ": \($0) s ahead of the capture's clock, \($1) s are allowed" }
  static let nonCanonical = FindingKind(
    "fernet.noncanonical",
    "Base64 ends in bits that are not zero: another text stands for the same token", .note,
    .protocolError)
  static let tooLong = FindingKind(
    "fernet.too_long", "Token too long to be looked into", .warning, .protocolError
  ) { ": \($0) characters, \($1) are the most" }

  /// The words of `fernet.hmac.status`: as of checksums, and one more.
  static let statuses: ValueNames = [
    0: "Bad", 1: "Good", 2: "Unverified", 6: "Wrong key",
  ]

  public static let schema = Schema<Fernet>(
    "fernet", "Fernet Token", "github.com/fernet/spec", column: "Fernet",
    fields: textFields + plainFields,
    findings: [
      malformed, badHMAC, wrongKey, badPadding, expired, future, nonCanonical, tooLong,
    ],
    heading: { layer, record, dissection, text in
      text.append(", ")
      text.append(UInt64(layer.length))
      text.append(" bytes")
      if let note = dissection.note(of: Fernet.self, record) {
        text.append(", ")
        text.append(note.verdict.words)
      }
    })

  /// The characters of the text that hold these octets of the token; nil where they are not there.
  private func place(_ octets: Range<Int>) -> Range<Int>? {
    octets.upperBound <= self.octets.count ? FernetToken.characters(of: octets) : nil
  }

  private static let textFields: [Field<Fernet>] = [
    .derived("fernet.token", "Token", .string, at: { 0..<$0.length }) { layer, _, _ in
      .string(String(decoding: layer.text.prefix(layer.length), as: UTF8.self))
    },
    .number("fernet.version", "Version", bits: 8, base: .hexadecimal, at: { $0.place(0..<1) }) {
      $0.octets.first
    },
    .derived("fernet.time", "Time", .absoluteTime, at: { $0.place(1..<9) }) { layer, _, _ in
      layer.time.map { .time(Timestamp(seconds: Int64(clamping: $0), nanoseconds: 0)) }
    },
    .derived("fernet.age", "Age when captured", .duration) { layer, _, dissection in
      guard let time = layer.time, dissection.frame.hasTime else { return nil }
      let made = Timestamp(seconds: Int64(clamping: time), nanoseconds: 0)
      return .duration(dissection.frame.time.nanoseconds(since: made))
    },
    .derived("fernet.iv", "Initialisation Vector", .octets, at: { $0.place(9..<25) }) {
      layer, _, _ in
      let octets = layer.octets
      return octets.count >= 25 ? .octets(Array(octets[9..<25])) : nil
    },
    .derived(
      "fernet.ciphertext.length", "Ciphertext Length", .unsigned, bits: 32, unit: "bytes",
      at: { $0.token.flatMap { FernetToken.characters(of: $0.ciphertextPlace) } }
    ) { layer, _, _ in
      layer.token.map { .unsigned(UInt64($0.ciphertextPlace.count)) }
    },
    .derived(
      "fernet.hmac", "HMAC", .octets,
      at: { $0.token.flatMap { FernetToken.characters(of: $0.hmacPlace) } }
    ) { layer, _, _ in
      layer.token.map { .octets(Array($0.octets[$0.hmacPlace])) }
    },
  ]

  private static let plainFields: [Field<Fernet>] = [
    .derived("fernet.hmac.status", "HMAC Status", .unsigned, bits: 8, label: statuses.label) {
      layer, record, dissection in
      guard layer.token != nil else { return nil }
      return dissection.note(of: Fernet.self, record).map { .unsigned(UInt64($0.status.rawValue)) }
    },
    .derived("fernet.key", "Key", .unsigned, bits: 16) { _, record, dissection in
      guard let note = dissection.note(of: Fernet.self, record), note.key > 0 else { return nil }
      return .unsigned(UInt64(note.key))
    },
    .derived("fernet.plain", "Plaintext", .string) { _, record, dissection in
      guard let note = dissection.note(of: Fernet.self, record), note.buffer > 0 else { return nil }
      let nothing: [UInt8] = []
      return dissection.withBytes(of: note.buffer, frame: nothing.span.bytes) { octets in
        octets.withUnsafeBytes { .string(String(decoding: $0, as: UTF8.self)) }
      }
    },
    .derived("fernet.plain.length", "Plaintext Length", .unsigned, bits: 32, unit: "bytes") {
      _, record, dissection in
      guard let note = dissection.note(of: Fernet.self, record), note.buffer > 0 else { return nil }
      return .unsigned(UInt64(note.plainLength))
    },
  ]
}
