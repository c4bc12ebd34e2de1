import PacketCore

/// What one side has said so far, as far as it matters to its next frame: the message in fragments,
/// and whether it has closed. The inspector and an endpoint's receiver share it.
public struct WebSocketAssembly: Sendable {
  /// Whether messages may be compressed.
  public enum Compression: Sendable { case refused, agreed, unknown }

  /// What the message in fragments is; `.continuation` when none has begun.
  private(set) var opcode = WebSocketOpcode.continuation
  /// RSV1 of its first frame.
  private(set) var isCompressed = false
  /// Frames of it, this far.
  private(set) var fragments = 0
  /// Octets of its payloads, whether they are kept or not.
  private(set) var octetCount = 0
  /// Its payloads, unmasked.
  var octets: [UInt8] = []
  /// Checked while they come, so that a receiver need not wait for the end.
  var text = UTF8Check()
  /// It will not be complete: too long, or octets are missing.
  var isDamaged = false
  /// A Close frame has been sent.
  private(set) var isClosed = false

  public init() {}

  /// Whether fragments of a message have come, and not the last.
  var isInsideMessage: Bool { opcode != .continuation }

  /// Whether nothing that was said bears on the next frame.
  var isAtRest: Bool { !isInsideMessage && !isClosed }

  /// The rules that a frame breaks, its payload not looked at.
  ///
  /// - Parameters:
  ///   - side: Who sent it; nil when that is not known.
  ///   - definesReserved: An extension was agreed on whose bits are not known here.
  func check(
    _ frame: WebSocket, from side: Side?, _ compression: Compression, definesReserved: Bool = false
  ) -> WebSocketRules {
    var rules: WebSocketRules = []
    if let side, frame.isMasked != (side == .client) {
      rules.insert(side == .client ? .unmaskedClient : .maskedServer)
    }
    let opcode = frame.opcode
    if frame.flags & 0x30 != 0, !definesReserved { rules.insert(.reservedBits) }
    if frame.rsv1, !definesReserved {
      if opcode.isControl || opcode == .continuation {
        rules.insert(.reservedBits)
      } else if compression == .refused {
        rules.insert(.notNegotiated)
      }
    }
    if !opcode.isDefined { rules.insert(.reservedOpcode) }
    if opcode.isControl {
      if !frame.isFinal { rules.insert(.fragmentedControl) }
      if frame.length > 125 { rules.insert(.longControl) }
    } else if opcode == .continuation {
      if !isInsideMessage { rules.insert(.continuationWithoutStart) }
    } else if isInsideMessage {
      rules.insert(.messageInsideMessage)
    }
    if !frame.hasMinimalLength { rules.insert(.lengthNotMinimal) }
    if frame.length >> 63 != 0 { rules.insert(.lengthTopBit) }
    if isClosed, !opcode.isControl { rules.insert(.afterClose) }
    return rules
  }

  /// Counts a frame of data, and begins a message with its first.
  mutating func begin(_ frame: WebSocket) {
    if frame.opcode != .continuation {
      forgetMessage()
      opcode = frame.opcode
      isCompressed = frame.rsv1
    }
    fragments &+= 1
    octetCount = octetCount &+ Int(min(frame.length, 1 &<< 40))
  }

  /// The message is over, whatever became of it.
  mutating func forgetMessage() {
    opcode = .continuation
    isCompressed = false
    fragments = 0
    octetCount = 0
    text = UTF8Check()
    isDamaged = false
    octets = []
  }

  /// The side has closed.
  mutating func close() { isClosed = true }

  /// The rules that a Close frame's body breaks.
  static func checkClose(_ bytes: RawSpan, _ body: Range<Int>) -> WebSocketRules {
    let body = body.clamped(to: 0..<bytes.byteCount)
    var rules: WebSocketRules = []
    if body.count == 1 { rules.insert(.shortClose) }
    guard body.count >= 2 else { return rules }
    let code = UInt16(
      bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: body.lowerBound, as: UInt16.self))
    if !WebSocketCloseCode.mayBeSent(code) { rules.insert(.closeCode) }
    if !UTF8Check.isText(bytes, body.dropFirst(2)) { rules.insert(.closeReason) }
    return rules
  }
}

/// The status codes of Close frames. RFC 6455 section 7.4, and IANA's registry.
public enum WebSocketCloseCode {
  /// Whether an endpoint may put it into a Close frame.
  public static func mayBeSent(_ code: UInt16) -> Bool {
    switch code {
    // 1012 to 1014 were registered later. 1004 to 1006 and 1015 stand for things that no frame says.
    case 1000...1003, 1007...1014: true
    // Section 7.4.2: for libraries and frameworks, and for private use.
    case 3000...4999: true
    default: false
    }
  }

  static let names: ValueNames = [
    1000: "Normal Closure", 1001: "Going Away", 1002: "Protocol error", 1003: "Unsupported Data",
    1004: "---Reserved----", 1005: "No Status Rcvd", 1006: "Abnormal Closure",
    1007: "Invalid frame payload data", 1008: "Policy Violation", 1009: "Message Too Big",
    1010: "Mandatory Ext.", 1011: "Internal Server", 1012: "Service Restart",
    1013: "Try Again Later", 1014: "Bad Gateway", 1015: "TLS handshake",
  ]
}
