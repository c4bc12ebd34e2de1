/// The ids met last, so that none is shown twice.
struct RecentIDs {
  private let capacity: Int
  private var ids: Set<ChatMessageID> = []
  private var order: [ChatMessageID] = []
  private var oldest = 0

  init(capacity: Int) { self.capacity = max(capacity, 1) }

  func contains(_ id: ChatMessageID) -> Bool { ids.contains(id) }

  /// Whether it is new.
  @discardableResult
  mutating func insert(_ id: ChatMessageID) -> Bool {
    guard ids.insert(id).inserted else { return false }
    if order.count < capacity {
      order.append(id)
    } else {
      ids.remove(order[oldest])
      order[oldest] = id
      oldest = (oldest + 1) % capacity
    }
    return true
  }
}
