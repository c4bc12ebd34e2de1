import NIOCore
import Protocols

/// What one turn of the event loop sends.
///
/// Frames are written once, one behind the other, into one buffer; each connection only notes which
/// part of it is its own. A room's messages of one turn are then one part, and go out in one system
/// call each client.
struct WriteBatch {
  /// The frames of this turn.
  private(set) var octets = ByteBuffer()
  /// Connections that have a part in it.
  private var connections: [WebSocketHandler] = []
  /// Polling sessions that have something to send.
  private var sessions: [EngineSession] = []
  private(set) var isEmpty = true

  /// Frames of more octets have buffers of their own, which nothing has to be copied out of.
  static let largest = 16 << 10

  /// A frame of a server: not masked. RFC 6455 section 5.2.
  mutating func write(
    _ opcode: WebSocketOpcode, _ payload: some Collection<UInt8>, isCompressed: Bool = false
  ) -> Range<Int> {
    let start = octets.writerIndex
    Self.write(opcode, payload, isCompressed: isCompressed, to: &octets)
    return start..<octets.writerIndex
  }

  /// Frames that are ready.
  mutating func write(frames: [UInt8]) -> Range<Int> {
    let start = octets.writerIndex
    octets.writeBytes(frames)
    return start..<octets.writerIndex
  }

  static func write(
    _ opcode: WebSocketOpcode, _ payload: some Collection<UInt8>, isCompressed: Bool = false,
    to octets: inout ByteBuffer
  ) {
    let header = WebSocket(rsv1: isCompressed, opcode: opcode, length: payload.count)
    octets.writeMultipleIntegers(header.flags, header.maskAndLength)
    switch header.maskAndLength & 0x7f {
    case 126: octets.writeInteger(UInt16(truncatingIfNeeded: header.length))
    case 127: octets.writeInteger(header.length)
    default: break
    }
    octets.writeBytes(payload)
  }

  mutating func add(_ connection: WebSocketHandler) {
    connections.append(connection)
    isEmpty = false
  }

  mutating func add(_ session: EngineSession) {
    sessions.append(session)
    isEmpty = false
  }

  /// Hands out what has been gathered, and begins anew.
  mutating func take() -> (ByteBuffer, [WebSocketHandler], [EngineSession]) {
    let taken = (octets, connections, sessions)
    connections = []
    connections.reserveCapacity(taken.1.count)
    sessions = []
    isEmpty = true
    return taken
  }

  /// Begins the next turn's buffer, in the old one's place when nobody holds that any more.
  mutating func reuse() {
    // After a burst its memory is given back.
    if octets.capacity > 1 << 20 {
      octets = ByteBuffer()
    } else {
      octets.clear()
    }
  }
}

/// Tells when turns of the loop follow one another so fast, each with so little to send, that the
/// system calls are most of what they cost: a moment's rest then gathers more for the next turn, as
/// network cards gather packets for one interrupt.
struct Pace {
  private var last = NIODeadline.uptimeNanoseconds(0)
  private var streak = 0

  /// A turn has sent to `count` connections.
  ///
  /// - Returns: Whether it is time for a rest; `rested` says when that is over.
  mutating func isHurried(_ count: Int, _ now: NIODeadline) -> Bool {
    let pause = now - last
    last = now
    guard pause < .microseconds(30) * max(count, 1) else {
      streak = 0
      return false
    }
    streak = min(streak + 1, 16)
    // One connection alone would only wait longer for itself.
    return streak == 16 && (2..<16) ~= count
  }

  /// A rest is no pause.
  mutating func rested(_ now: NIODeadline) { last = now }
}
