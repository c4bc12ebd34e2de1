import PacketCore
import Protocols

/// What WebSocket connections carried, way by way: messages, compression, pings, and how they were
/// closed. RFC 6455, RFC 7692. Engine.IO's heartbeats are text messages, and count as pings too: a
/// browser sends no others.
public final class WebSocketTraffic: Statistic {
  private struct Stream: TableKey {
    var number: UInt32
    var hash: UInt64 { UInt64(number) &* 0x9E37_79B9_7F4A_7C15 }
  }

  /// What one side sent.
  private struct Way {
    var texts: UInt64 = 0
    var binaries: UInt64 = 0
    /// Of the stream, framing included.
    var octets: UInt64 = 0
    /// Of compressed messages, before and after inflating.
    var compressed: UInt64 = 0
    var inflated: UInt64 = 0
    var pings: UInt64 = 0
    /// Nanoseconds since the capture's first packet; nil when none waits for its pong.
    var lastPing: Int64?
    var answers = RoundTripSample()

    mutating func ping(at time: Int64) {
      pings &+= 1
      lastPing = time
    }
  }

  private struct Connection {
    let client: Address
    let clientPort: UInt16
    let server: Address
    let serverPort: UInt16
    var fromClient = Way()
    var fromServer = Way()
    var closing: StreamClosing?
  }

  @exclusivity(unchecked) private var connections: BoundedTable<Stream, Connection>
  @exclusivity(unchecked) private var histograms = RoundTripHistograms()
  /// Messages of connections that found no room.
  @exclusivity(unchecked) private var leftOut: UInt64 = 0

  /// - Parameter limits: `connections` bounds what is kept.
  public init(limits: Limits = Limits()) {
    connections = BoundedTable(limit: limits.connections)
  }

  public func take(_ dissection: borrowing Dissection, _ frame: RawSpan) {
    if dissection.messages.isEmpty, dissection.verdicts.isEmpty { return }
    let time = dissection.frame.time.nanoseconds(since: dissection.firstTime)
    for message in dissection.messages where message.isWhole {
      for index in message.layers {
        let record = dissection.layers[index]
        guard record.is(WebSocket.self), !record.isPart else { continue }
        take(message, record, dissection, frame, at: time)
        break
      }
    }
    for verdict in dissection.verdicts {
      guard let closing = verdict.closing,
        let place = connections.position(of: Stream(number: verdict.stream))
      else { continue }
      connections[place].closing = closing
    }
  }

  /// The verdicts on connections that were still open, and messages that only the end completes.
  public func end(_ dissection: borrowing Dissection, _ frame: RawSpan) { take(dissection, frame) }

  private func take(
    _ message: Message, _ record: LayerRecord, _ dissection: borrowing Dissection,
    _ frame: RawSpan, at time: Int64
  ) {
    let header = dissection.withBytes(of: record.buffer, frame: frame) {
      WebSocket.decode(record, in: $0)
    }
    guard let header else { return }
    let stream = message.stream
    let isFromClient = stream.side == .client
    let ends = dissection.endpoints
    guard
      let place = connections.position(
        of: Stream(number: stream.number),
        orAppend: Connection(
          client: isFromClient ? ends.source : ends.destination,
          clientPort: isFromClient ? stream.sourcePort : stream.destinationPort,
          server: isFromClient ? ends.destination : ends.source,
          serverPort: isFromClient ? stream.destinationPort : stream.sourcePort))
    else {
      leftOut &+= 1
      return
    }
    let note = dissection.note(of: WebSocket.self, record)
    let heartbeat = Self.heartbeat(message, dissection, frame)
    let isPong = header.opcode == .pong || heartbeat == .pong
    let octets = UInt64(truncatingIfNeeded: message.octets)
    if isFromClient {
      Self.take(header, note, octets, time, &connections[place].fromClient)
      if heartbeat == .ping { connections[place].fromClient.ping(at: time) }
      if isPong { Self.answer(time, &connections[place].fromServer, &histograms) }
    } else {
      Self.take(header, note, octets, time, &connections[place].fromServer)
      if heartbeat == .ping { connections[place].fromServer.ping(at: time) }
      if isPong { Self.answer(time, &connections[place].fromClient, &histograms) }
    }
  }

  /// Whether the message is an Engine.IO heartbeat; the probe of an upgrade is none.
  private static func heartbeat(
    _ message: Message, _ dissection: borrowing Dissection, _ frame: RawSpan
  ) -> EngineIO.PacketType? {
    for index in message.layers {
      let record = dissection.layers[index]
      // A heartbeat is its type alone: what has more is no reason to decode it.
      guard record.is(EngineIO.self), record.headerLength == 1 else { continue }
      let packet = dissection.withBytes(of: record.buffer, frame: frame) {
        EngineIO.decode(record, in: $0)
      }
      return packet?.type == .message ? nil : packet?.type
    }
    return nil
  }

  private static func take(
    _ header: WebSocket, _ note: WebSocket.Note?, _ octets: UInt64, _ time: Int64,
    _ way: inout Way
  ) {
    // A continuation frame does not say what its message is.
    let opcode = header.opcode == .continuation ? note?.opcode : header.opcode
    switch opcode {
    case .text?: way.texts &+= 1
    case .binary?: way.binaries &+= 1
    case .ping?:
      way.ping(at: time)
      return
    default: return
    }
    way.octets &+= octets
    way.compressed &+= UInt64(note?.compressed ?? 0)
    way.inflated &+= UInt64(note?.inflated ?? 0)
  }

  /// A pong came for a side's pings. RFC 6455 section 5.5.3: of several pings that wait "the endpoint
  /// MAY elect to send a Pong frame for only the most recently processed"; one that answers nothing
  /// is allowed, too.
  private static func answer(
    _ time: Int64, _ way: inout Way, _ histograms: inout RoundTripHistograms
  ) {
    guard let ping = way.lastPing else { return }
    way.lastPing = nil
    way.answers.add(time &- ping, &histograms)
  }

  public func write(to report: any Report) throws {
    report.begin("websocket", "WebSocket connections")
    let first: [Table.Column] = [
      .number("stream", "stream"), .words("client", "client", hasPort: true),
    ]
    let second: [Table.Column] = [
      .number("close_code", "close"), .words("server", "server", hasPort: true),
    ]
    let table = Table(
      "connections", "", lines: first + columns("client"), second + columns("server"),
      forPrograms: [.words("closed_by", ""), .words("close_reason", "")])
    let entries = connections.entries
    report.value("count", "connections", .number(UInt64(entries.count)))
    try report.table(table, count: entries.count) { index, add in
      let (stream, connection) = entries[index]
      add(.number(UInt64(stream.number)))
      add(.end(connection.client, port: connection.clientPort))
      write(connection.fromClient, add)
      add(connection.closing?.code.map { .number(UInt64($0)) } ?? .nothing)
      add(.end(connection.server, port: connection.serverPort))
      write(connection.fromServer, add)
      add(connection.closing.map { .text("\($0.side)") } ?? .nothing)
      add(connection.closing.map { .text($0.reason) } ?? .nothing)
    }
    if leftOut > 0 { report.value("messages_left_out", "messages left out", .number(leftOut)) }
    report.end()
  }

  private func columns(_ side: String) -> [Table.Column] {
    [
      .number("\(side)_texts", "texts"), .number("\(side)_binaries", "binary"),
      .number("\(side)_octets", "octets"), .number("\(side)_compressed_percent", "deflated %"),
      .number("\(side)_pings", "pings"), .number("\(side)_ping_median_s", "pong ms"),
    ]
  }

  private func write(_ way: Way, _ add: (Value) -> Void) {
    add(.number(way.texts))
    add(.number(way.binaries))
    add(.number(way.octets))
    add(way.inflated > 0 ? .share(way.compressed, of: way.inflated) : .nothing)
    add(.number(way.pings))
    add(way.answers.percentile(50, histograms).map { .milliseconds($0) } ?? .nothing)
  }
}
