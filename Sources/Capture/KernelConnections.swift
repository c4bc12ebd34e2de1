import Glibc
import PacketCore

/// The TCP connections that this host's kernel has, asked one by one: sock_diag(7). Takes no
/// privilege.
///
/// For a program that takes segments of its own out of what passes on a port where a server
/// listens: what belongs to one of the server's connections is none of them, however it begins.
public struct KernelConnections: Sendable {
  private let socket: OwnedDescriptor

  private static let byFamily: UInt16 = 20  // SOCK_DIAG_BY_FAMILY
  private static let protocolNumber: Int32 = 4  // NETLINK_SOCK_DIAG
  private static let tcp: UInt8 = 6
  private static let now = Int32(MSG_DONTWAIT)

  /// - Returns: Nil where the kernel cannot be asked.
  public init?() {
    let descriptor = Glibc.socket(
      AF_NETLINK, Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue), Self.protocolNumber)
    guard descriptor >= 0 else { return nil }
    socket = OwnedDescriptor(descriptor)
  }

  /// Whether a connection from there to here is open, or about to be closed.
  ///
  /// - Parameters:
  ///   - local: The own address and port.
  ///   - remote: The other end's.
  /// - Returns: False also when the kernel does not say.
  public func has(
    local: Address, _ localPort: UInt16, remote: Address, _ remotePort: UInt16
  ) -> Bool {
    let request = Self.request(local, localPort, remote, remotePort)
    var block = [UInt8](repeating: 0, count: 4096)
    // What an earlier question left.
    while recv(socket.number, &block, block.count, Self.now) > 0 {}
    guard send(socket.number, request, request.count, 0) == request.count else { return false }
    // The kernel answers before send(2) returns.
    let count = recv(socket.number, &block, block.count, Self.now)
    guard count > 0 else { return false }
    return Netlink.messages(Array(block[..<count])).contains { Self.isConnection($0) }
  }

  /// struct inet_diag_req_v2: one connection by its ends.
  static func request(
    _ local: Address, _ localPort: UInt16, _ remote: Address, _ remotePort: UInt16
  ) -> [UInt8] {
    func octets(_ address: Address) -> [UInt8] {
      let octets = address.networkOctets
      return octets + [UInt8](repeating: 0, count: 16 - octets.count)
    }
    func octets(_ port: UInt16) -> [UInt8] {
      [UInt8(port >> 8), UInt8(truncatingIfNeeded: port)]
    }
    let all = [UInt8](repeating: 0xff, count: 4)
    var fixed: [UInt8] = [UInt8(truncatingIfNeeded: local.socketFamily), tcp, 0, 0] + all
    fixed += octets(localPort) + octets(remotePort) + octets(local) + octets(remote)
    // Any interface, and INET_DIAG_NOCOOKIE.
    fixed += [0, 0, 0, 0] + all + all
    return Netlink.message(byFamily, flags: 1, fixed: fixed, [])
  }

  /// struct inet_diag_msg. Where no connection has these ends, the listening socket is named.
  static func isConnection(_ message: Netlink.Message) -> Bool {
    guard message.type == byFamily, message.body.count >= 2 else { return false }
    switch message.body[message.body.startIndex + 1] {
    // TCP_ESTABLISHED, FIN_WAIT1, FIN_WAIT2, CLOSE_WAIT, LAST_ACK, CLOSING.
    case 1, 4, 5, 8, 9, 11: return true
    default: return false
    }
  }
}
