import Foundation
import Testing

/// What the programs that were recorded said themselves: `Captures/truth/NAME.json`.
struct Truth {
  typealias Object = [String: Any]
  let connections: [Object]
  let messages: [Object]

  init(_ name: String) throws {
    let url = Project.captures.appendingPathComponent("truth/\(name).json")
    let file = try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? Object
    connections = try #require(file?["connections"] as? [Object])
    messages = try #require(file?["messages"] as? [Object])
  }

  /// The messages of one connection and direction, in order.
  func messages(of connection: Int, from side: String) -> [Object] {
    messages.filter { $0["connection"] as? Int == connection && $0["from"] as? String == side }
  }
}

/// A message as `netlab messages -T jsonl` has it.
struct Told: CustomStringConvertible {
  let row: [String: Any]
  let fields: [String: [Any]]

  init?(_ line: Substring) {
    guard
      let row = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
      row["type"] as? String == "message"
    else { return nil }
    self.row = row
    fields = row["fields"] as? [String: [Any]] ?? [:]
  }

  var description: String { "\(row["id"] ?? "") \(info)" }
  var info: String { row["info"] as? String ?? "" }
  var side: String { row["side"] as? String ?? "" }
  var layers: [String] { row["layers"] as? [String] ?? [] }
  /// The client's port, by which the truth names connections.
  var connection: Int {
    (row[side == "client" ? "source_port" : "destination_port"] as? Int) ?? 0
  }
  var findings: [String] {
    (row["findings"] as? [[String: Any]] ?? []).compactMap { $0["name"] as? String }
  }

  func int(_ field: String) -> Int? { fields[field]?.first as? Int }
  func text(_ field: String) -> String? { fields[field]?.first as? String }
  func octets(_ field: String) -> Data? {
    text(field + "_b64").flatMap { Data(base64Encoded: $0) }
  }

  /// Every message that netlab finds in a capture.
  static func of(_ capture: String, fields: [String] = [], _ arguments: [String] = []) throws
    -> [Told]
  {
    let result = try run(
      ["messages", capture + ".pcap", "-T", "jsonl"] + fields.flatMap { ["-e", $0] } + arguments,
      environment: ["XDG_CONFIG_HOME": "/nonexistent", "SUDO_UID": ""])
    #expect(result.status == 0, "\(result.errors)")
    return result.output.split(separator: "\n").compactMap { Told($0) }
  }
}

/// Whether two values of JSON are the same, however it was written.
func isSame(_ one: Any?, _ other: Any?) -> Bool {
  switch (one, other) {
  case (nil, nil), (is NSNull, nil), (nil, is NSNull): true
  case (let one as NSObject, let other as NSObject): one == other
  default: false
  }
}

/// The value of JSON text.
func json(_ text: String) -> Any? {
  try? JSONSerialization.jsonObject(with: Data(text.utf8), options: [.fragmentsAllowed])
}
