import Cryptography

/// What a room is found by: six letters, which people say to each other.
public struct RoomCode: Hashable, Sendable, CustomStringConvertible {
  /// Letters in a code.
  public static let length = 6

  /// Six upper-case letters.
  public let text: String

  public var description: String { text }

  /// Reads a code as people type it: blanks around it and lower case do not matter.
  ///
  /// - Returns: Nil for anything but six ASCII letters.
  public init?(_ typed: String) {
    // No longer text is looked at, whatever is sent.
    guard typed.utf8.count <= 64 else { return nil }
    let letters = typed.utf8.filter { $0 != 0x20 && !(9...13).contains($0) }
    guard letters.count == Self.length else { return nil }
    var upper: [UInt8] = []
    for letter in letters {
      switch letter {
      case 0x41...0x5a: upper.append(letter)
      case 0x61...0x7a: upper.append(letter & 0xdf)
      default: return nil
      }
    }
    text = String(decoding: upper, as: UTF8.self)
  }

  private init(letters: [UInt8]) { text = String(decoding: letters, as: UTF8.self) }

  /// A code from the system's secure source, each as likely as any other; nil when the source fails.
  static func make() -> RoomCode? {
    var letters: [UInt8] = []
    while letters.count < length {
      guard let octets = RandomBytes.make(16) else { return nil }
      // 234 is nine times 26: what lies above would make the first letters likelier.
      letters += octets.lazy.filter { $0 < 234 }.map { 0x41 + $0 % 26 }
    }
    return RoomCode(letters: Array(letters.prefix(length)))
  }
}
