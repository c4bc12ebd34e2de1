import PacketCore

/// The colours of lines on a terminal. They never say anything alone: the words of the line do, and
/// where they would not, the finding that gave the line its colour is written behind it.
///
/// - Red: what is wrong (a bad checksum, a malformed packet, any finding of severity error).
/// - Yellow: what is worth a look (TCP's analysis, any warning; a connection that is not complete).
/// - Otherwise the protocol: HTTP green, WebSocket cyan, Engine.IO, Socket.IO and the chat magenta.
/// - In rows of messages the ends are bright blue for what the client sent, bright green for what the
///   server sent; the order of the ends says the same.
enum Colour {
  case error, warning, http, webSocket, socketIO, client, server

  /// The terminal's sequence, ECMA-48 SGR: colours of the user's own palette.
  var start: StaticString {
    switch self {
    case .error: "\u{1B}[31m"
    case .warning: "\u{1B}[33m"
    case .http: "\u{1B}[32m"
    case .webSocket: "\u{1B}[36m"
    case .socketIO: "\u{1B}[35m"
    case .client: "\u{1B}[94m"
    case .server: "\u{1B}[92m"
    }
  }

  static let end: StaticString = "\u{1B}[0m"

  /// The tint of a protocol, by what stands in the Protocol column.
  init?(protocolName: StaticString) {
    switch protocolName.description {
    case "HTTP": self = .http
    case "WebSocket": self = .webSocket
    case "Engine.IO", "Socket.IO", "Chat": self = .socketIO
    default: return nil
    }
  }
}

/// Why a line is red or yellow.
struct Alarm {
  var colour: Colour
  /// What to write behind the line, where its own words do not say it.
  var words: String?

  init(colour: Colour) { self.colour = colour }

  /// - Parameter isWanted: Whether the layer at an index belongs to the line.
  init?(_ dissection: borrowing Dissection, where isWanted: (Int) -> Bool) {
    var worst: Finding?
    var severity = FindingKind.Severity.note
    for finding in dissection.findings where isWanted(finding.layer) {
      let kind = finding.kind
      // A cut packet is the capture's doing.
      guard kind !== FindingKind.cut, kind.severity >= .note,
        kind.severity > severity || worst == nil
      else { continue }
      guard kind.severity > .note || kind.group == .sequence else { continue }
      worst = finding
      severity = kind.severity
    }
    guard let worst else { return nil }
    colour = worst.kind.severity == .error ? .error : .warning
    switch worst.kind.group {
    case .checksum where worst.kind.severity == .error && worst.found != worst.expected: words = nil
    case .malformed where worst.kind === FindingKind.malformed && dissection.failure != nil:
      words = nil
    case .sequence where worst.layer == dissection.speaker && dissection.messages.isEmpty:
      // TCP's own line begins with it.
      words = nil
    // The words in braces say it, or the line's own.
    case _
    where ["fernet", "netlab"].contains(dissection.layers[worst.layer].type.filterName.description):
      words = nil
    default: words = worst.text
    }
  }
}

extension TextBuffer {
  /// Cuts what was written after `start` to a terminal's width, with … as the last column.
  mutating func fit(from start: Int, to width: Int) {
    var columns = 0
    var cut: Int?
    var at = start
    let isOver = withBytes { bytes in
      while at < bytes.count {
        let (scalar, length) = Self.scalar(bytes, at)
        columns += Self.width(of: scalar)
        if columns > width { return true }
        // The last column is the ellipsis'.
        if columns <= width - 1 { cut = at + length }
        at += length
      }
      return false
    }
    guard isOver else { return }
    truncate(to: cut ?? start)
    append("…")
  }

  private static func scalar(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> (UInt32, Int) {
    let lead = bytes[at]
    let length = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
    guard length > 1, at + length <= bytes.count else { return (UInt32(lead), 1) }
    var value = UInt32(lead) & (0x7f >> UInt32(length))
    for offset in 1..<length { value = value << 6 | UInt32(bytes[at + offset] & 0x3f) }
    return (value, length)
  }

  /// Columns that a terminal gives to a scalar: East Asian Width W and F take two, marks none.
  private static func width(of scalar: UInt32) -> Int {
    switch scalar {
    case 0x0300...0x036f, 0x200b...0x200f, 0x20d0...0x20ff, 0xfe00...0xfe0f: 0
    case 0x1100...0x115f, 0x2e80...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f,
      0xff00...0xff60, 0xffe0...0xffe6, 0x1f300...0x1faff, 0x20000...0x3fffd:
      2
    default: 1
    }
  }

  /// Puts a colour around what was written between two places, the later place first when there are
  /// several; beyond the end counts as the end.
  mutating func colour(_ colour: Colour, from start: Int, to end: Int) {
    let end = min(end, count)
    guard start < end else { return }
    let (middle, rest) = withBytes { bytes in
      (Array(bytes[start..<end]), Array(bytes[end...]))
    }
    truncate(to: start)
    append(colour.start)
    middle.withUnsafeBytes { append($0) }
    append(Colour.end)
    rest.withUnsafeBytes { append($0) }
  }
}
