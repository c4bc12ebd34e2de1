import PacketCore

/// Names for the values of a field: what the tree shows beside a number, and what summaries print.
struct ValueNames: ExpressibleByDictionaryLiteral, Sendable {
  private let entries: [(value: UInt64, name: StaticString)]

  init(dictionaryLiteral elements: (UInt64, StaticString)...) {
    entries = elements.map { (value: $0.0, name: $0.1) }.sorted { $0.value < $1.value }
  }

  /// The name of a value, when it has one.
  subscript<T: FixedWidthInteger>(_ value: T) -> StaticString? {
    let wanted = UInt64(truncatingIfNeeded: value)
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low &+ high) / 2
      if entries[middle].value < wanted { low = middle &+ 1 } else { high = middle }
    }
    return low < entries.count && entries[low].value == wanted ? entries[low].name : nil
  }

  /// The same for a field's declaration.
  var label: @Sendable (UInt64) -> String? { { self[$0]?.description } }
}
