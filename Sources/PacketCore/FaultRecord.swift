/// What a fault did to one packet: for the capture's comment, the rows of tries, and the reader.
public struct FaultRecord: Sendable, Hashable {
  /// `loss`, `corrupt`, `duplicate`, `reorder`, `delay`, `rate` or `cut`.
  public var kind: String
  /// Which of the faults asked for it was, from 1.
  public var id: Int
  /// What was done, such as `tcp.checksum 0xc91c → 0x1454`.
  public var detail: String

  public init(kind: String, id: Int, detail: String) {
    self.kind = kind
    self.id = id
    self.detail = detail
  }

  private static let opening = "netlab fault: kind="

  /// The comment of a captured packet that says so:
  /// `netlab fault: kind=corrupt id=1 tcp.checksum 0xc91c → 0x1454`.
  public var comment: String {
    Self.opening + kind + " id=\(id)" + (detail.isEmpty ? "" : " " + detail)
  }

  /// Reads the comment of a captured packet; nil when it is none of ours.
  public init?(comment: String) {
    guard comment.hasPrefix(Self.opening) else { return nil }
    let words = comment.dropFirst(Self.opening.count)
      .split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
    guard words.count >= 2, !words[0].isEmpty, words[1].hasPrefix("id="),
      let id = Int(words[1].dropFirst(3)), id >= 0
    else { return nil }
    self.init(kind: String(words[0]), id: id, detail: words.count > 2 ? String(words[2]) : "")
  }
}
