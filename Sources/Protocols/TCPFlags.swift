import PacketCore

/// The twelve bits beside the data offset. RFC 9293 section 3.1; AE is RFC 3540's NS, as
/// draft-ietf-tcpm-accurate-ecn uses it.
public struct TCPFlags: OptionSet, Sendable, BitwiseCopyable {
  /// The bits as in the header.
  public let rawValue: UInt16
  /// The bits as in the header.
  @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// No more data from the sender.
  public static let fin = TCPFlags(rawValue: 0x001)
  /// Synchronise sequence numbers.
  public static let syn = TCPFlags(rawValue: 0x002)
  /// Reset the connection.
  public static let rst = TCPFlags(rawValue: 0x004)
  /// Hand the data to the application.
  public static let psh = TCPFlags(rawValue: 0x008)
  /// The acknowledgment field is significant.
  public static let ack = TCPFlags(rawValue: 0x010)
  /// The urgent pointer is significant.
  public static let urg = TCPFlags(rawValue: 0x020)
  /// ECN echo (RFC 3168).
  public static let ece = TCPFlags(rawValue: 0x040)
  /// Congestion window reduced (RFC 3168).
  public static let cwr = TCPFlags(rawValue: 0x080)
  /// Accurate ECN, formerly NS.
  public static let ae = TCPFlags(rawValue: 0x100)
  /// The three bits that must be zero.
  public static let reserved = TCPFlags(rawValue: 0xe00)

  /// A number in three of the flags. draft-ietf-tcpm-accurate-ecn section 3.2.2: AE, CWR and ECE
  /// count congestion marks once both ends agreed to it in the handshake.
  var accurateECN: UInt8 {
    (contains(.ae) ? 4 : 0) | (contains(.cwr) ? 2 : 0) | (contains(.ece) ? 1 : 0)
  }

  private static let names: [(TCPFlags, StaticString)] = [
    (.fin, "FIN"), (.syn, "SYN"), (.rst, "RST"), (.psh, "PSH"), (.ack, "ACK"), (.urg, "URG"),
    (.ece, "ECE"), (.cwr, "CWR"), (.ae, "AE"),
  ]

  /// Appends the names in Wireshark's order, `PSH, ACK`; `<None>` for none.
  ///
  /// - Parameter countsECN: AE, CWR and ECE are a number here.
  func write(countsECN: Bool = false, to text: inout TextBuffer) {
    // The four that nearly every segment carries, without looking at each bit.
    if !countsECN {
      switch rawValue {
      case 0x10: return text.append("ACK")
      case 0x18: return text.append("PSH, ACK")
      case 0x02: return text.append("SYN")
      case 0x12: return text.append("SYN, ACK")
      default: break
      }
    }
    let start = text.count
    func separate(_ text: inout TextBuffer) { if text.count > start { text.append(", ") } }
    for (flag, name) in Self.names.prefix(countsECN ? 6 : 9) where contains(flag) {
      separate(&text)
      text.append(name)
    }
    if countsECN {
      text.append(", ACE=")
      text.append(byte: 48 + accurateECN)
    }
    if !isDisjoint(with: .reserved) {
      separate(&text)
      text.append("Reserved")
    }
    if text.count == start { text.append("<None>") }
  }

  /// The names, as the tree shows them before the number.
  @Sendable static func words(_ value: UInt64) -> String? {
    var text = TextBuffer(capacity: 64)
    TCPFlags(rawValue: UInt16(truncatingIfNeeded: value)).write(to: &text)
    return text.string
  }

  /// One letter a bit, a middle dot where it is not set: `·······AP···`.
  func letters(countsECN: Bool) -> String {
    var text = ""
    for (index, letter) in "RRRACEUAPRSF".enumerated() {
      if countsECN, (3...5).contains(index) {
        text += index == 4 ? "\(accurateECN)" : "-"
      } else {
        text += rawValue >> UInt16(11 - index) & 1 == 1 ? String(letter) : "·"
      }
    }
    return text
  }
}
