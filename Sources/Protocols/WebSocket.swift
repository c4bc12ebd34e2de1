import PacketCore

/// One WebSocket frame. RFC 6455 section 5.2.
///
/// ```
/// |F|R|R|R| opcode|M| Payload len |    Extended payload length    |
/// |I|S|S|S|  (4)  |A|     (7)     |             (16/64)           |
/// |N|V|V|V|       |S|             |   (if payload len==126/127)   |
/// | |1|2|3|       |K|             |                               |
/// |     Masking-key, if MASK set to 1                             |
/// ```
public struct WebSocket: Layer {
  /// FIN, RSV1 to RSV3 and the opcode, as they stand in the first octet.
  public var flags: UInt8
  /// The second octet: the mask bit, and the length or what says where the length stands.
  public var maskAndLength: UInt8
  /// Octets of the payload.
  public var length: UInt64
  /// The masking key, first octet most significant; 0 without one.
  public var maskingKey: UInt32

  public static let carriedBy: [PayloadType] = []

  /// A header with the shortest length that holds `length`.
  ///
  /// - Parameters:
  ///   - rsv1: "Per-Message Compressed", RFC 7692 section 6.
  ///   - maskingKey: Nil for a frame that is not masked.
  public init(
    isFinal: Bool = true, rsv1: Bool = false, opcode: WebSocketOpcode, length: Int,
    maskingKey: UInt32? = nil
  ) {
    flags = (isFinal ? 0x80 : 0) | (rsv1 ? 0x40 : 0) | opcode.rawValue & 15
    self.length = UInt64(max(length, 0))
    let code: UInt8 =
      length < 126 ? UInt8(truncatingIfNeeded: max(length, 0)) : length < 1 << 16 ? 126 : 127
    maskAndLength = (maskingKey == nil ? 0 : 0x80) | code
    self.maskingKey = maskingKey ?? 0
  }

  public init(reading reader: inout ByteReader) throws(ParseError) {
    let first = try reader.read(UInt16.self)
    flags = UInt8(truncatingIfNeeded: first &>> 8)
    maskAndLength = UInt8(truncatingIfNeeded: first)
    switch maskAndLength & 0x7f {
    case 126: length = UInt64(try reader.read(UInt16.self))
    case 127: length = try reader.read(UInt64.self)
    default: length = UInt64(maskAndLength & 0x7f)
    }
    maskingKey = maskAndLength & 0x80 != 0 ? try reader.read(UInt32.self) : 0
    // No buffer holds more; and hostile lengths must not wrap around.
    reader.trim(toRemaining: Int(min(length, 1 &<< 40)))
  }

  public func write(to writer: inout ByteWriter) {
    writer.write(flags)
    writer.write(maskAndLength)
    switch maskAndLength & 0x7f {
    case 126: writer.write(UInt16(truncatingIfNeeded: length))
    case 127: writer.write(length)
    default: break
    }
    if isMasked { writer.write(maskingKey) }
  }

  /// Whether this is the last or only frame of its message.
  public var isFinal: Bool { flags & 0x80 != 0 }
  /// RSV1 to RSV3, RSV1 in bit 2.
  public var reserved: UInt8 { flags &>> 4 & 7 }
  /// RFC 7692 section 6: on the first frame of a message, that the message is compressed.
  public var rsv1: Bool { flags & 0x40 != 0 }
  public var opcode: WebSocketOpcode { WebSocketOpcode(rawValue: flags & 15) }
  public var isMasked: Bool { maskAndLength & 0x80 != 0 }

  /// Whether no shorter form could have held the length.
  var hasMinimalLength: Bool {
    switch maskAndLength & 0x7f {
    case 126: length > 125
    case 127: length > 65535
    default: true
    }
  }

  /// Octets of the header.
  public var headerLength: Int { Self.headerLength(maskAndLength) }

  /// Octets of a header with this second octet.
  static func headerLength(_ maskAndLength: UInt8) -> Int {
    let extended = maskAndLength & 0x7f
    return 2 &+ (extended == 126 ? 2 : extended == 127 ? 8 : 0)
      &+ (maskAndLength & 0x80 != 0 ? 4 : 0)
  }

  /// What the stream that read the frame knows beyond it, where that is more than a whole message
  /// in an unmasked frame.
  public struct Note: BitwiseCopyable, Sendable {
    /// The buffer that the payload (unmasked) or the whole message (joined, inflated) stands in.
    var buffer: UInt16 = 0
    /// What the message is, which its continuation frames do not say.
    public internal(set) var opcode = WebSocketOpcode.continuation
    /// Why there is no content in a buffer.
    var state = State.read
    /// Place in the buffer.
    var start: UInt32 = 0
    var count: UInt32 = 0
    /// Frames of the message, up to this one.
    var fragments: UInt32 = 1
    /// Octets of the message before inflating; 0 when it was not compressed.
    public internal(set) var compressed: UInt32 = 0
    /// Octets of the message after inflating; 0 when it was not compressed.
    public internal(set) var inflated: UInt32 = 0
    /// Compression was agreed on: RSV1 says something.
    var mayCompress = false

    enum State: UInt8, BitwiseCopyable, Sendable {
      /// The content stands in the buffer.
      case read
      /// A frame of a message that is not complete.
      case fragment
      /// The message cannot be shown: too long, not all captured, not inflatable.
      case unreadable
      /// No frame at all: octets behind a Close frame.
      case behindClose
    }

    init() {}
  }
}

/// What a frame's payload is. RFC 6455 section 5.2.
public struct WebSocketOpcode: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  public let rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static var continuation: Self { Self(rawValue: 0) }
  public static var text: Self { Self(rawValue: 1) }
  public static var binary: Self { Self(rawValue: 2) }
  public static var close: Self { Self(rawValue: 8) }
  public static var ping: Self { Self(rawValue: 9) }
  public static var pong: Self { Self(rawValue: 10) }

  /// RFC 6455 section 5.5: "Control frames are identified by opcodes where the most significant bit
  /// of the opcode is 1."
  public var isControl: Bool { rawValue & 8 != 0 }
  /// Whether the RFC gives it a meaning.
  public var isDefined: Bool { 0b0111_0000_0111 &>> UInt16(rawValue & 15) & 1 != 0 }
}
