/// The acceptance tests of the specification: generate.json, verify.json and invalid.json of
/// https://github.com/fernet/spec. Times are given there as dates; 1985-10-26T01:20:00-07:00 is
/// 499 162 800.
enum FernetVectors {
  static let secret = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="
  static let token =
    "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU"
    + "4IwqDA=="
  static let time: UInt64 = 499_162_800
  static let vector = [UInt8](0..<16)
  static let message = "hello"
  static let ttl: UInt64 = 60

  struct Invalid: Sendable, CustomStringConvertible {
    var description: String
    var token: String
    /// Seconds after `time`.
    var later: UInt64 = 1
    var reason: String
  }

  static let invalid = [
    Invalid(
      description: "incorrect mac",
      token:
        "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykQUFB"
        + "QUFBQUFBQQ==",
      reason: "badHMAC"),
    Invalid(
      description: "too short",
      token: "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPA==",
      reason: "tooShort at 56"),
    Invalid(
      description: "invalid base64",
      token:
        "%%%%%%%%%%%%%AECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfs"
        + "H-p1YsUD2Q==",
      reason: "alphabet at 0"),
    Invalid(
      description: "payload size not multiple of block size",
      token:
        "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPOm73QeoCk9uGib28Xe5vz6oxq5nmxbx_v7m"
        + "rfyudzUm",
      reason: "blockSize at 96"),
    Invalid(
      description: "payload padding error",
      token:
        "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0ODz4LEpdELGQAad7aNEHbf-JkLPIpuiYRLQ3RtXatOYREu2FWke6CnJNY"
        + "IbkuKNqOhw==",
      reason: "badPadding"),
    Invalid(
      description: "far-future TS (unacceptable clock skew)",
      token:
        "gAAAAAAdwStRAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAnja1xKYyhd-Y6mSkTOyTGJmw2Xc2a6kBd-"
        + "iX9b_qXQcw==",
      reason: "fromTheFuture by 36000"),
    Invalid(
      description: "expired TTL",
      token:
        "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfs"
        + "H-p1YsUD2Q==",
      later: 91, reason: "expired at 90"),
    Invalid(
      description: "incorrect IV (causes padding error)",
      token:
        "gAAAAAAdwJ6xBQECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAkLhFLHpGtDBRLRTZeUfWgHSv49TF2AUEZ1"
        + "TIvcZjK1zQ==",
      reason: "badPadding"),
  ]
}
