import Foundation
import Testing

/// What `netlab messages` says, held against what the clients and servers said themselves.
@Suite struct TruthTests {
  // MARK: WebSocket

  static let webSocketFields = [
    "websocket.opcode", "websocket.message.opcode", "websocket.payload.text",
    "websocket.payload.binary", "websocket.payload.ping", "websocket.payload.pong",
    "websocket.payload.close.status_code", "websocket.payload.close.reason",
    "websocket.compressed_length", "websocket.inflated_length", "websocket.fragment.count",
  ]

  private func kind(_ told: Told) -> String {
    let opcode = told.int("websocket.message.opcode") ?? told.int("websocket.opcode") ?? -1
    return [1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"][opcode] ?? "\(opcode)"
  }

  /// What differs between a WebSocket message and its truth; nil when nothing does.
  private func difference(_ told: Told, _ truth: Truth.Object) -> String? {
    let expected = truth["kind"] as? String ?? ""
    if expected == "cut" {
      return told.findings == ["websocket.truncated"] ? nil : "is cut off, which is not told"
    }
    if expected == "unfinished" {
      return told.findings == ["websocket.unfinished"] ? nil : "has no end, which is not told"
    }
    if expected == "cont" { return kind(told) == "0" ? nil : "continues what was not begun" }
    guard kind(told) == expected else { return "is \(expected), not \(kind(told))" }
    if expected == "close" {
      let code = truth["code"] as? Int
      guard code == nil || told.int("websocket.payload.close.status_code") == code else {
        return "closes with \(truth["code"] ?? "nothing")"
      }
      guard truth["code"] != nil else {
        let named = ["websocket.close_reason", "websocket.close_short"]
        return told.findings.contains { named.contains($0) } ? nil : "has another reason"
      }
      let reason = told.text("websocket.payload.close.reason") ?? ""
      return reason == truth["reason"] as? String ?? "" ? nil : "has the reason \(reason)"
    }
    let octets =
      expected == "text"
      ? Data((told.text("websocket.payload.text") ?? "").utf8)
      : told.octets("websocket.payload.\(expected)") ?? Data()
    if let text = truth["text"] as? String, octets != Data(text.utf8) { return "says \(text)" }
    let isText = told.findings.contains("websocket.text_not_utf8") == false
    if let length = truth["octets"] as? Int, isText, octets.count != length {
      return "has \(length) octets"
    }
    if let hex = truth["hex"] as? String {
      // What is not UTF-8 is shown with replacement characters.
      guard isText ? hexadecimal(octets) == hex : octets == Data(repaired(hex).utf8) else {
        return "has other octets"
      }
    }
    if let sum = truth["sha256"] as? String, digest(octets) != sum { return "has other octets" }
    if let isCompressed = truth["compressed"] as? Bool,
      isCompressed != (told.int("websocket.compressed_length") != nil)
    {
      return isCompressed ? "was compressed" : "was not compressed"
    }
    let frames = (truth["frames"] as? [Int])?.count ?? 1
    let count = told.int("websocket.fragment.count") ?? 1
    return frames == count ? nil : "came in \(frames) frames, not \(count)"
  }

  func hexadecimal(_ octets: Data) -> String {
    octets.map { String(format: "%02x", $0) }.joined()
  }

  private func repaired(_ hex: String) -> String {
    let digits = Array(hex.utf8)
    let octets = stride(from: 0, to: digits.count - 1, by: 2).compactMap {
      UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16)
    }
    return String(decoding: octets, as: UTF8.self)
  }

  func digest(_ octets: Data) -> String? {
    let told = try? run([], program: URL(fileURLWithPath: "/usr/bin/sha256sum"), input: octets)
    return told.map { String($0.output.prefix(64)) }
  }

  func compare(
    _ told: [Told], _ truth: [Truth.Object], _ name: String,
    _ difference: (Told, Truth.Object) throws -> String?
  ) rethrows {
    #expect(told.count == truth.count, "\(name): \(told)")
    for (mine, other) in zip(told, truth) {
      if let what = try difference(mine, other) {
        Issue.record("\(name): \(mine) \(what)")
        return
      }
    }
  }

  @Test(arguments: ["websocket-frames", "websocket-deflate"])
  func readsEveryWebSocketMessage(_ name: String) throws {
    let truth = try Truth(name)
    let told = try Told.of(name, fields: Self.webSocketFields)
    for connection in truth.connections {
      let port = try #require(connection["connection"] as? Int)
      // What follows a request for the upgrade that nobody answered is no WebSocket.
      if connection["early"] as? Bool == true {
        #expect(!told.contains { $0.connection == port && $0.layers.contains("websocket") })
        continue
      }
      for side in ["client", "server"] {
        compare(
          told.filter {
            $0.connection == port && $0.side == side && $0.layers.contains("websocket")
          }, truth.messages(of: port, from: side), "\(name) \(port) \(side)", difference)
      }
      let mine = told.filter { $0.connection == port }.flatMap(\.findings)
      let expected = truth.messages.contains {
        $0["connection"] as? Int == port && ["cut", "unfinished"].contains($0["kind"] as? String)
      }
      #expect(mine.isEmpty || expected, "\(name) \(port) \(mine)")
    }
  }

  /// The finding that names each broken rule.
  static let findings: [(String, String)] = [
    ("unmasked client frame", "websocket.unmasked_client"),
    ("masked server frame", "websocket.masked_server"),
    ("RSV1 without an extension", "websocket.compressed_not_negotiated"),
    ("RSV", "websocket.reserved_bits"), ("a RSV1", "websocket.reserved_bits"),
    ("reserved opcode", "websocket.reserved_opcode"),
    ("fragmented text", "websocket.text_not_utf8"),
    ("fragmented", "websocket.fragmented_control"),
    ("Ping of 126", "websocket.long_control"), ("Close of 126", "websocket.long_control"),
    ("Close with one octet", "websocket.close_short"), ("Close code", "websocket.close_code"),
    ("Close reason", "websocket.close_reason"), ("text", "websocket.text_not_utf8"),
    ("continuation without", "websocket.continuation_without_start"),
    ("new message inside", "websocket.message_inside_message"),
    ("data after Close", "websocket.after_close"),
    ("length with its top bit", "websocket.length_top_bit"),
    ("16-bit length", "websocket.length_not_minimal"),
    ("64-bit length", "websocket.length_not_minimal"),
    ("compressed octets that are not deflate", "websocket.inflate_error"),
    ("no Sec-WebSocket-Version", "http.upgrade.websocket_version"),
    ("Sec-WebSocket-Version", "http.upgrade.websocket_version"), ("key", "http.upgrade.key"),
    ("no Connection", "http.upgrade.connection"), ("POST", "http.upgrade.method"),
    ("HTTP/1.0", "http.upgrade.version"), ("wrong Sec-WebSocket-Accept", "http.upgrade.accept"),
    ("no Sec-WebSocket-Accept", "http.upgrade.accept_missing"),
    ("101 without Upgrade", "http.upgrade.answer.header"),
    ("101 with another Upgrade", "http.upgrade.answer.header"),
    ("101 without Connection", "http.upgrade.answer.connection"),
    ("extension that was not offered", "http.upgrade.extension"),
    ("subprotocol that was not offered", "http.upgrade.protocol"),
  ]

  @Test func namesEveryBrokenRule() throws {
    let truth = try Truth("websocket-violations")
    let told = try Told.of("websocket-violations", fields: Self.webSocketFields)
    for connection in truth.connections {
      let port = try #require(connection["connection"] as? Int)
      let side = try #require(connection["side"] as? String)
      let all = told.filter { $0.connection == port }
      let breaks = connection["breaks"] as? String
      let expected = breaks.flatMap { broken in
        Self.findings.first { broken.hasPrefix($0.0) }?.1
      }
      #expect((breaks == nil) == (expected == nil), "\(breaks ?? "")")
      let mine = all.filter { $0.side == side }.flatMap(\.findings)
      // The limit of what is kept is netlab's own.
      var rest = mine.filter { $0 != expected && $0 != "websocket.too_long" }
      // The second half of a Ping in two is one of no message.
      if breaks?.hasPrefix("fragmented") == true {
        rest.removeAll { $0 == "websocket.continuation_without_start" }
      }
      if let expected { #expect(mine.contains(expected), "\(port) \(breaks ?? ""): \(all)") }
      #expect(rest.isEmpty, "\(port) \(breaks ?? "")")
      // The peer broke none, but it may have refused the upgrade.
      let theirs = all.filter { $0.side != side }.flatMap(\.findings)
      #expect(theirs.allSatisfy { $0 == "http.upgrade.refused" }, "\(port) \(theirs)")
      // What was sent by programs that can tell, among all that was sent.
      for side in ["client", "server"] {
        var rest = all.filter { $0.side == side && $0.layers.contains("websocket") }[...]
        for message in truth.messages(of: port, from: side) {
          // The peer gave up where netlab reads on.
          if side == connection["side"] as? String, message["frames"] as? [Int] == [7, 6] {
            continue
          }
          if message["kind"] as? String == "unfinished" { continue }
          let found = rest.firstIndex { difference($0, message) == nil }
          #expect(found != nil, "\(port) \(side): \(message) is not among \(Array(rest))")
          rest = rest[(found.map { $0 + 1 } ?? rest.endIndex)...]
        }
      }
    }
  }

  // MARK: Engine.IO and Socket.IO

  static let socketFields = [
    "eio.type", "eio.sid", "eio.data", "eio.probe", "eio.version", "eio_binary.data",
    "sio_attachment.data", "sio.type", "sio.nsp", "sio.ack", "sio.event", "sio.arg", "sio.data",
    "sio.attachments.length",
  ]

  @Test(
    arguments: [
      "socketio-websocket", "socketio-polling", "socketio-jsonp", "socketio-upgrade",
      "engineio-v3", "fernet-chat",
    ])
  func readsEverySocketIOPacket(_ name: String) throws {
    let truth = try Truth(name)
    let told = try Told.of(name, fields: Self.socketFields)
    let packets = told.filter { $0.layers.contains("eio") || $0.layers.contains("eio_binary") }
    for side in ["client", "server"] {
      // Each session in its own order; what netlab saw names its session by the connection alone.
      var rest = packets.filter { $0.side == side }
      var sessions: [String] = []
      for message in truth.messages where message["protocol"] as? String == "engineio" {
        let sid = message["sid"] as? String ?? ""
        if !sessions.contains(sid) { sessions.append(sid) }
      }
      for sid in sessions {
        var place = 0
        for message in truth.messages
        where message["protocol"] as? String == "engineio"
          && message["sid"] as? String ?? "" == sid && message["from"] as? String == side
        {
          let found = rest[place...].firstIndex { socketDifference($0, message) == nil }
          guard let found else {
            // What was sent while the WebSocket closed may never have left.
            if message["received"] as? Bool == false { continue }
            let near = rest[place...].first.map {
              "\($0) \(socketDifference($0, message) ?? "")"
            }
            Issue.record("\(name) \(side): no \(message); next is \(near ?? "nothing")")
            return
          }
          rest.remove(at: found)
          place = found
        }
      }
      #expect(rest.isEmpty, "\(name) \(side): nobody sent \(rest)")
    }
    let findings = told.flatMap(\.findings).filter {
      $0 != "websocket.after_close" && !$0.hasPrefix("fernet.")
    }
    #expect(findings.isEmpty, "\(name) \(findings)")
  }

  private static let types = ["open", "close", "ping", "pong", "message", "upgrade", "noop"]
  private static let kinds = [
    "connect", "disconnect", "event", "ack", "connect_error", "binary_event", "binary_ack",
  ]

  /// What differs between an Engine.IO packet, with what it completes, and its truth.
  private func socketDifference(_ told: Told, _ truth: Truth.Object) -> String? {
    if let binary = truth["binary"] as? Truth.Object {
      let octets =
        told.octets("sio_attachment.data") ?? told.octets("eio_binary.data") ?? Data()
      guard told.layers.contains("sio_attachment") || told.layers.contains("eio_binary") else {
        return "is binary"
      }
      guard hexadecimal(octets) == binary["hex"] as? String else {
        return "has other octets"
      }
    } else {
      let type = told.int("eio.type").map { Self.types.indices.contains($0) ? Self.types[$0] : "" }
      guard let type, type == truth["type"] as? String else { return "is of another type" }
      if let sid = told.text("eio.sid"), let expected = truth["sid"] as? String, sid != expected {
        return "opens another"
      }
    }
    guard let packet = truth["socketio"] as? Truth.Object else { return nil }
    let kind = told.int("sio.type").map { Self.kinds.indices.contains($0) ? Self.kinds[$0] : "" }
    // Version 4 of Socket.IO's protocol says error for it.
    let expected =
      (packet["kind"] as? String) == "error" ? "connect_error" : packet["kind"] as? String
    guard kind == expected else { return "is another kind" }
    guard told.text("sio.nsp") == packet["namespace"] as? String else { return "is for another" }
    guard told.int("sio.ack") == packet["id"] as? Int else { return "has another id" }
    guard told.text("sio.event") == packet["event"] as? String else { return "is another event" }
    if let lengths = packet["attachments"] as? [Int], lengths.isEmpty == false {
      guard told.int("sio.attachments.length") == lengths.reduce(0, +) else {
        return "has attachments of \(lengths)"
      }
      return nil
    }
    if let arguments = packet["args"] as? [Any] {
      let mine = (told.fields["sio.arg"] ?? []).map { ($0 as? String).flatMap { json($0) } }
      guard mine.count == arguments.count, zip(mine, arguments).allSatisfy({ isSame($0, $1) })
      else { return "has other arguments" }
    } else if let data = packet["data"], !(data is NSNull), let mine = told.text("sio.data") {
      guard isSame(json(mine), data) else { return "has other data" }
    }
    return nil
  }
}
