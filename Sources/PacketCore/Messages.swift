/// The messages of one packet, in the order of the stream.
///
/// As with `LayerRecords`, the memory is kept from packet to packet and is no array, which would ask
/// for every message whether it has been copied: `removeAll` asks once a packet that had some.
public struct Messages: RandomAccessCollection, Sendable {
  @usableFromInline var places = MessagePlaces()
  @usableFromInline var used = 0

  init() {}

  @inlinable public var startIndex: Int { 0 }
  @inlinable public var endIndex: Int { used }
  @inlinable public var count: Int { used }
  @inlinable public var isEmpty: Bool { used == 0 }

  @inlinable
  public subscript(position: Int) -> Message {
    precondition(position >= 0 && position < used, "no such message")
    return places.messages[position]
  }

  /// Forgets the last packet's. Copies that were made of them keep theirs.
  @inline(__always)
  mutating func removeAll() {
    if _slowPath(!isKnownUniquelyReferenced(&places)) { places = MessagePlaces() }
    used = 0
  }

  mutating func append(_ message: Message) {
    if _slowPath(used == places.capacity) { places.grow(used) }
    places.messages[used] = message
    used &+= 1
  }

  /// Changes the last message, if there is one; only while the packet is walked.
  @inline(__always)
  mutating func withLast(_ body: (inout Message) -> Void) {
    if used > 0 { body(&places.messages[used &- 1]) }
  }
}

/// The memory that a packet's messages stand in.
@usableFromInline
final class MessagePlaces: @unchecked Sendable {
  // Used by the one thread that walks.
  @usableFromInline @exclusivity(unchecked) var messages: UnsafeMutablePointer<Message>
  @exclusivity(unchecked) var capacity = 8

  init() { messages = .allocate(capacity: capacity) }

  deinit { messages.deallocate() }

  /// Doubles the room; `used` messages are there.
  @inline(never)
  func grow(_ used: Int) {
    let larger = UnsafeMutablePointer<Message>.allocate(capacity: capacity * 2)
    larger.update(from: messages, count: used)
    messages.deallocate()
    messages = larger
    capacity *= 2
  }
}
