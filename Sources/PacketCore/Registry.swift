/// The protocols that are known, and which number of which layer leads to which: an immutable
/// value that a `Dissector` walks packets with.
public struct Registry: Sendable {
  /// The protocols, in the order they were named; the first is the frame itself.
  public private(set) var layers: [any ErasedLayer.Type]

  /// What streams may be, in the order in which they are asked.
  public private(set) var streams: [any StreamProtocol.Type]

  /// The ways that most frames and most messages take, in one step; nil for none.
  let frameShortcut: (any Shortcut.Type)?
  let messageShortcut: (any Shortcut.Type)?

  /// Position + 1 for numbers below 256, by space and number; 0 where nobody claims them.
  private var small: [UInt16]
  /// The others. Open addressing: key + 1 in the upper half, position in `layers` in the lower; 0 is free.
  private var slots: [UInt64]
  private var count = 0

  /// - Parameters:
  ///   - layers: Every protocol. Where two claim a number, the later one wins.
  ///   - streams: Every protocol that stands on a stream of octets.
  ///   - frames: The way that most frames take.
  ///   - messages: The way that most messages take.
  public init(
    _ layers: [any ErasedLayer.Type], streams: [any StreamProtocol.Type] = [],
    frames: (any Shortcut.Type)? = nil, messages: (any Shortcut.Type)? = nil
  ) {
    self.streams = streams
    frameShortcut = frames
    messageShortcut = messages
    small = Array(repeating: 0, count: PayloadType.Space.allCases.count << 8)
    self.layers = [Frame.self, Payload.self] + layers
    slots = Array(repeating: 0, count: 256)
    for (position, layer) in self.layers.enumerated() {
      for type in layer.carriedBy { bind(type.key, to: position) }
    }
  }

  @inline(__always)
  private static func hash(_ key: UInt32) -> Int {
    Int(truncatingIfNeeded: (UInt64(key) &* 0x9E37_79B9_7F4A_7C15) &>> 40)
  }

  private mutating func bind(_ key: UInt32, to position: Int) {
    if let index = Self.smallIndex(key) {
      small[index] = UInt16(position + 1)
      return
    }
    if (count + 1) * 4 > slots.count {
      let old = slots
      slots = Array(repeating: 0, count: old.count * 2)
      for slot in old where slot != 0 { insert(slot) }
    }
    insert((UInt64(key) + 1) << 32 | UInt64(position))
    count += 1
  }

  private mutating func insert(_ slot: UInt64) {
    let mask = slots.count - 1
    var index = Self.hash(UInt32(truncatingIfNeeded: (slot >> 32) - 1)) & mask
    while slots[index] != 0, slots[index] >> 32 != slot >> 32 { index = (index + 1) & mask }
    slots[index] = slot
  }

  /// The place in `small`; nil for numbers from 256 on. See `PayloadType.key`.
  @inline(__always)
  private static func smallIndex(_ key: UInt32) -> Int? {
    key & 0xff00 == 0 ? Int(key &>> 8 | key & 0xff) : nil
  }

  @inline(__always)
  private func position(of key: UInt32) -> Int? {
    if let index = Self.smallIndex(key) {
      let found = Int(small[index])
      return found == 0 ? nil : found &- 1
    }
    return positionByHash(of: key)
  }

  private func positionByHash(of key: UInt32) -> Int? {
    let mask = slots.count &- 1
    let wanted = UInt64(key) &+ 1
    var index = Self.hash(key) & mask
    while true {
      let slot = slots[index]
      if slot == 0 { return nil }
      if slot &>> 32 == wanted { return Int(truncatingIfNeeded: slot & 0xffff_ffff) }
      index = (index &+ 1) & mask
    }
  }

  /// Position in `layers` of the protocol that `type` leads to; nil when nobody claims it.
  @inline(__always)
  func position(for type: PayloadType) -> Int? {
    if type.space == .nothing { return nil }
    if let found = position(of: type.key) { return found }
    return type.alternative == type.value ? nil : position(of: type.alternativeKey)
  }

  /// The protocol that `type` leads to; nil when nobody claims it.
  public func layer(for type: PayloadType) -> (any ErasedLayer.Type)? {
    position(for: type).map { layers[$0] }
  }

  /// The protocol with this filter name.
  public func layer(named name: String) -> (any ErasedLayer.Type)? {
    layers.first { $0.description.name == name }
  }

  /// The same protocols with other streams.
  public func with(streams: [any StreamProtocol.Type]) -> Registry {
    var other = self
    other.streams = streams
    return other
  }

  /// Decode as: from now on `type` leads to the protocol with this filter name.
  /// - Returns: False when there is no such protocol.
  public mutating func decode(_ type: PayloadType, as name: String) -> Bool {
    guard let position = layers.firstIndex(where: { $0.description.name == name }) else {
      return false
    }
    bind(type.key, to: position)
    return true
  }
}
