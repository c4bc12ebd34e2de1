import Capture

/// What is remembered for a time and then forgotten.
///
/// Entries get the same lifetime, so the oldest stand in front of the queue; one that was touched
/// since is put back behind, when its turn comes.
struct ExpiringTable<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  private struct Entry: Sendable {
    var value: Value
    var expiry: MonotonicTime
  }

  private struct Turn: Sendable {
    var key: Key
    var time: MonotonicTime
  }

  private var entries: [Key: Entry] = [:]
  private var turns: [Turn] = []
  private var head = 0

  var count: Int { entries.count }

  /// Nothing has to be forgotten before.
  var nextExpiry: MonotonicTime? { head < turns.count ? turns[head].time : nil }

  subscript(key: Key) -> Value? { entries[key]?.value }

  /// Remembers a value, in place of an older one.
  mutating func set(_ value: Value, for key: Key, until expiry: MonotonicTime) {
    if entries.updateValue(Entry(value: value, expiry: expiry), forKey: key) == nil {
      turns.append(Turn(key: key, time: expiry))
    }
  }

  /// Takes out an entry that is to be forgotten by now; nil when there is none.
  mutating func removeExpired(_ now: MonotonicTime) -> (key: Key, value: Value)? {
    while head < turns.count, turns[head].time <= now {
      let key = turns[head].key
      head += 1
      if head > 64, head > turns.count / 2 {
        turns.removeSubrange(..<head)
        head = 0
      }
      guard let entry = entries[key] else { continue }
      guard entry.expiry > now else {
        entries[key] = nil
        return (key, entry.value)
      }
      turns.append(Turn(key: key, time: entry.expiry))
    }
    return nil
  }
}

/// What was used lately, and never more than twice `limit`: what strangers can make a receiver
/// remember.
struct RecentTable<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  private var young: [Key: Value] = [:]
  private var old: [Key: Value] = [:]
  private let limit: Int

  init(limit: Int) { self.limit = max(limit, 1) }

  var count: Int { young.count + old.count }

  subscript(key: Key) -> Value? {
    get { young[key] ?? old[key] }
    set {
      if young.count >= limit, young[key] == nil {
        // What was not used since the last time goes.
        old = young
        young = [:]
      }
      young[key] = newValue
      if newValue == nil { old[key] = nil }
    }
  }
}

/// So many in a second, and a second's worth at once: the generic cell rate algorithm of ITU-T
/// I.371, which remembers one moment.
struct ReceiverRate: Sendable {
  /// When the next one would be due, were they evenly spread.
  private var due = MonotonicTime(nanoseconds: .min)

  /// - Returns: Whether one more is within the rate; it is counted then.
  mutating func take(perSecond: Int, at now: MonotonicTime) -> Bool {
    guard perSecond > 0 else { return false }
    let spacing = max(1_000_000_000 / Int64(perSecond), 1)
    let from = max(due, now)
    guard from < now.advanced(byNanoseconds: spacing &* Int64(perSecond)) else { return false }
    due = from.advanced(byNanoseconds: spacing)
    return true
  }
}
