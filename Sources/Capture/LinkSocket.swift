import CLinux
import Glibc
import PacketCore

/// Sends packets through one interface with the link header made here: nothing of the IP stack
/// sees them, so that even a wrong IP header checksum goes out as it is. packet(7).
public final class LinkSocket: Sendable {
  /// The interface.
  public let device: NetworkDevice
  /// What stands before each packet; empty where the link has no header.
  public let header: [UInt8]
  private let socket: OwnedDescriptor
  private let destination: [UInt8]

  /// Opens it.
  ///
  /// - Parameters:
  ///   - device: Where to send.
  ///   - destination: The link address to send to, as `Neighbour` finds it; nil for none.
  ///   - source: The sender's link address; the interface's own when nil.
  ///   - family: IPv4 or IPv6, for the header's EtherType.
  ///   - bufferKiB: How much may wait for the link.
  /// - Throws: `SocketFailure`: `.permission` with the remedy, `.interface`.
  public init(
    _ device: NetworkDevice, to destination: MACAddress?, from source: MACAddress? = nil,
    family: Address.Family, bufferKiB: Int = 8192
  ) throws(SocketFailure) {
    self.device = device
    let descriptor = netlab_link_socket(
      Int32(truncatingIfNeeded: device.index), Int32(clamping: bufferKiB * 1024))
    guard descriptor >= 0 else {
      throw SocketFailure(
        number: errno, "sending frames through \(device.name)", interface: device.name)
    }
    socket = OwnedDescriptor(descriptor)
    let etherType: UInt16 = family == .ipv6 ? 0x86dd : 0x0800
    let there = (destination ?? MACAddress(0)).octets
    header =
      device.hasEthernetHeader
      ? there + (source ?? device.linkAddress ?? MACAddress(0)).octets
        + [UInt8(etherType >> 8), UInt8(truncatingIfNeeded: etherType)] : []
    // struct sockaddr_ll: tells the kernel the protocol where no header does.
    var storage = [UInt8](repeating: 0, count: MemoryLayout<sockaddr_storage>.size)
    let length = netlab_link_destination(
      &storage, Int32(truncatingIfNeeded: device.index), etherType, there)
    self.destination = Array(storage[..<Int(length)])
  }

  /// Sends one packet.
  ///
  /// - Parameter packet: From the first octet of the IP header.
  /// - Throws: `SocketFailure`: `.tooLong`, `.interface`, `.busy` after two seconds of full buffers.
  public func send(_ packet: [UInt8]) throws(SocketFailure) {
    let frame = header + packet
    var patience = SendPatience()
    while true {
      let sent = destination.withUnsafeBytes { there in
        sendto(
          socket.number, frame, frame.count, 0,
          there.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(there.count))
      }
      if sent >= 0 { return }
      if !patience.mayRetry(socket.number) { throw failure(patience.number) }
    }
  }

  /// Sends the frames of a batch, which begin with `header`.
  ///
  /// - Throws: As `send`; frames before the one that failed are out.
  public func send(_ batch: borrowing PacketBatch) throws(SocketFailure) {
    var patience = SendPatience()
    let isSent = destination.withUnsafeBytes { there in
      batch.send(
        over: socket.number, to: there.baseAddress, socklen_t(there.count), patience: &patience)
    }
    if !isSent { throw failure(patience.number) }
  }

  /// A ring for frames on this socket, after which it sends by no other way.
  ///
  /// - Throws: `SocketFailure(.system)` when the kernel gives none.
  public func ring() throws(SocketFailure) -> LinkRing {
    // Without an address in each call the kernel takes the protocol from the Ethernet header.
    guard device.hasEthernetHeader else {
      throw SocketFailure(.system, "\(device.name) has no link header, so no ring can be used")
    }
    guard let ring = LinkRing(socket) else { throw failure(errno) }
    return ring
  }

  private func failure(_ number: Int32) -> SocketFailure {
    SocketFailure(number: number, "sending through \(device.name)", interface: device.name)
  }
}

/// Frames for sending in memory shared with the kernel (PACKET_TX_RING): no copy and one system
/// call for hundreds of them.
public final class LinkRing {
  /// Octets of the longest frame.
  public static let longest = Int(NETLAB_RING_FRAME)
  private static let slots: UInt32 = 1024
  private static let framesPerKick = 256

  private let socket: OwnedDescriptor
  private let memory: UnsafeMutablePointer<UInt8>
  private var slot: UInt32 = 0
  private var waiting = 0

  init?(_ socket: OwnedDescriptor) {
    guard let memory = netlab_ring_open(socket.number, Self.slots, 1) else { return nil }
    self.memory = memory
    self.socket = socket
  }

  deinit { netlab_ring_close(memory, Self.slots) }

  /// Adds a frame; goes out at once with others or with `flush`.
  ///
  /// - Parameter write: Fills its place, which holds what an earlier frame left there, and says how
  ///   many octets it wrote.
  /// - Throws: `SocketFailure`: `.interface`, `.busy` when the link takes nothing for two seconds.
  public func append(
    _ write: (UnsafeMutableRawBufferPointer) -> Int
  ) throws(SocketFailure) {
    var patience = SendPatience()
    var place = netlab_ring_slot(memory, slot)
    while place == nil {
      try kick(wait: true, &patience)
      place = netlab_ring_slot(memory, slot)
      if place == nil {
        errno = EAGAIN
        guard patience.mayRetry(socket.number) else {
          throw SocketFailure(.busy, "the link takes no frames")
        }
      }
    }
    let length = write(UnsafeMutableRawBufferPointer(start: place, count: Self.longest))
    netlab_ring_commit(memory, slot, UInt32(clamping: min(length, Self.longest)))
    slot = (slot + 1) % Self.slots
    waiting += 1
    if waiting >= Self.framesPerKick { try kick(wait: false, &patience) }
  }

  /// Sends what was added, and waits until the kernel has taken all of it.
  ///
  /// - Throws: As `append`.
  public func flush() throws(SocketFailure) {
    var patience = SendPatience()
    try kick(wait: true, &patience)
  }

  private func kick(wait: Bool, _ patience: inout SendPatience) throws(SocketFailure) {
    waiting = 0
    while netlab_ring_kick(socket.number, wait ? 1 : 0) != 0 {
      // Without waiting a full queue is no matter: the next kick finds it emptier.
      if !wait, errno == EAGAIN || errno == ENOBUFS { return }
      guard patience.mayRetry(socket.number) else {
        throw SocketFailure(number: patience.number, "sending frames")
      }
    }
  }
}

extension MACAddress {
  /// Its six octets, the first one on the wire first.
  var octets: [UInt8] {
    (0..<6).map { UInt8(truncatingIfNeeded: value >> (40 - 8 * UInt64($0))) }
  }
}
