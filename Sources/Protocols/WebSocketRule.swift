import PacketCore

/// What a frame, or the message that it ends, may not be. RFC 6455, RFC 7692.
///
/// The one place that names a rule, for two uses: an endpoint closes the connection with its code,
/// the inspector adds its finding.
public enum WebSocketRule: UInt8, CaseIterable, Error, Sendable {
  /// RFC 6455 section 5.1: "a client MUST mask all frames that it sends to the server".
  case unmaskedClient
  /// RFC 6455 section 5.1: "A server MUST NOT mask any frames that it sends to the client."
  case maskedServer
  /// RFC 6455 section 5.2, RSV1 to RSV3: "MUST be 0 unless an extension is negotiated that defines
  /// meanings for non-zero values." RFC 7692 section 6: "An endpoint MUST NOT set the "Per-Message
  /// Compressed" bit of control frames and non-first fragments of a data message."
  case reservedBits
  /// The same section, for RSV1 on the first frame of a message.
  case notNegotiated
  /// RFC 6455 section 5.2: "If an unknown opcode is received, the receiving endpoint MUST _Fail the
  /// WebSocket Connection_."
  case reservedOpcode
  /// RFC 6455 section 5.5: control frames "MUST NOT be fragmented".
  case fragmentedControl
  /// RFC 6455 section 5.5: "All control frames MUST have a payload length of 125 bytes or less".
  case longControl
  /// RFC 6455 section 5.2: "in all cases, the minimal number of bytes MUST be used to encode the
  /// length".
  case lengthNotMinimal
  /// RFC 6455 section 5.2, of the 64-bit length: "the most significant bit MUST be 0".
  case lengthTopBit
  /// RFC 6455 section 5.4: a message begins with "an opcode other than 0", its other frames have
  /// opcode 0.
  case continuationWithoutStart
  /// RFC 6455 section 5.4: "The fragments of one message MUST NOT be interleaved between the
  /// fragments of another message unless an extension has been negotiated".
  case messageInsideMessage
  /// RFC 6455 section 5.5.1: "The application MUST NOT send any more data frames after sending a
  /// Close frame."
  case afterClose
  /// RFC 6455 section 5.5.1: "If there is a body, the first two bytes of the body MUST be a 2-byte
  /// unsigned integer".
  case shortClose
  /// RFC 6455 section 7.4.1: 1005, 1006 and 1015 "MUST NOT be set as a status code in a Close control
  /// frame"; section 7.4.2: 0 to 999 "are not used", other ranges are reserved.
  case closeCode
  /// RFC 6455 section 5.5.1: the body "MAY contain UTF-8-encoded data with value /reason/".
  case closeReason
  /// RFC 6455 section 8.1: a text that "is not, in fact, a valid UTF-8 stream".
  case text
  /// RFC 6455 section 10.4: "impose limits on ... the total message size".
  case tooLong
  /// RFC 7692 section 7.2.2: what deflate did not make.
  case inflate
  /// The same limit, for what a message inflates to.
  case inflatedTooLong

  /// The code that an endpoint closes the connection with. RFC 6455 section 7.4.1.
  public var closingCode: UInt16 {
    switch self {
    // "1007 indicates ... data within a message that was not consistent with the type of the
    // message (e.g., non-UTF-8 data within a text message)."
    case .text, .closeReason, .inflate: 1007
    // "1009 indicates ... a message that is too big for it to process."
    case .tooLong, .inflatedTooLong: 1009
    default: 1002
    }
  }

  /// The inspector's remark.
  public var kind: FindingKind { Self.kinds[Int(rawValue)] }

  /// In the order of the cases.
  static let kinds: [FindingKind] = allCases.map { rule in
    switch rule {
    case .unmaskedClient: error("unmasked_client", "Frame of the client is not masked")
    case .maskedServer: error("masked_server", "Frame of the server is masked")
    case .reservedBits: error("reserved_bits", "Reserved bits are set that no extension defines")
    case .notNegotiated:
      error("compressed_not_negotiated", "Marked as compressed, which was not negotiated")
    case .reservedOpcode:
      error("reserved_opcode", "Reserved opcode") { found, _ in " \(found)" }
    case .fragmentedControl: error("fragmented_control", "Control frame is fragmented")
    case .longControl:
      error("long_control", "Control frame is longer than 125 bytes") { found, _ in ": \(found)" }
    case .lengthNotMinimal:
      error("length_not_minimal", "Length is not written in the fewest bytes") { found, _ in
        ": \(found)"
      }
    case .lengthTopBit:
      error("length_top_bit", "Most significant bit of the length is set")
    case .continuationWithoutStart:
      error("continuation_without_start", "Continuation without a message begun")
    case .messageInsideMessage:
      error("message_inside_message", "New message before the last fragment of another")
    case .afterClose: error("after_close", "Frame after the Close frame of the same side")
    case .shortClose: error("close_short", "Close frame with one byte, a status code has two")
    case .closeCode:
      error("close_code", "Status code that no Close frame may have") { found, _ in ": \(found)" }
    case .closeReason: error("close_reason", "Reason of the Close frame is not UTF-8")
    case .text: error("text_not_utf8", "Text is not UTF-8")
    case .tooLong:
      FindingKind(
        "websocket.too_long", "Message is longer than is put together", .warning, .protocolError
      ) { ": \($0) bytes, limit \($1)" }
    case .inflate: error("inflate_error", "Compressed message cannot be inflated")
    case .inflatedTooLong:
      FindingKind(
        "websocket.inflated_too_long", "Message inflates to more than is followed", .warning,
        .protocolError
      ) { ": \($0) bytes compressed, limit \($1)" }
    }
  }

  private static func error(
    _ name: String, _ message: String, detail: (@Sendable (UInt64, UInt64) -> String)? = nil
  ) -> FindingKind {
    FindingKind("websocket." + name, message, .error, .protocolError, detail: detail)
  }
}

/// Any number of rules that one frame breaks.
public struct WebSocketRules: OptionSet, Sendable, BitwiseCopyable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }
  @inline(__always)
  init(_ rule: WebSocketRule) { rawValue = 1 &<< UInt32(rule.rawValue) }

  /// The first of them, in the order in which a receiver meets them.
  public var first: WebSocketRule? {
    WebSocketRule(rawValue: UInt8(truncatingIfNeeded: rawValue.trailingZeroBitCount))
  }

  @inline(__always)
  mutating func insert(_ rule: WebSocketRule) { self = union(WebSocketRules(rule)) }
  func contains(_ rule: WebSocketRule) -> Bool { isSuperset(of: WebSocketRules(rule)) }
}
