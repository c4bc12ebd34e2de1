import COctets
import PacketCore

/// Connections by their two ends, bounded, the longest idle forgotten first.
///
/// Open addressing over an array of numbers; the connections themselves stand still in blocks, so
/// that a growing table copies eight octets a connection and not two hundred and fifty. Both are raw
/// memory of this value alone: every segment looks here, and an array in an array would ask each
/// time whether somebody else has it. Numbers of connections come from the table itself.
struct TCPConnectionTable: ~Copyable {
  /// No connection.
  static let none = UInt32.max
  private static let blockShift = 9
  private static let blockMask = (1 << blockShift) - 1

  private var blocks: UnsafeMutablePointer<UnsafeMutablePointer<TCPConnection>>
  private var blockCount = 0
  private let blockCapacity: Int
  /// Hash in the upper half, number of the connection + 1 in the lower; 0 is free.
  private var slots: UnsafeMutableBufferPointer<UInt64>
  /// Which connection the last segments between two ends belonged to, by a hash of the ends in the
  /// packet's own order: its number shifted left by one, and in the lowest bit whether the higher
  /// end sent it. A hint that is held against the connection's key.
  private let hints: UnsafeMutablePointer<UInt32>
  private static let hintBits: UInt64 = 13
  /// Connections remembered now.
  private(set) var count = 0
  /// Connections that were forgotten to make room.
  private(set) var forgotten = 0
  private let limit: Int
  /// A connection is put in front only when this many packets have passed since it last was: the
  /// order of idleness is exact to an eighth of the table, and a busy connection stays in place.
  private let patience: UInt32
  private var oldest = none
  private var newest = none
  private var packets: UInt32 = 0
  private var streams: UInt32 = 0
  /// Segments that wait for acknowledgment, of all connections.
  private(set) var waiting: TCPUnacknowledged
  /// Whether segments are judged (`TCPAnalysis`).
  var isAnalysing = true
  /// The connection whose waiting segments go next when all places are taken.
  private var sweep = none

  /// - Parameter limit: Connections remembered at once.
  init(limit connections: Int) {
    limit = min(max(connections, 1), Int(UInt32.max) - 1)
    patience = UInt32(truncatingIfNeeded: limit / 8)
    blockCapacity = limit >> Self.blockShift + 1
    blocks = .allocate(capacity: blockCapacity)
    slots = Self.freeSlots(256)
    hints = .allocate(capacity: 1 << Self.hintBits)
    hints.initialize(repeating: Self.none, count: 1 << Self.hintBits)
    waiting = TCPUnacknowledged(limit: max(limit &* 2, 1 << 16))
  }

  deinit {
    // Connections are plain octets: nothing to let go of in them.
    for block in 0..<blockCount { blocks[block].deallocate() }
    blocks.deallocate()
    slots.deallocate()
    hints.deallocate()
  }

  private static func freeSlots(_ count: Int) -> UnsafeMutableBufferPointer<UInt64> {
    let slots = UnsafeMutableBufferPointer<UInt64>.allocate(capacity: count)
    slots.initialize(repeating: 0)
    return slots
  }

  /// Where a connection stands.
  @inline(__always)
  private func place(_ number: UInt32) -> UnsafeMutablePointer<TCPConnection> {
    blocks[Int(number) >> Self.blockShift] + (Int(number) & Self.blockMask)
  }

  /// See `TCPConversations.follow`.
  mutating func follow(
    _ tcp: TCP, _ segment: TCPSegment, hasOptions: Bool, _ ends: Endpoints, _ point: CapturePoint,
    note: inout TCPNote
  ) -> Bool {
    packets &+= 1
    let (key, fromHigh) = TCPConnection.Key.of(ends, tcp.sourcePort, tcp.destinationPort, point)
    let hash = key.hash
    let before = forgotten
    let known = number(of: key, hash)
    let number = known ?? insert(key, hash, at: segment.time)
    if known != nil { touch(number) }
    if waiting.isFull { makeRoom(besides: number) }
    note.slot = number
    note.isFromHigh = fromHigh
    let isPlain = tcp.options.isPaddedTimestamps && !segment.flags.contains(.syn)
    take(
      segment, options: hasOptions && !isPlain ? tcp.options : nil, isBogus: tcp.offsetIsBogus,
      isNew: known == nil, place(number), fromHigh: fromHigh, &note)
    if tcp.flags.contains(.syn) {
      self[number].state.opener = fromHigh != tcp.flags.contains(.ack) ? .high : .low
    }
    note.opener = self[number].state.opener
    return forgotten != before
  }

  /// Which connection a segment probably belongs to, before anything is known of it but where the ends'
  /// names and the ports stand. Has the connection fetched: it is needed a hundred instructions on.
  ///
  /// - Parameters:
  ///   - addresses: The source in the upper half, the destination in the lower. With their octets turned
  ///     around, neighbours would fall on one another three times as often.
  ///   - ports: Likewise.
  @inline(__always)
  func hint(_ addresses: UInt64, _ ports: UInt32) -> TCPHint {
    let mixed =
      addresses &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(ports) &* 0xBF58_476D_1CE4_E5B9
    let hint = TCPHint(place: hints + Int(truncatingIfNeeded: mixed &>> (64 &- Self.hintBits)))
    if let (number, _) = hint.connection {
      let connection = UnsafeRawPointer(place(number))
      for line in 0..<4 { netlab_prefetch(connection + line * 64) }
    }
    return hint
  }

  /// The same of a segment whose ends are known.
  @inline(__always)
  func hint(_ ends: Endpoints, _ source: UInt16, _ destination: UInt16) -> TCPHint {
    hint(
      (ends.source.low &<< 32 | ends.source.low &>> 32) ^ ends.destination.low,
      UInt32(source) &<< 16 | UInt32(destination))
  }

  /// The connection of a segment, if it is known and the segment needs no more than `followPlain` or
  /// `pass`. Mutating, though it changes hints alone: otherwise the table would be copied for the call.
  @inline(__always)
  mutating func plainConnection(
    _ ends: Endpoints, _ source: UInt16, _ destination: UInt16, _ point: CapturePoint,
    _ hint: TCPHint
  ) -> TCPPlainPlace? {
    if let (number, isFromHigh) = hint.connection {
      let key = TCPConnection.key(of: place(number))
      if _fastPath(
        isFromHigh
          ? key.pointee.isBetween(ends.destination, destination, ends.source, source, point)
          : key.pointee.isBetween(ends.source, source, ends.destination, destination, point))
      {
        return plainPlace(number, isFromHigh)
      }
    }
    return searchPlain(ends, source, destination, point, hint.place)
  }

  /// The same where no hint leads to it; leaves one.
  @inline(never)
  private mutating func searchPlain(
    _ ends: Endpoints, _ source: UInt16, _ destination: UInt16, _ point: CapturePoint,
    _ hint: UnsafeMutablePointer<UInt32>
  ) -> TCPPlainPlace? {
    let (key, fromHigh) = TCPConnection.Key.of(ends, source, destination, point)
    guard let number = number(of: key, key.hash) else { return nil }
    if number < Self.none &>> 1 { hint.pointee = number &<< 1 | (fromHigh ? 1 : 0) }
    return plainPlace(number, fromHigh)
  }

  /// Nil where a segment is more than the next of its connection: places for segments that wait for
  /// acknowledgment must be made first, or it is the first to say where sequence numbers begin.
  @inline(__always)
  private func plainPlace(_ number: UInt32, _ isFromHigh: Bool) -> TCPPlainPlace? {
    let connection = place(number)
    guard
      _fastPath(
        isAnalysing ? !waiting.isFull : connection.pointee.state.bits.contains(.hasBases))
    else {
      return nil
    }
    return TCPPlainPlace(
      number: number, stream: connection.pointee.state.stream, isFromHigh: isFromHigh)
  }

  /// Takes such a segment of a connection about which nothing is asked.
  @inline(__always)
  mutating func pass(_ number: UInt32) {
    packets &+= 1
    touch(number)
  }

  /// Takes a segment without SYN, FIN or RST whose options are none or timestamps into a connection
  /// that is known.
  @inline(__always)
  mutating func followPlain(
    _ segment: TCPSegment, _ number: UInt32, fromHigh: Bool, note: inout TCPNote
  ) {
    packets &+= 1
    touch(number)
    take(
      segment, options: nil, isBogus: false, isNew: false, place(number), fromHigh: fromHigh, &note)
    note.opener = place(number).pointee.state.opener
  }

  @inline(__always)
  private mutating func take(
    _ segment: TCPSegment, options: HeaderOptions?, isBogus: Bool, isNew: Bool,
    _ connection: UnsafeMutablePointer<TCPConnection>, fromHigh: Bool, _ note: inout TCPNote
  ) {
    let (low, high) = TCPConnection.directions(of: connection)
    connection.pointee.state.take(
      segment, options: options, isBogus: isBogus, isNew: isNew, isAnalysing: isAnalysing,
      own: &(fromHigh ? high : low).pointee, peer: &(fromHigh ? low : high).pointee, &waiting,
      &streams, &note)
  }

  // MARK: The table

  private subscript(number: UInt32) -> TCPConnection {
    _read { yield place(number).pointee }
    nonmutating _modify { yield &place(number).pointee }
  }

  @inline(__always)
  private func number(of key: TCPConnection.Key, _ hash: UInt32) -> UInt32? {
    let mask = slots.count &- 1
    var index = Int(hash) & mask
    while true {
      let slot = slots[index]
      if slot == 0 { return nil }
      if UInt32(truncatingIfNeeded: slot &>> 32) == hash {
        let number = UInt32(truncatingIfNeeded: slot) &- 1
        if place(number).pointee.key == key { return number }
      }
      index = (index &+ 1) & mask
    }
  }

  private mutating func insert(_ key: TCPConnection.Key, _ hash: UInt32, at time: Int64) -> UInt32 {
    let number: UInt32
    if count >= limit, oldest != Self.none {
      number = oldest
      forget(number)
      self[number] = newConnection(key, at: time)
    } else {
      number = UInt32(truncatingIfNeeded: count)
      if count & Self.blockMask == 0 {
        blocks[blockCount] = .allocate(capacity: min(1 << Self.blockShift, limit))
        blockCount += 1
      }
      place(number).initialize(to: newConnection(key, at: time))
    }
    if (count + 1) * 2 > slots.count { grow() }
    occupy(UInt64(hash) << 32 | UInt64(number) + 1)
    count += 1
    putInFront(number)
    return number
  }

  private mutating func newConnection(_ key: TCPConnection.Key, at time: Int64) -> TCPConnection {
    defer { streams &+= 1 }
    return TCPConnection(
      key: key, older: Self.none, newer: Self.none, movedAt: packets,
      state: TCPConnection.State(stream: streams, at: time))
  }

  private mutating func occupy(_ slot: UInt64) {
    let mask = slots.count - 1
    var index = Int(slot >> 32) & mask
    while slots[index] != 0 { index = (index + 1) & mask }
    slots[index] = slot
  }

  private mutating func grow() {
    let old = slots
    slots = Self.freeSlots(old.count * 2)
    for slot in old where slot != 0 { occupy(slot) }
    old.deallocate()
  }

  /// Takes a connection out of the table. Those behind it in the same run move up, so that no
  /// search ends at the hole.
  private mutating func forget(_ number: UInt32) {
    unlink(number)
    waitNoMore(for: number)
    count -= 1
    forgotten += 1
    let mask = slots.count - 1
    var hole = Int(self[number].key.hash) & mask
    while UInt32(truncatingIfNeeded: slots[hole]) != number &+ 1 { hole = (hole + 1) & mask }
    var index = (hole + 1) & mask
    while slots[index] != 0 {
      let home = Int(slots[index] >> 32) & mask
      if (index &- home) & mask >= (index &- hole) & mask {
        slots[hole] = slots[index]
        hole = index
      }
      index = (index + 1) & mask
    }
    slots[hole] = 0
  }

  // MARK: The order of use

  @inline(__always)
  private mutating func touch(_ number: UInt32) {
    guard number != newest, _slowPath(packets &- self[number].movedAt > patience) else { return }
    moveUp(number)
  }

  @inline(never)
  private mutating func moveUp(_ number: UInt32) {
    unlink(number)
    self[number].movedAt = packets
    putInFront(number)
  }

  private mutating func putInFront(_ number: UInt32) {
    self[number].older = newest
    self[number].newer = Self.none
    if newest != Self.none { self[newest].newer = number }
    newest = number
    if oldest == Self.none { oldest = number }
  }

  private mutating func unlink(_ number: UInt32) {
    let (older, newer) = (self[number].older, self[number].newer)
    if sweep == number { sweep = newer }
    if older != Self.none { self[older].newer = newer } else { oldest = newer }
    if newer != Self.none { self[newer].older = older } else { newest = older }
  }

  /// All places for waiting segments are taken: the longest idle connections wait no more. Each
  /// step of the sweep either frees a place or passes a connection that has none, once a round.
  private mutating func makeRoom(besides number: UInt32) {
    for _ in 0...count where waiting.isFull {
      if sweep == Self.none { sweep = oldest }
      let connection = sweep
      sweep = self[connection].newer
      guard connection != number else { continue }
      waitNoMore(for: connection)
    }
  }

  private mutating func waitNoMore(for number: UInt32) {
    let connection = place(number)
    waiting.forget(&connection.pointee.fromLow)
    waiting.forget(&connection.pointee.fromHigh)
  }
}
