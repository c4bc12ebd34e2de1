import Foundation
import Testing

/// `--write-har`: HTTP Archive 1.2, as its specification has it and browsers read it.
@Suite struct HARTests {
  /// Checks the members that HAR 1.2 requires, their types, and what must follow from one another.
  private static let check = """
    import base64, datetime, json, sys

    with open(sys.argv[1], encoding="utf-8") as file:
        log = json.load(file)["log"]

    def has(value, /, **members):
        for name, kind in members.items():
            assert name in value, (name, value)
            assert isinstance(value[name], kind) and not isinstance(value[name], bool), (name, value)

    number = (int, float)
    has(log, version=str, creator=dict, entries=list)
    assert log["version"] == "1.2"
    has(log["creator"], name=str, version=str)
    for entry in log["entries"]:
        has(entry, startedDateTime=str, time=number, request=dict, response=dict, cache=dict, timings=dict)
        datetime.datetime.fromisoformat(entry["startedDateTime"][:26] + "+00:00")
        request, response, timings = entry["request"], entry["response"], entry["timings"]
        has(request, method=str, url=str, httpVersion=str, cookies=list, headers=list, queryString=list,
            headersSize=int, bodySize=int)
        has(response, status=int, statusText=str, httpVersion=str, cookies=list, headers=list,
            content=dict, redirectURL=str, headersSize=int, bodySize=int)
        for pair in request["headers"] + request["cookies"] + request["queryString"] \\
                + response["headers"] + response["cookies"]:
            has(pair, name=str, value=str)
        if "postData" in request:
            has(request["postData"], mimeType=str, params=list, text=str)
        content = response["content"]
        has(content, size=int, mimeType=str)
        if content.get("encoding") == "base64":
            assert len(base64.b64decode(content["text"], validate=True)) == content["size"]
        elif "text" in content:
            assert len(content["text"].encode()) == content["size"], content
        has(timings, send=number, wait=number, receive=number)
        total = sum(timings[name] for name in ("send", "wait", "receive"))
        assert abs(total - entry["time"]) < 1e-6, entry["time"]
        if "_webSocketMessages" in entry:
            assert response["status"] == 101 and request["url"].startswith("ws"), entry
            for message in entry["_webSocketMessages"]:
                has(message, type=str, time=number, opcode=int, data=str)
                assert message["type"] in ("send", "receive") and message["opcode"] in (1, 2)
    """

  private func archive(_ capture: String, _ command: [String] = ["read", "-q"]) throws
    -> [[String: Any]]
  {
    let folder = try TemporaryFolder()
    let path = folder.path("out.har")
    let result = try run(command + [capture, "--write-har", path])
    #expect(result.status == 0 && result.errors.isEmpty, "\(capture): \(result.errors)")
    // Nothing but the archive is left.
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["out.har"])
    let checked = try python(Self.check, [path])
    #expect(checked.status == 0, "\(capture): \(checked.errors)")
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    let root = try JSONSerialization.jsonObject(with: data) as? [String: Any]
    let log = try #require(root?["log"] as? [String: Any])
    return try #require(log["entries"] as? [[String: Any]])
  }

  @Test(arguments: TsharkComparisonTests.captures) func isAnArchive(_ capture: String) throws {
    _ = try archive(capture)
  }

  @Test func bothCommandsWriteTheSame() throws {
    let one = try archive("http-bodies.pcap")
    let other = try archive("http-bodies.pcap", ["messages"])
    #expect(one as NSArray == other as NSArray)
  }

  /// Every final response is an entry, and the truth knows each of them.
  @Test func responsesAreThoseThatWereSent() throws {
    func counted(_ codes: [Int]) -> [Int: Int] {
      Dictionary(codes.filter { $0 >= 200 }.map { ($0, 1) }, uniquingKeysWith: +)
    }
    let found = counted(
      try archive("http-bodies.pcap").map {
        ($0["response"] as? [String: Any])?["status"] as? Int ?? 0
      })
    let rows = try run([
      "messages", "http-bodies.pcap", "-T", "fields", "-e", "http.response.code", "-Y",
      "http.response",
    ])
    #expect(found == counted(rows.output.split(separator: "\n").compactMap { Int($0) }))
    let truth = try JSONSerialization.jsonObject(
      with: Data(contentsOf: Project.captures.appendingPathComponent("truth/http-bodies.json")))
    let messages = try #require((truth as? [String: Any])?["messages"] as? [[String: Any]])
    let sent = counted(messages.compactMap { $0["status"] as? Int })
    for (code, count) in found { #expect(count <= sent[code] ?? 0, "\(code)") }
    // One stands behind octets that cannot be read.
    #expect(found.values.reduce(0, +) >= sent.values.reduce(0, +) - 1)
  }

  /// Every data message of the truth, as text or Base64.
  @Test func webSocketMessagesAreThoseThatWereSent() throws {
    let entries = try archive("websocket-deflate.pcap")
    var found = 0
    for entry in entries {
      for message in entry["_webSocketMessages"] as? [[String: Any]] ?? [] {
        #expect((message["data"] as? String) != nil)
        found += 1
      }
    }
    let truth = try JSONSerialization.jsonObject(
      with: Data(
        contentsOf: Project.captures.appendingPathComponent("truth/websocket-deflate.json")))
    let messages = try #require((truth as? [String: Any])?["messages"] as? [[String: Any]])
    let sent = messages.count {
      ["text", "binary"].contains($0["kind"] as? String) && $0["unfinished"] == nil
        && $0["cut"] == nil
    }
    #expect(found == sent)
  }

  @Test func aFileThatCannotBeMadeIsTold() throws {
    let result = try run(["read", "arp.pcap", "--write-har", "/nowhere/out.har"])
    #expect(result.status == 15)
    #expect(result.errors.contains("/nowhere/out.har"))
  }
}
