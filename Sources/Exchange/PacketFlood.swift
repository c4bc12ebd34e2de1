import Capture
import PacketCore

/// Crafted segments as fast as they go, for `netlab send --flood`: each with its own sequence
/// number, identification and checksums, nobody waiting for an answer.
public final class PacketFlood {
  /// How the packets leave.
  public enum Path: String, Sendable, CaseIterable {
    /// Raw IP socket, 64 packets a call; through routing and the firewall.
    case raw
    /// Link socket, 64 frames a call.
    case link
    /// Link socket with a ring shared with the kernel, past the queue of the interface.
    case ring
  }

  /// Packets handed to the kernel so far.
  public private(set) var sent = 0

  private var segment: FloodSegment
  private let destination: Address
  private let zone: UInt32
  private let raw: RawIPSocket?
  private let link: LinkSocket?
  private let ring: LinkRing?

  /// Opens the sockets.
  ///
  /// - Parameters:
  ///   - segment: The first one.
  ///   - route: The way to its destination.
  ///   - path: How to send; what does not fit into a ring goes by link socket.
  ///   - linkLayer: Link addresses, where they are not to be the usual ones.
  /// - Throws: `PortFailure`: `.permission` with the remedy, `.interface`, `.noRoute` when no
  ///   neighbour answers, `.tooLong`.
  public init(
    _ segment: CraftedSegment, over route: Route, path: Path = .raw,
    linkLayer: WirePort.LinkLayer = WirePort.LinkLayer()
  ) throws(PortFailure) {
    do {
      destination = segment.ends.destination
      zone = route.zone
      let length =
        CraftedSegment.headerLength(destination.family) + segment.payload.count
      guard length <= route.mtu else {
        throw PortFailure(
          .tooLong,
          "a packet of \(length) octets is longer than the \(route.mtu) that "
            + "\(route.device.name) takes")
      }
      guard path != .raw else {
        raw = try RawIPSocket(destination.family, bufferKiB: 8192)
        (link, ring) = (nil, nil)
        self.segment = FloodSegment(segment)
        return
      }
      let next = try linkLayer.destination ?? Neighbour.linkAddress(for: route)
      let link = try LinkSocket(
        route.device, to: next, from: linkLayer.source, family: destination.family)
      self.segment = FloodSegment(segment, linkHeader: link.header)
      let fits = self.segment.length <= LinkRing.longest && route.device.hasEthernetHeader
      ring = path == .ring && fits ? try link.ring() : nil
      self.link = link
      raw = nil
    } catch {
      throw PortFailure(error)
    }
  }

  /// Sends `count` packets.
  ///
  /// - Parameter isWanted: Asked now and then; false ends it.
  /// - Throws: `PortFailure`; `sent` says how many went before it.
  public func send(_ count: Int, while isWanted: () -> Bool = { true }) throws(PortFailure) {
    do {
      if let ring {
        try send(count, over: ring, while: isWanted)
      } else {
        try sendBatches(count, while: isWanted)
      }
    } catch {
      throw PortFailure(error)
    }
  }

  private func send(
    _ count: Int, over ring: LinkRing, while isWanted: () -> Bool
  ) throws(SocketFailure) {
    var segment = segment
    defer { self.segment = segment }
    var left = count
    while left > 0, isWanted() {
      let some = min(left, 1024)
      for _ in 0..<some { try ring.append { segment.write(to: $0) } }
      left -= some
      sent += some
    }
    try ring.flush()
  }

  private func sendBatches(
    _ count: Int, while isWanted: () -> Bool
  ) throws(SocketFailure) {
    var segment = segment
    defer { self.segment = segment }
    var batch = PacketBatch(longest: segment.length)
    var left = count
    while left > 0, isWanted() {
      let some = min(left, PacketBatch.capacity)
      batch.removeAll()
      for _ in 0..<some { batch.append { segment.write(to: $0) } }
      if let raw {
        try raw.send(batch, to: destination, zone: zone)
      } else if let link {
        try link.send(batch)
      }
      left -= some
      sent += some
    }
  }
}
