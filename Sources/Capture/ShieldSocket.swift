import Glibc
import PacketCore

/// Keeps the kernel quiet on a port whose segments are made and read by this program.
///
/// A TCP segment for a port where nobody listens is answered with RST (RFC 9293, 3.10.7.1). Here
/// somebody listens, a socket with a filter that drops everything before TCP looks at it: no RST,
/// no SYN/ACK. It takes no privilege and no firewall rule, and is gone with the process.
public final class ShieldSocket: Sendable {
  /// The port taken.
  public let port: UInt16
  private let socket: OwnedDescriptor

  /// Ports tried after the wanted one.
  public static let portsToTry = 1000

  /// Takes a port.
  ///
  /// - Parameters:
  ///   - address: The own address; nil for all of both families.
  ///   - port: The wanted port; 0 leaves the choice to the kernel.
  ///   - orNext: When it is busy, the next free one.
  ///   - zone: Number of the interface of a link-local IPv6 address.
  /// - Throws: `SocketFailure`: `.portInUse` when it belongs to another program, `.permission` for
  ///   one below 1024, `.interface` for an address that no interface has.
  public init(
    address: Address?, port: UInt16, orNext: Bool = false, zone: UInt32 = 0
  ) throws(SocketFailure) {
    var candidate = port
    for _ in 0..<(orNext && port != 0 ? Self.portsToTry : 1) {
      do throws(SocketFailure) {
        socket = try Self.listen(address, candidate, zone)
        self.port = SocketAddress.local(of: socket.number)?.port ?? candidate
        return
      } catch {
        guard orNext, error.kind == .portInUse, candidate < .max else { throw error }
        candidate += 1
      }
    }
    throw Self.inUse(port)
  }

  private static func listen(
    _ address: Address?, _ port: UInt16, _ zone: UInt32
  ) throws(SocketFailure) -> OwnedDescriptor {
    let anywhere = Address(IPv6Address(high: 0, low: 0))
    var wanted = address ?? anywhere
    var descriptor = Glibc.socket(
      wanted.socketFamily, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    if descriptor < 0, address == nil, errno == EAFNOSUPPORT {
      // A kernel without IPv6.
      wanted = Address(IPv4Address(0))
      descriptor = Glibc.socket(
        AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    }
    guard descriptor >= 0 else {
      throw SocketFailure(.system, "no socket for port \(port): \(systemMessage(errno))")
    }
    let socket = OwnedDescriptor(descriptor)
    try SocketFilter.dropAll.attach(to: descriptor)
    var on: Int32 = 1
    var off: Int32 = 0
    let size = socklen_t(MemoryLayout<Int32>.size)
    // What is left of connections that ended on this port is no reason to refuse it.
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, size)
    if address == nil {
      setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &off, size)
    }
    guard let here = SocketAddress(wanted, port: port, zone: zone) else {
      throw SocketFailure(.system, "no address to take port \(port) at")
    }
    let result = here.with { bind(descriptor, $0, $1) }
    guard result == 0, Glibc.listen(descriptor, 1) == 0 else {
      switch errno {
      case EADDRINUSE: throw inUse(port)
      case EACCES:
        throw SocketFailure(
          .permission, "port \(port) is one of those below 1024, which only root may take",
          remedy: "take a higher one, or run it with sudo")
      case let number: throw SocketFailure(number: number, "taking port \(port)")
      }
    }
    return socket
  }

  private static func inUse(_ port: UInt16) -> SocketFailure {
    SocketFailure(
      .portInUse, "port \(port) belongs to another program",
      remedy: "ss -ltnp 'sport = :\(port)' shows which")
  }
}
