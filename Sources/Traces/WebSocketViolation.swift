import PacketCore
import Protocols

/// A rule of RFC 6455 that one end of a made conversation breaks. An observer can see each of them.
public enum WebSocketViolation: String, Sendable, CaseIterable {
  case unmaskedClient = "unmasked-client"
  case maskedServer = "masked-server"
  /// RSV2, which no extension defines.
  case reservedBits = "rsv"
  /// RSV1, "compressed", though nobody agreed on compression.
  case notNegotiated = "compressed"
  case reservedOpcode = "reserved-opcode"
  case fragmentedControl = "fragmented-control"
  case longControl = "long-control"
  /// A short length written in 16 bits.
  case longLength = "long-length"
  case strayContinuation = "stray-continuation"
  /// A new message before the last fragment of another.
  case nestedMessage = "nested-message"
  case dataAfterClose = "data-after-close"
  /// A Close frame with one octet.
  case shortClose = "short-close"
  case badCloseCode = "bad-close-code"
  case badCloseReason = "bad-close-reason"
  case badUTF8 = "bad-utf8"

  /// The rule, with the finding that names it and the code that the other end closes with.
  public var rule: WebSocketRule {
    switch self {
    case .unmaskedClient: .unmaskedClient
    case .maskedServer: .maskedServer
    case .reservedBits: .reservedBits
    case .notNegotiated: .notNegotiated
    case .reservedOpcode: .reservedOpcode
    case .fragmentedControl: .fragmentedControl
    case .longControl: .longControl
    case .longLength: .lengthNotMinimal
    case .strayContinuation: .continuationWithoutStart
    case .nestedMessage: .messageInsideMessage
    case .dataAfterClose: .afterClose
    case .shortClose: .shortClose
    case .badCloseCode: .closeCode
    case .badCloseReason: .closeReason
    case .badUTF8: .text
    }
  }

  /// Which end breaks it.
  var isOfClient: Bool { self != .maskedServer }

  /// The frames that break it; the last of them is the one at fault.
  ///
  /// - Parameter key: A masking key.
  func messages(key: UInt32) -> [TraceMessage] {
    let words = Array("against the rules".utf8)
    let invalid: [UInt8] = [0x62, 0x61, 0x64, 0xc0, 0xaf]
    switch self {
    case .unmaskedClient: return [frame(.text, words, key: nil, isWrong: true)]
    case .maskedServer, .reservedBits, .notNegotiated, .longLength:
      return [frame(.text, words, key: key, isWrong: true)]
    case .reservedOpcode:
      return [frame(WebSocketOpcode(rawValue: 3), words, key: key, isWrong: true)]
    case .fragmentedControl:
      return [frame(.ping, words, isFinal: false, key: key, isWrong: true)]
    case .longControl:
      return [frame(.ping, Array(repeating: 0x61, count: 126), key: key, isWrong: true)]
    case .strayContinuation: return [frame(.continuation, words, key: key, isWrong: true)]
    case .nestedMessage:
      return [
        frame(.text, words, isFinal: false, key: key, isWrong: false),
        frame(.text, words, key: key, isWrong: true),
      ]
    case .dataAfterClose:
      return [
        frame(.close, [0x03, 0xe8], key: key, isWrong: false),
        frame(.text, words, key: key, isWrong: true),
      ]
    case .shortClose: return [frame(.close, [0x03], key: key, isWrong: true)]
    // RFC 6455 section 7.4.1: 1005 is "designated for use in applications".
    case .badCloseCode: return [frame(.close, [0x03, 0xed], key: key, isWrong: true)]
    case .badCloseReason:
      return [frame(.close, [0x03, 0xe8] + invalid, key: key, isWrong: true)]
    case .badUTF8: return [frame(.text, invalid, key: key, isWrong: true)]
    }
  }

  private func frame(
    _ opcode: WebSocketOpcode, _ payload: [UInt8], isFinal: Bool = true, key: UInt32?,
    isWrong: Bool
  ) -> TraceMessage {
    var header = WebSocket(
      isFinal: isFinal, opcode: opcode, length: payload.count, maskingKey: key)
    if isWrong {
      switch self {
      case .reservedBits: header.flags |= 0x20
      case .notNegotiated: header.flags |= 0x40
      case .longLength: header.maskAndLength = header.maskAndLength & 0x80 | 126
      default: break
      }
    }
    var writer = ByteWriter()
    header.write(to: &writer)
    var octets = payload
    if let key { WebSocketMasking.apply(key, to: &octets) }
    writer.write(octets)
    return TraceMessage(
      kind: opcode == .close ? "websocket.close" : "websocket.frame",
      text: String(decoding: payload, as: UTF8.self), octets: writer.bytes,
      breaks: isWrong ? rule : nil)
  }
}
