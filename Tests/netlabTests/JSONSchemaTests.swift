import Foundation
import Testing

/// `-T jsonl` keeps what the published schema promises.
@Suite struct JSONSchemaTests {
  private static let schema = Project.root.appendingPathComponent(
    "Sources/Projection/Projection.docc/netlab-1.schema.json")

  /// Validates the JSON texts in files, one object a line or one a file, with Python's jsonschema.
  private static let validator = """
    import json, sys
    import jsonschema

    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    whole = jsonschema.Draft202012Validator(schema)
    # The type of an object names its definition, whose errors are short.
    own = {
        name: jsonschema.Draft202012Validator({"$ref": "#/$defs/" + name, "$defs": schema["$defs"]})
        for name in [branch["$ref"].rpartition("/")[2] for branch in schema["oneOf"]]
    }
    count = 0
    for number, line in enumerate(sys.stdin, 1):
        value = json.loads(line)
        count += 1
        validator = own.get(value.get("type"), whole)
        for error in validator.iter_errors(value):
            print(f"{number}: {list(error.path)}: {error.message[:300]}: {line[:300]}")
            break
    print(count)
    """

  /// Objects as lines; every error that the validator finds.
  func errors(_ lines: [String]) throws -> [String] {
    let result = try python(
      Self.validator, [Self.schema.path], input: Data(lines.joined(separator: "\n").utf8))
    #expect(result.status == 0, "\(result.errors)")
    var said = result.output.split(separator: "\n").map(String.init)
    #expect(said.popLast() == "\(lines.count)")
    return said
  }

  private func lines(_ text: String) -> [String] {
    text.split(separator: "\n").map(String.init).filter { $0.hasPrefix("{") }
  }

  @Test func theProgramPrintsThePublishedFile() throws {
    let file = try String(contentsOf: Self.schema, encoding: .utf8)
    #expect(try run(["schema"]).output == file)
  }

  @Test func goldenFilesAreValid() throws {
    var all: [String] = []
    for golden in GoldenTests.cases {
      let arguments = golden.arguments.joined(separator: " ")
      guard arguments.contains("jsonl") else { continue }
      all += lines(try String(contentsOf: golden.expected, encoding: .utf8))
    }
    #expect(all.count > 100)
    #expect(try errors(all) == [])
  }

  @Test func everyCaptureIsValid() throws {
    var all: [String] = []
    let fields = [
      "frame.time", "frame.time_delta", "tcp.payload", "tcp.checksum.status", "tcp.flags.syn", "ip",
      "ip.addr", "http.request.line", "websocket.payload.text", "_ws.col.info", "_ws.expert",
      "sio.event", "fernet.hmac.status",
    ].flatMap { ["-e", $0] }
    for capture in TsharkComparisonTests.captures {
      all += lines(try run(["read", capture, "-T", "jsonl"]).output)
      all += lines(try run(["messages", capture, "-T", "jsonl"] + fields).output)
    }
    for capture in ["tcp-analysis.pcap", "session.pcapng", "cut.pcap"] {
      all += lines(try run(["read", capture, "-T", "jsonl"] + fields).output)
    }
    let session = "flask-socketio-session.pcap"
    for level in ["tcp", "messages", "websocket", "socketio"] {
      all += lines(
        try run(["follow", session, "--stream", "11", "--as", level, "--format", "jsonl"]).output)
    }
    all += lines(try run(["assert", session, "count(tcp) > 3", "-T", "jsonl"]).output)
    let kinds = Set(
      all.compactMap { line in
        line.dropFirst(9).split(separator: "\"").first.map(String.init)
      })
    #expect(
      kinds == ["header", "frame", "message", "verdict", "follow", "assertion", "end"])
    #expect(try errors(all) == [])
  }

  @Test func statisticsAreValid() throws {
    let all = try run([
      "stats", "flask-socketio-session.pcap", "--conversations", "--endpoints", "--io", "1s",
      "--hierarchy", "--expert", "--rtt", "--websocket", "-T", "json",
    ])
    let value = try JSONSerialization.jsonObject(with: Data(all.output.utf8))
    let line = try JSONSerialization.data(withJSONObject: value)
    #expect(try errors([String(decoding: line, as: UTF8.self)]) == [])
  }

  /// What is wrong is found: the schema is not one that takes everything.
  @Test(arguments: [
    #"{"type":"end"}"#, #"{"type":"end","frames":1,"more":1}"#, #"{"type":"frames"}"#,
    #"{"type":"header","schema":"netlab/2","tool":"t","source":"s"}"#,
    #"{"type":"follow","id":"1","ts":"2026-11-22T21:26:53.245193000Z","ts_s":1,"ts_nsec":1,"stream":1,"side":"client","length":0,"info":"","data_b64":""}"#,
    #"{"type":"assertion","text":"","holds":"yes","counts":[]}"#,
  ]) func whatIsWrongIsFound(_ line: String) throws {
    #expect(try errors([line]).count == 1)
  }

  @Test func valuesHaveTheirTypes() throws {
    let result = try run(
      [
        "messages", "flask-socketio-session.pcap", "-T", "jsonl", "--no-verdicts", "-Y",
        "sio.event == \"message\" and websocket.mask == 1",
      ]
        + [
          "tcp.len", "tcp.checksum.status", "websocket.mask", "websocket.masking_key", "sio.event",
          "ip.src", "frame.time_delta", "websocket", "frame.time", "_ws.col.no.", "dns.qry.name",
        ].flatMap { ["-e", $0] })
    let line = try #require(lines(result.output).dropFirst().first)
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    let fields = try #require(object["fields"] as? [String: [Any]])
    #expect(object["id"] as? String == fields["_ws.col.no."]?.first as? String)
    #expect(object["side"] as? String == "client")
    #expect(fields["tcp.len"]?.first as? Int == object["length"] as? Int)
    #expect(fields["tcp.checksum.status"] as? [String] == ["offloaded"])
    #expect(line.contains("\"websocket.mask\":[true]"))
    let key = try #require(fields["websocket.masking_key_b64"]?.first as? String)
    #expect(Data(base64Encoded: key)?.count == 4)
    #expect(fields["sio.event"] as? [String] == ["message"])
    #expect(fields["ip.src"] as? [String] == ["10.0.0.33"])
    #expect(fields["frame.time_delta"]?.first is Double)
    #expect((fields["websocket"]?.first as? String)?.hasPrefix("WebSocket, Text") == true)
    #expect(fields["frame.time"]?.first as? String == object["ts"] as? String)
    #expect(fields["dns.qry.name"] == nil)
  }
}
