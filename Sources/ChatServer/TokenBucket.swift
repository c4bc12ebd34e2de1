/// How often something may happen: so many times at once, then at a steady rate.
struct TokenBucket: Sendable {
  /// Times at once.
  let capacity: Double
  /// Times per second, after that.
  let rate: Double
  private var tokens: Double
  private var last: Int64

  /// - Parameter now: Nanoseconds of `ChatClock.uptime`, here and below.
  init(capacity: Int, perSecond rate: Double, now: Int64) {
    self.capacity = Double(capacity)
    self.rate = rate
    tokens = Double(capacity)
    last = now
  }

  /// Whether it may happen now.
  mutating func isOpen(now: Int64) -> Bool {
    refill(now)
    return tokens >= 1
  }

  /// Counts one time; false, and nothing is counted, when it may not happen now.
  mutating func take(now: Int64) -> Bool {
    guard isOpen(now: now) else { return false }
    tokens -= 1
    return true
  }

  /// Whether it is as if nothing had ever happened.
  mutating func isFull(now: Int64) -> Bool {
    refill(now)
    return tokens >= capacity
  }

  private mutating func refill(_ now: Int64) {
    guard now > last else { return }
    tokens = min(capacity, tokens + Double(now &- last) / 1e9 * rate)
    last = now
  }
}

/// One bucket for each address, forgotten again when it is full.
struct AddressLimits: Sendable {
  private let capacity: Int
  private let rate: Double
  /// Addresses remembered at once; with more of them, all strangers share one bucket.
  private let largest: Int
  private var buckets: [String: TokenBucket] = [:]
  private var lastPurge: Int64?

  init(capacity: Int, perSecond rate: Double, largest: Int = 10_000) {
    self.capacity = capacity
    self.rate = rate
    self.largest = largest
  }

  /// Whether this address may do it now; nothing is counted.
  mutating func isOpen(_ address: String, now: Int64) -> Bool {
    let address = key(address, now)
    return buckets[address]?.isOpen(now: now) ?? true
  }

  /// Counts one time; false when the address may not do it now.
  mutating func take(_ address: String, now: Int64) -> Bool {
    let key = key(address, now)
    return buckets[
      key, default: TokenBucket(capacity: capacity, perSecond: rate, now: now)
    ].take(now: now)
  }

  var count: Int { buckets.count }

  /// The address, an IPv6 one by its network: whoever has one address of a /64 has all of them.
  private mutating func key(_ address: String, _ now: Int64) -> String {
    let network = AddressNetwork.name(address)
    guard buckets[network] == nil, buckets.count >= largest else { return network }
    // Once a second at most, or many addresses would make every request expensive.
    if let lastPurge, now &- lastPurge < 1_000_000_000 { return "" }
    lastPurge = now
    for name in Array(buckets.keys) where buckets[name]?.isFull(now: now) == true {
      buckets[name] = nil
    }
    return buckets.count < largest ? network : ""
  }
}
