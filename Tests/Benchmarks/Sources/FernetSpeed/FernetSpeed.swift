import Cryptography
import Glibc

/// `FernetSpeed seal|open OCTETS COUNT`: makes or opens so many tokens with messages of that size,
/// as fernet_speed.py does with Python's cryptography.
@main struct FernetSpeed {
  static func main() {
    let arguments = CommandLine.arguments
    guard arguments.count == 4, let octets = Int(arguments[2]), let count = Int(arguments[3]),
      octets >= 0, let cipher = FernetKey.generate().flatMap({ FernetCipher($0) }),
      run(arguments[1], [UInt8](repeating: 0x61, count: octets), count, cipher)
    else {
      print("FernetSpeed seal|open OCTETS COUNT")
      exit(64)
    }
  }

  /// - Returns: Whether every token was made or opened.
  private static func run(
    _ what: String, _ plain: [UInt8], _ count: Int, _ cipher: FernetCipher
  ) -> Bool {
    let now = UInt64(clamping: time(nil))
    guard let token = cipher.seal(plain.span.bytes, time: now) else { return false }
    for _ in 0..<count {
      switch what {
      case "seal":
        guard let made = cipher.seal(plain.span.bytes, time: UInt64(clamping: time(nil))),
          made.count == token.count
        else { return false }
      case "open":
        guard
          let opened = try? cipher.open(token, now: UInt64(clamping: time(nil)), ttl: 3600),
          opened.plain.count == plain.count
        else { return false }
      default: return false
      }
    }
    return true
  }
}
