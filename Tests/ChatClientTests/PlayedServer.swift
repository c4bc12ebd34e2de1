import Protocols
import Testing
@testable import ChatClient

/// A room that takes each key once.
struct PlayedServer {
  var log: [(text: String, key: String?)] = []
  var keys: [String: Int] = [:]

  mutating func put(_ text: String, key: String?) -> Int {
    if let key, let id = keys[key] { return id }
    log.append((text, key))
    if let key { keys[key] = log.count }
    return log.count
  }

  func after(_ id: Int) -> String {
    log.enumerated().filter { $0.offset + 1 > id }.map { message($0.offset + 1, $0.element.text) }
      .joined(separator: ",")
  }

  static func read(_ packet: String) -> (ack: String, text: String, key: String)? {
    guard packet.hasPrefix("42"), let bracket = packet.firstIndex(of: "["),
      let value = try? JSONValue(Array(packet[bracket...].utf8)),
      case .array(let elements) = value, let body = elements.last,
      let text = body["message"]?.text, let key = body["key"]?.text
    else { return nil }
    return (String(packet[packet.index(packet.startIndex, offsetBy: 2)..<bracket]), text, key)
  }
}
