import Foundation
import Testing

extension TruthTests {
  @Test func readsEveryHTTPMessage() throws {
    let truth = try Truth("http-bodies")
    let told = try Told.of(
      "http-bodies",
      fields: [
        "http.request.method", "http.request.uri", "http.request.version", "http.response.code",
        "http.file_data", "http.content_length",
      ])
    for connection in truth.connections {
      let port = try #require(connection["connection"] as? Int)
      for side in ["client", "server"] {
        // The programs never saw a malformed request, and the answer was made below them.
        if connection["malformed"] as? Bool == true { continue }
        compare(
          told.filter { $0.connection == port && $0.side == side },
          truth.messages(of: port, from: side), "http-bodies \(port) \(side)", httpDifference)
      }
      let isMalformed =
        connection["malformed"] as? Bool ?? (connection["what"] as? String ?? "").hasPrefix("empty")
      let findings = told.filter { $0.connection == port }.flatMap(\.findings)
      // The server written by hand does what servers should not.
      if port != 50010, port != 50012 { #expect(findings.isEmpty != isMalformed, "\(findings)") }
    }
  }

  private func httpDifference(_ told: Told, _ truth: Truth.Object) -> String? {
    if let method = truth["method"] as? String {
      guard told.text("http.request.method") == method else { return "is a \(method)" }
      guard told.text("http.request.uri") == truth["target"] as? String else {
        return "asks for \(truth["target"] ?? "")"
      }
      guard told.text("http.request.version") == truth["version"] as? String else {
        return "is of \(truth["version"] ?? "")"
      }
    }
    if let status = truth["status"] as? Int, told.int("http.response.code") != status {
      return "has the status \(status)"
    }
    guard let body = truth["body"] as? Truth.Object, let count = body["octets"] as? Int else {
      return nil
    }
    // Of what is no text only the length is told.
    if told.fields["http.file_data"] == nil, told.fields["http.file_data_b64"] == nil,
      truth["framing"] as? String == "length", truth["encoding"] is NSNull, count > 0
    {
      return told.int("http.content_length") == count ? nil : "has a body of \(count) octets"
    }
    let text = told.text("http.file_data").map { Data($0.utf8) }
    let octets = text ?? told.octets("http.file_data") ?? Data()
    guard octets.count == count else { return "has a body of \(count) octets, not \(octets.count)" }
    if let hex = body["hex"] as? String, hexadecimal(octets) != hex {
      return "has another body"
    }
    if let sum = body["sha256"] as? String, digest(octets) != sum { return "has another body" }
    return nil
  }
}
