/// A kind of remark that a protocol can make about a packet, declared in its schema. Its name is a
/// filter field: `tcp.analysis.retransmission` finds the packets that carry the remark.
public final class FindingKind: Sendable {
  /// How much it matters. Wireshark's words, `_ws.expert.severity`.
  public enum Severity: UInt8, Sendable, Comparable {
    case comment, chat, note, warning, error
    public static func < (left: Severity, right: Severity) -> Bool {
      left.rawValue < right.rawValue
    }
  }

  /// What it is about. Wireshark's words, `_ws.expert.group`.
  public enum Group: String, Sendable {
    case checksum = "Checksum"
    case sequence = "Sequence"
    case protocolError = "Protocol"
    case malformed = "Malformed"
    case reassemble = "Reassemble"
  }

  /// The filter field.
  public let field: FieldInfo
  public let severity: Severity
  public let group: Group
  /// What is said, in the tree and the expert list.
  public let message: String
  /// Appended to the message with the values found and expected.
  public let detail: (@Sendable (_ found: UInt64, _ expected: UInt64) -> String)?

  /// - Parameters:
  ///   - name: The filter field, in Wireshark's words where it has one.
  ///   - message: A sentence without a full stop.
  ///   - detail: Writes the values found and expected, with a leading separator.
  public init(
    _ name: String, _ message: String, _ severity: Severity, _ group: Group,
    detail: (@Sendable (_ found: UInt64, _ expected: UInt64) -> String)? = nil
  ) {
    field = FieldInfo(name, message, .label, isGenerated: true)
    self.severity = severity
    self.group = group
    self.message = message
    self.detail = detail
  }

  public var name: String { field.name }
}

/// One remark about one layer of one packet.
public struct Finding: Sendable {
  public let kind: FindingKind
  /// Index of the layer in the dissection.
  public let layer: Int
  public let found: UInt64
  public let expected: UInt64
  /// What was found and expected where no number says it; empty otherwise. Stands behind the message,
  /// with its own separator.
  public let words: String

  /// The same about another layer.
  func moved(to layer: Int) -> Finding {
    Finding(kind: kind, layer: layer, found: found, expected: expected, words: words)
  }

  /// The message with its values.
  public var text: String {
    kind.message + (kind.detail.map { $0(found, expected) } ?? "") + words
  }
}
