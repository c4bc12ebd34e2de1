import Foundation
import Testing

extension TruthTests {
  @Test func opensEveryToken() throws {
    let folder = try TemporaryFolder()
    let key = folder.path("fernet.key")
    // git keeps no 0600, and a key that others may read is refused.
    try Data(contentsOf: Project.captures.appendingPathComponent("keys/fernet.key"))
      .write(to: URL(fileURLWithPath: key))
    #expect(chmod(key, 0o600) == 0)
    let truth = try Truth("fernet-chat")
    let told = try Told.of(
      "fernet-chat",
      fields: [
        "fernet.token", "fernet.hmac.status", "fernet.plain", "fernet.version", "fernet.time",
        "fernet.iv", "fernet.ciphertext.length",
      ], ["--key-file", key, "--fernet-ttl", "60"])
    var seen: Set<String> = []
    for message in truth.messages where message["protocol"] as? String == "fernet" {
      let token = try #require(message["token"] as? String)
      let isBare = message["where"] as? String == "tcp"
      seen.insert(token)
      let mine = told.filter {
        $0.text("fernet.token") == token && ($0.layers.first == "fernet") == isBare
      }
      // In the chat once from the sender, and once to each of both in the room.
      #expect(mine.count == (isBare ? 1 : 3), "\(message)")
      for row in mine {
        let status = message["status"] as? String ?? ""
        var expected: Set<String> =
          switch status {
          case "bad HMAC": ["fernet.hmac.bad"]
          case "expired": [message["ahead"] == nil ? "fernet.expired" : "fernet.future"]
          case "malformed":
            [
              message["malformed"] as? String == "padding"
                ? "fernet.padding.bad" : "fernet.malformed"
            ]
          default: []
          }
        if status != "malformed", message["canonical"] as? Bool == false {
          expected.insert("fernet.noncanonical")
        }
        #expect(Set(row.findings) == expected, "\(row)")
        #expect(row.text("fernet.plain") == message["plain"] as? String, "\(row)")
        guard status != "malformed" else { continue }
        #expect(row.int("fernet.version") == message["version"] as? Int)
        #expect(row.int("fernet.ciphertext.length") == message["ciphertext_octets"] as? Int)
        let iv = row.octets("fernet.iv")?.map { String(format: "%02x", $0) }.joined()
        #expect(iv == message["iv"] as? String)
      }
    }
    let tokens = Set(told.compactMap { $0.text("fernet.token") })
    #expect(tokens == seen)
  }

  // MARK: What is none of these

  @Test func findsNothingInUnknownStreams() throws {
    let told = try Told.of("unknown-stream")
    #expect(told.isEmpty, "\(told)")
    let rows = try run(["read", "unknown-stream.pcap", "-T", "fields", "-e", "_ws.col.Protocol"])
    #expect(Set(rows.output.split(separator: "\n")) == ["TCP"])
  }
}
