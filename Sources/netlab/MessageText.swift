import Console
import Exchange
import Glibc

/// The text of a message from a file or standard input.
enum MessageText {
  /// Reads all of it; `-` is standard input.
  ///
  /// - Throws: `Failure` for what cannot be read, is too long, or is no UTF-8.
  static func read(_ path: String) throws -> String {
    let name = path == "-" ? "standard input" : path
    let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw unread(name, errno, path) }
    defer { if descriptor != STDIN_FILENO { _ = close(descriptor) } }
    var octets: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = Glibc.read(descriptor, &block, block.count)
      if count < 0 {
        if errno == EINTR { continue }
        throw unread(name, errno, path)
      }
      if count == 0 { break }
      octets += block[..<count]
      guard octets.count <= OutgoingMessage.mostOctets else {
        throw Failure(
          .usage, "\(name) is longer than a message may be, \(OutgoingMessage.mostOctets) octets",
          remedy: "send it in several messages: split -b 10M")
      }
    }
    guard let text = String(validating: octets, as: UTF8.self) else {
      throw Failure(
        .usage, "\(name) is no UTF-8 text, and messages are text",
        remedy: "send it as base64: base64 FILE | netlab send --msg - …")
    }
    return text
  }

  private static func unread(_ name: String, _ number: Int32, _ path: String) -> Failure {
    Failure(
      number == EACCES ? .permission : number == ENOENT ? .file : .read,
      "\(name) cannot be read: " + String(cString: strerror(number)))
  }
}
