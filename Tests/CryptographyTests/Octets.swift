import Cryptography

// A test's conditions cannot hold spans: the same calls with arrays.

extension FernetCipher {
  func seal(_ plain: [UInt8], time: UInt64) -> [UInt8]? { seal(plain.span.bytes, time: time) }
  func seal(_ plain: [UInt8], time: UInt64, vector: [UInt8]) -> [UInt8]? {
    seal(plain.span.bytes, time: time, vector: vector.span.bytes)
  }
}

extension FernetKey {
  static func with(_ octets: [UInt8]) -> FernetKey? { FernetKey(octets: octets.span.bytes) }
  static func with(_ text: String) throws(Fault) -> FernetKey {
    try FernetKey(text: Array(text.utf8).span.bytes)
  }
}

extension HMACSHA256 {
  static func with(_ key: [UInt8]) -> HMACSHA256? { HMACSHA256(key: key.span.bytes) }
  func code(of message: [UInt8]) -> [UInt8]? { code(of: message.span.bytes) }
  func verifies(_ message: [UInt8], _ code: [UInt8]) -> Bool {
    verifies(message.span.bytes, code.span.bytes)
  }
}

extension AES128CBC {
  static func with(_ key: [UInt8]) -> AES128CBC? { AES128CBC(key: key.span.bytes) }
  func encrypt(_ plain: [UInt8], vector: [UInt8]) -> [UInt8]? {
    encrypt(plain.span.bytes, vector: vector.span.bytes)
  }
  func decrypt(_ encrypted: [UInt8], vector: [UInt8]) -> [UInt8]? {
    decrypt(encrypted.span.bytes, vector: vector.span.bytes)
  }
}
