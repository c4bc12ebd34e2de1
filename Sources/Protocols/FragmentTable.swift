import PacketCore

/// Fragments of datagrams that wait for their rest. RFC 791 section 3.2 and RFC 815 for IPv4,
/// RFC 8200 section 4.5 for IPv6; both versions share all but the key.
///
/// Bounded by octets and by time, counted in the capture's own time. Where fragments overlap, the
/// octets of the lower offset count, and equal ones agree; different ones are a finding.
struct FragmentTable<Key: Hashable> {
  /// What became of one fragment.
  struct Outcome {
    /// The datagram's payload and the number of fragments, when this one completed it.
    var complete: (octets: [UInt8], fragments: Int, protocolNumber: UInt8)?
    /// It repeats octets that are already there.
    var overlaps = false
    /// And says something else about them.
    var conflicts = false
    /// It reaches behind the end that the last fragment names.
    var isTooLong = false
    /// There is a second last fragment, with another end.
    var hasSecondEnd = false
  }

  private struct Piece {
    var offset: Int
    var octets: [UInt8]
    var end: Int { offset + octets.count }
  }

  private struct Datagram {
    var pieces: [Piece] = []
    var end: Int?
    var fragments = 0
    var protocolNumber: UInt8 = 0
    var charge = 0
    var since: Timestamp
    var serial: Int
  }

  /// What a piece costs beyond its octets.
  private static var overhead: Int { 64 }

  private var datagrams: [Key: Datagram] = [:]
  /// Keys in the order in which their first fragments came; old ones may be gone.
  private var order: [(key: Key, serial: Int)] = []
  private var oldest = 0
  private var serial = 0
  /// Octets held, overhead included.
  private(set) var held = 0
  private let limits: Limits

  init(limits: Limits) { self.limits = limits }

  /// Datagrams that wait.
  var count: Int { datagrams.count }

  /// Takes one fragment in.
  ///
  /// - Parameters:
  ///   - key: What all fragments of one datagram have in common.
  ///   - offset: Octets of the datagram's payload before this fragment's.
  ///   - isLast: No fragment follows this one.
  ///   - protocolNumber: What the datagram's payload is; that of offset 0 counts.
  mutating func add(
    _ key: Key, offset: Int, isLast: Bool, protocolNumber: UInt8, octets: RawSpan, at now: Timestamp
  ) -> Outcome {
    forget(before: now)
    var outcome = Outcome()
    var datagram: Datagram
    if let known = datagrams.removeValue(forKey: key) {
      datagram = known
      held -= datagram.charge
    } else {
      serial += 1
      datagram = Datagram(since: now, serial: serial)
      order.append((key, serial))
    }
    let end = offset + octets.byteCount
    datagram.fragments += 1
    if offset == 0 || datagram.fragments == 1 { datagram.protocolNumber = protocolNumber }
    if isLast {
      if let known = datagram.end {
        if known != end { outcome.hasSecondEnd = true }
      } else {
        datagram.end = end
      }
    }
    if let known = datagram.end, end > known { outcome.isTooLong = true }
    insert(Piece(offset: offset, octets: [UInt8](octets)), into: &datagram, &outcome)

    if let end = datagram.end, let whole = Self.joined(datagram.pieces, end) {
      outcome.complete = (whole, datagram.fragments, datagram.protocolNumber)
      return outcome
    }
    held += datagram.charge
    datagrams[key] = datagram
    while held > limits.fragmentOctets, forgetOldest() {}
    return outcome
  }

  /// Puts a piece in its place unless all of it is there already.
  private func insert(_ piece: Piece, into datagram: inout Datagram, _ outcome: inout Outcome) {
    var place = datagram.pieces.count
    var covered = piece.offset
    for (index, other) in datagram.pieces.enumerated() {
      if other.offset > piece.offset { place = min(place, index) }
      let low = max(other.offset, piece.offset)
      let high = min(other.end, piece.end)
      guard low < high else { continue }
      outcome.overlaps = true
      if other.octets[low - other.offset..<high - other.offset]
        != piece.octets[low - piece.offset..<high - piece.offset]
      {
        outcome.conflicts = true
      }
      if low <= covered { covered = max(covered, high) }
    }
    guard covered < piece.end || piece.octets.isEmpty && datagram.pieces.isEmpty else { return }
    datagram.pieces.insert(piece, at: place)
    datagram.charge += piece.octets.count + Self.overhead
  }

  /// The octets up to `end`, when there is no hole before it.
  private static func joined(_ pieces: [Piece], _ end: Int) -> [UInt8]? {
    var reach = 0
    for piece in pieces where reach < end {
      if piece.offset > reach { return nil }
      reach = max(reach, piece.end)
    }
    guard reach >= end else { return nil }
    var whole: [UInt8] = []
    whole.reserveCapacity(end)
    for piece in pieces where piece.end > whole.count && whole.count < end {
      whole += piece.octets[whole.count - piece.offset..<min(piece.end, end) - piece.offset]
    }
    return whole
  }

  /// Drops what has waited longer than the limit.
  private mutating func forget(before now: Timestamp) {
    let limit = limits.fragmentSeconds.multipliedReportingOverflow(by: 1_000_000_000)
    let longest = limit.overflow ? Int64.max : limit.partialValue
    while oldest < order.count {
      let (key, serial) = order[oldest]
      if let datagram = datagrams[key], datagram.serial == serial {
        guard now.nanoseconds(since: datagram.since) > longest else { break }
        held -= datagram.charge
        datagrams[key] = nil
      }
      oldest += 1
    }
    compact()
  }

  /// Drops the datagram that has waited longest; false when none is left.
  private mutating func forgetOldest() -> Bool {
    while oldest < order.count {
      let (key, serial) = order[oldest]
      oldest += 1
      if let datagram = datagrams[key], datagram.serial == serial {
        held -= datagram.charge
        datagrams[key] = nil
        return true
      }
    }
    return false
  }

  private mutating func compact() {
    guard oldest > 64, oldest * 2 > order.count else { return }
    order.removeFirst(oldest)
    oldest = 0
  }
}
