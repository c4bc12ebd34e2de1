import CLinux
import Glibc
import PacketCore

/// Sends whole IP packets; the kernel finds the way and the link address. raw(7).
///
/// IPv4's header checksum is computed again by the kernel, as is a zero identification; all else
/// goes out as it is. A wrong header checksum needs a `LinkSocket`. Nothing is received.
public final class RawIPSocket: Sendable {
  public let family: Address.Family
  private let socket: OwnedDescriptor
  private let device: String?

  /// Opens it.
  ///
  /// - Parameters:
  ///   - family: IPv4 or IPv6.
  ///   - device: Packets go out through this interface only; by the routing table when nil.
  ///   - bufferKiB: How much may wait for the link.
  /// - Throws: `SocketFailure`: `.permission` with the remedy, `.interface`, `.system` for a family
  ///   that the kernel does not have.
  public init(
    _ family: Address.Family, device: String? = nil, bufferKiB: Int = 1024
  ) throws(SocketFailure) {
    self.family = family
    self.device = device
    let descriptor = netlab_raw_socket(
      family == .ipv6 ? AF_INET6 : AF_INET, Int32(clamping: bufferKiB * 1024))
    guard descriptor >= 0 else {
      throw SocketFailure(number: errno, "sending crafted packets")
    }
    socket = OwnedDescriptor(descriptor)
    guard let device else { return }
    guard
      setsockopt(
        descriptor, SOL_SOCKET, SO_BINDTODEVICE, device, socklen_t(device.utf8.count)) == 0
    else { throw SocketFailure(number: errno, "sending through \(device)", interface: device) }
  }

  /// Sends one packet.
  ///
  /// - Parameters:
  ///   - packet: From the first octet of the IP header.
  ///   - destination: Decides on the way; normally what the header says.
  ///   - zone: Number of the interface of a link-local IPv6 destination.
  /// - Throws: `SocketFailure`: `.noRoute`, `.tooLong`, `.interface`, `.permission` (a firewall),
  ///   `.busy` after two seconds of full buffers.
  public func send(
    _ packet: [UInt8], to destination: Address, zone: UInt32 = 0
  ) throws(SocketFailure) {
    guard let there = SocketAddress(destination, zone: zone) else {
      throw SocketFailure(.noRoute, "a packet needs an IP address to go to")
    }
    var patience = SendPatience()
    while there.with({ sendto(socket.number, packet, packet.count, 0, $0, $1) }) < 0 {
      if !patience.mayRetry(socket.number) { throw failure(patience.number, destination) }
    }
  }

  /// Sends the packets of a batch to one destination.
  ///
  /// - Throws: As `send`; packets before the one that failed are out.
  public func send(
    _ batch: borrowing PacketBatch, to destination: Address, zone: UInt32 = 0
  ) throws(SocketFailure) {
    guard let there = SocketAddress(destination, zone: zone) else {
      throw SocketFailure(.noRoute, "a packet needs an IP address to go to")
    }
    var patience = SendPatience()
    let isSent = there.with { address, length in
      batch.send(over: socket.number, to: UnsafeRawPointer(address), length, patience: &patience)
    }
    if !isSent { throw failure(patience.number, destination) }
  }

  private func failure(_ number: Int32, _ destination: Address) -> SocketFailure {
    let what = "sending to \(destination.text)"
    if number == EPERM || number == EACCES {
      // The capability was asked for when the socket was opened.
      return SocketFailure(
        .permission, "\(what): a firewall rule of this host forbids it",
        remedy: "nft list ruleset shows the rules")
    }
    return SocketFailure(number: number, what, interface: device)
  }
}
