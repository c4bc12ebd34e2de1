import PacketCore
import Protocols

/// An utterance cut into segments.
struct Delivery: Sendable {
  let fromClient: Bool
  let octets: [UInt8]
  /// Offsets at which segments begin, and the end.
  let cuts: [Int]
  /// Sequence number of the first octet.
  let base: UInt32

  /// Segments as large as can be and a last one for the rest.
  ///
  /// - Parameter pieces: Where a fault wants a number of segments, at least so many of much the same
  ///   size, the last of them the largest: more than an octet where that is allowed.
  init(_ octets: [UInt8], fromClient: Bool, base: UInt32, segmentSize: Int, atLeast pieces: Int?) {
    self.fromClient = fromClient
    self.octets = octets
    self.base = base
    if let pieces {
      let count = max(pieces, (octets.count + segmentSize - 1) / segmentSize)
      cuts = (0...count).map { $0 * octets.count / count }
    } else {
      cuts = Array(stride(from: 0, to: octets.count, by: segmentSize)) + [octets.count]
    }
  }

  /// With cuts at these places.
  init(_ octets: [UInt8], fromClient: Bool, base: UInt32, cuts: [Int]) {
    self.fromClient = fromClient
    self.octets = octets
    self.base = base
    self.cuts = cuts
  }

  /// Number of segments.
  var count: Int { cuts.count - 1 }
  func range(_ piece: Int) -> Range<Int> { cuts[piece]..<cuts[piece + 1] }
  /// Sequence number of a segment's first octet; that of the end for `count`.
  func sequence(_ piece: Int) -> UInt32 { base &+ UInt32(truncatingIfNeeded: cuts[piece]) }
  /// The edges of a segment, as a selective acknowledgment names them.
  func block(_ piece: Int) -> (left: UInt32, right: UInt32) {
    (sequence(piece), sequence(piece + 1))
  }
}

extension Conversation {
  /// Plays one utterance, with a fault where one is wanted.
  ///
  /// - Returns: How it was cut, for the frames' `piece` to refer to.
  mutating func deliver(_ utterance: Utterance, fault: Fault?) -> Delivery {
    if owesAck == !utterance.fromClient { settle() }
    owesAck = nil
    wait(Int64(numbers.pick(5_000_000...300_000_000)))
    let octets = utterance.octets
    let size = options.effectiveSegmentSize
    let base = utterance.fromClient ? client.next : server.next
    if fault == .windowFull {
      return fillWindow(octets, fromClient: utterance.fromClient, base: base, size)
    }
    let pieces = fault?.pieces(octetByOctet: size == 1)
    let delivery = Delivery(
      octets, fromClient: utterance.fromClient, base: base, segmentSize: size, atLeast: pieces)
    guard let fault, let pieces else {
      transfer(delivery, 0..<delivery.count, mayRide: true)
      return delivery
    }
    transfer(delivery, 0..<delivery.count - pieces, mayRide: false)
    let last = delivery.count - pieces
    switch fault {
    case .retransmit: lose(delivery, from: last, damage: .none)
    case .badChecksum: lose(delivery, from: last, damage: .tcpChecksum)
    case .badIPChecksum: lose(delivery, from: last, damage: .ipChecksum)
    case .overlap: overlap(delivery, from: last)
    case .fastRetransmit: loseAmongOthers(delivery, from: last)
    case .spurious: repeatNeedlessly(delivery, from: last)
    case .outOfOrder: swap(delivery, from: last)
    case .lost: miss(delivery, from: last)
    case .duplicate: double(delivery, last)
    case .zeroWindow: closeWindow(delivery, from: last)
    case .keepAlive: keepAlive(delivery, last)
    case .windowFull: break
    }
    return delivery
  }

  // MARK: - Segments

  /// Sends one segment of an utterance, new or again.
  ///
  /// - Returns: Its place in `frames`.
  @discardableResult
  mutating func sendPiece(
    _ delivery: Delivery, _ piece: Int, findings: ExpectedFindings = []
  ) -> Int {
    let isLast = piece == delivery.count - 1
    let index = send(
      fromClient: delivery.fromClient, isLast ? [.psh, .ack] : .ack,
      sequence: delivery.sequence(piece), octets: delivery.octets[delivery.range(piece)],
      piece: piece, findings: findings)
    let end = delivery.sequence(piece + 1)
    if delivery.fromClient {
      if Int32(bitPattern: end &- client.next) > 0 { client.next = end }
    } else {
      if Int32(bitPattern: end &- server.next) > 0 { server.next = end }
    }
    pause()
    return index
  }

  /// Sends segments as an undisturbed network would carry them.
  ///
  /// - Parameter mayRide: The last acknowledgment may be left to what the other end says next.
  mutating func transfer(_ delivery: Delivery, _ pieces: Range<Int>, mayRide: Bool) {
    var first = pieces.lowerBound
    while first < pieces.upperBound {
      let end = min(first + Self.flight, pieces.upperBound)
      for piece in first..<end { sendPiece(delivery, piece) }
      wait(half)
      for piece in first..<end {
        let isLast = piece == end - 1
        guard isLast || !delaysAcks || (piece - first) % 2 == 1 else { continue }
        if isLast, mayRide, delaysAcks, end == pieces.upperBound, numbers.chance(60) {
          owe(delivery)
          break
        }
        acknowledge(fromClient: !delivery.fromClient, upTo: delivery.sequence(piece + 1))
        pause()
      }
      wait(half)
      first = end
    }
  }

  /// The receiver has everything and will say so later.
  private mutating func owe(_ delivery: Delivery) {
    owesAck = !delivery.fromClient
    if delivery.fromClient {
      server.expected = client.next
    } else {
      client.expected = server.next
    }
  }
}
