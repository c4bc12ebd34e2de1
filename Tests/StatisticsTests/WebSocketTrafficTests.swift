import PacketCore
import Protocols
import Testing

@testable import Statistics

@Suite struct WebSocketTrafficTests {
  /// A connection that upgrades, and what both sides say then.
  private struct Conversation {
    var packets: [(octets: [UInt8], time: Timestamp)] = []
    private var next: (client: UInt32, server: UInt32) = (1, 1)
    private var time: UInt32 = 0

    init() {
      say(
        """
        GET /chat HTTP/1.1\r
        Host: example.com\r
        Upgrade: websocket\r
        Connection: Upgrade\r
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
        Sec-WebSocket-Version: 13\r
        Sec-WebSocket-Extensions: permessage-deflate\r
        \r\n
        """.utf8, from: .client, after: 0)
      say(
        """
        HTTP/1.1 101 Switching Protocols\r
        Upgrade: websocket\r
        Connection: Upgrade\r
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r
        Sec-WebSocket-Extensions: permessage-deflate\r
        \r\n
        """.utf8, from: .server, after: 0)
    }

    mutating func say(
      _ data: some Sequence<UInt8>, from side: Side, after milliseconds: UInt32
    ) {
      time += milliseconds * 1_000_000
      let data = Array(data)
      let isClient = side == .client
      packets.append(
        (
          segment(
            fromClient: isClient, sequence: isClient ? next.client : next.server,
            acknowledgment: isClient ? next.server : next.client, data),
          Timestamp(seconds: 100, nanoseconds: time)
        ))
      if isClient {
        next.client += UInt32(data.count)
      } else {
        next.server += UInt32(data.count)
      }
    }
  }

  /// Masked with zeros, as a client's frames must be masked with something.
  private func masked(_ frame: [UInt8]) -> [UInt8] {
    [frame[0], frame[1] | 0x80, 0, 0, 0, 0] + frame.dropFirst(2)
  }

  @Test func countsBothWays() throws {
    var talk = Conversation()
    // RFC 7692 section 7.2.3.1: "Hello", compressed from five octets to seven.
    let hello: [UInt8] = [0xc1, 0x07, 0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]
    talk.say(masked(hello), from: .client, after: 1)
    talk.say(masked([0x82, 0x01, 0x07]), from: .client, after: 1)
    talk.say(hello, from: .server, after: 1)
    // A message in two fragments is one, and so is a ping between them.
    talk.say([0x01, 0x01, 0x61, 0x89, 0x00, 0x80, 0x01, 0x62], from: .server, after: 1)
    talk.say(masked([0x8a, 0x00]), from: .client, after: 20)
    // A pong that answers nothing.
    talk.say(masked([0x8a, 0x00]), from: .client, after: 5)
    talk.say(masked([0x88, 0x05, 0x0f, 0xa0] + Array("bye".utf8)), from: .client, after: 1)
    talk.say([0x88, 0x02, 0x0f, 0xa0], from: .server, after: 1)

    let traffic = WebSocketTraffic()
    let hierarchy = Hierarchy()
    CountedCapture.count(talk.packets, traffic, hierarchy)
    let rows = try CountedCapture.json(traffic).object("websocket").rows("connections")
    let row = try #require(rows.first)
    #expect(rows.count == 1)
    #expect(row["client_address"] as? String == "10.0.0.1")
    #expect(row.number("client_port") == 40000 && row.number("server_port") == 5000)
    #expect(row.number("client_texts") == 1 && row.number("client_binaries") == 1)
    #expect(row.number("server_texts") == 2 && row.number("server_binaries") == 0)
    #expect(row.number("client_octets") == 13 + 7)
    #expect(row["client_compressed_percent"] as? Double == 140)
    #expect(row.number("server_pings") == 1 && row.number("client_pings") == 0)
    let answer = try #require(row["server_ping_median_s"] as? Double)
    #expect(answer == 0.02)
    #expect(row["client_ping_median_s"] is Double == false)
    #expect(row.number("close_code") == 4000)
    #expect(row["closed_by"] as? String == "client" && row["close_reason"] as? String == "bye")

    // Two messages in one packet are one packet in the hierarchy.
    let nodes = hierarchy.nodes.filter { $0.name == "websocket" }
    #expect(nodes.map(\.traffic.packets) == [8])
  }

  /// Revision 4: the server's heartbeats; revision 3: the client's. The probe of an upgrade is none.
  @Test(arguments: [
    ("socketio-websocket.pcap", 0, "server", 2), ("engineio-v3.pcap", 3, "client", 2),
    ("socketio-upgrade.pcap", 0, "server", 0),
  ]) func countsHeartbeats(_ capture: String, _ stream: Int, _ side: String, _ count: Int) throws {
    let traffic = WebSocketTraffic()
    try CountedCapture.count(capture, traffic)
    let rows = try CountedCapture.json(traffic).object("websocket").rows("connections")
    let row = rows.first { $0.number("stream") == stream } ?? rows.first
    #expect(row?.number("\(side)_pings") == count)
    #expect(row?["\(side)_ping_median_s"] is Double == (count > 0))
  }

  @Test func aCaptureWithoutAnyHasNoRows() throws {
    let traffic = WebSocketTraffic()
    try CountedCapture.count("dns.pcap", traffic)
    #expect(try CountedCapture.json(traffic).object("websocket").number("count") == 0)
    #expect(try !CountedCapture.text(traffic).isEmpty)
  }
}

/// A TCP segment in IPv4 in Ethernet between 10.0.0.1:40000 and 10.0.0.2:5000, its sums right.
private func segment(
  fromClient: Bool, sequence: UInt32, acknowledgment: UInt32, _ data: [UInt8]
) -> [UInt8] {
  func octets<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
    withUnsafeBytes(of: value.bigEndian) { Array($0) }
  }
  func sum(_ octets: [UInt8]) -> UInt16 {
    var sum: UInt32 = 0
    for (index, octet) in octets.enumerated() {
      sum += index % 2 == 0 ? UInt32(octet) << 8 : UInt32(octet)
    }
    while sum > 0xffff { sum = sum >> 16 + sum & 0xffff }
    return ~UInt16(sum)
  }
  let (client, server): ([UInt8], [UInt8]) = ([10, 0, 0, 1], [10, 0, 0, 2])
  let addresses = fromClient ? client + server : server + client
  let ports =
    fromClient
    ? octets(40000 as UInt16) + octets(5000 as UInt16)
    : octets(5000 as UInt16) + octets(40000 as UInt16)
  var tcp = ports + octets(sequence) + octets(acknowledgment) + [0x50, 0x18, 0xff, 0xff]
  tcp += [0, 0, 0, 0] + data
  let pseudo = addresses + [0, 6] + octets(UInt16(tcp.count))
  tcp.replaceSubrange(16..<18, with: octets(sum(pseudo + tcp)))
  var ip: [UInt8] = [0x45, 0] + octets(UInt16(20 + tcp.count)) + [0, 0, 0x40, 0, 64, 6, 0, 0]
  ip += addresses
  ip.replaceSubrange(10..<12, with: octets(sum(ip)))
  return [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0] + ip + tcp
}
