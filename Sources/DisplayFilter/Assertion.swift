import PacketCore

/// A statement about a capture that holds or does not: counts of what filters match, compared.
///
///     count(sio.event == "message") >= 2
///     packets(tcp.analysis.retransmission) == 0 and messages(websocket) > 10
///     count(http.request) == count(http.response)
///
/// `packets(F)` counts packets, `messages(F)` messages, and `count(F)` whichever F is about: messages
/// when it names a field of a protocol above the transport, packets otherwise. A filter alone means
/// that it matches at least once.
public struct Assertion: Sendable {
  /// What a count counts.
  public enum Subject: String, Sendable { case packets, messages }

  /// One count: a filter, and what it is asked about.
  public struct Count: Sendable {
    public let text: String
    public let subject: Subject
    public let filter: DisplayFilter
  }

  indirect enum Node: Sendable {
    case number(Int)
    case count(Int)
    case sum(Node, Node)
    case difference(Node, Node)
    case comparison(Comparison, Node, Node)
    case and(Node, Node)
    case or(Node, Node)
    case not(Node)
  }

  enum Comparison: Sendable { case equal, unequal, less, lessOrEqual, greater, greaterOrEqual }

  /// As it was written.
  public let text: String
  /// The counts that it needs, in the order of the text.
  public let counts: [Count]
  private let root: Node

  /// - Parameters:
  ///   - text: The statement.
  ///   - registry: The protocols whose fields its filters may name.
  /// - Throws: `FilterError` that says what is wrong where, in the whole text.
  public init(_ text: String, registry: Registry) throws(FilterError) {
    self.text = text
    var parser = AssertionParser(text, index: FieldIndex(registry))
    root = try parser.statement()
    counts = parser.counts
  }

  /// Whether it holds.
  ///
  /// - Parameter numbers: The result of each of `counts`.
  public func holds(_ numbers: [Int]) -> Bool { Self.truth(root, numbers) }

  private static func truth(_ node: Node, _ numbers: [Int]) -> Bool {
    switch node {
    case .and(let left, let right): truth(left, numbers) && truth(right, numbers)
    case .or(let left, let right): truth(left, numbers) || truth(right, numbers)
    case .not(let inner): !truth(inner, numbers)
    case .comparison(let comparison, let left, let right):
      compare(comparison, value(left, numbers), value(right, numbers))
    // A count alone: is there any?
    case .number, .count, .sum, .difference: value(node, numbers) != 0
    }
  }

  private static func compare(_ comparison: Comparison, _ left: Int, _ right: Int) -> Bool {
    switch comparison {
    case .equal: left == right
    case .unequal: left != right
    case .less: left < right
    case .lessOrEqual: left <= right
    case .greater: left > right
    case .greaterOrEqual: left >= right
    }
  }

  private static func value(_ node: Node, _ numbers: [Int]) -> Int {
    switch node {
    case .number(let number): number
    case .count(let index): numbers[index]
    case .sum(let left, let right): value(left, numbers) &+ value(right, numbers)
    case .difference(let left, let right): value(left, numbers) &- value(right, numbers)
    case .comparison, .and, .or, .not: truth(node, numbers) ? 1 : 0
    }
  }
}
