import Capture
import Glibc
import PacketCore
import Testing

@testable import Exchange

/// An ordinary listening socket on a port that the kernel chose.
final class KernelServer {
  let listener: Int32
  let port: UInt16

  init(_ address: Address) throws {
    let listener = socket(
      address.family == .ipv6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    self.listener = listener
    var storage = SocketOctets(address, port: 0)
    let bound = storage.with { bind(listener, $0, $1) }
    try #require(bound == 0 && listen(listener, 8) == 0)
    var size = socklen_t(storage.octets.count)
    storage.octets.withUnsafeMutableBytes { bytes in
      _ = getsockname(listener, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), &size)
    }
    port = UInt16(storage.octets[2]) << 8 | UInt16(storage.octets[3])
  }

  deinit { close(listener) }

  /// What the first client of the queue has sent; waits five seconds.
  func read(detach: Bool = false) throws -> String {
    var wait = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
    try #require(poll(&wait, 1, 5000) == 1)
    let peer = accept(listener, nil, nil)
    defer { close(peer) }
    if detach { ListeningFilter.detach(from: peer) }
    wait.fd = peer
    try #require(poll(&wait, 1, 5000) == 1)
    var octets = [UInt8](repeating: 0, count: 1000)
    let count = Glibc.read(peer, &octets, octets.count)
    return String(decoding: octets[..<max(count, 0)], as: UTF8.self)
  }
}

/// An ordinary connection.
final class KernelClient {
  private let descriptor: Int32

  init(_ address: Address, _ port: UInt16) throws {
    descriptor = socket(
      address.family == .ipv6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    let there = SocketOctets(address, port: port)
    try #require(there.with { connect(descriptor, $0, $1) } == 0)
  }

  deinit { close(descriptor) }

  func write(_ text: String) {
    let octets = Array(text.utf8)
    #expect(Glibc.write(descriptor, octets, octets.count) == octets.count)
  }
}

/// sockaddr_in and sockaddr_in6 as octets.
struct SocketOctets {
  var octets: [UInt8]

  init(_ address: Address, port: UInt16) {
    let family = address.family == .ipv6 ? AF_INET6 : AF_INET
    octets = withUnsafeBytes(of: sa_family_t(family)) { Array($0) }
    octets += [UInt8(port >> 8), UInt8(truncatingIfNeeded: port)]
    if let ipv4 = address.ipv4 {
      octets += withUnsafeBytes(of: ipv4.value.bigEndian) { Array($0) }
      octets += [UInt8](repeating: 0, count: 8)
    } else if let ipv6 = address.ipv6 {
      octets += [0, 0, 0, 0]
      octets += withUnsafeBytes(of: ipv6.high.bigEndian) { Array($0) }
      octets += withUnsafeBytes(of: ipv6.low.bigEndian) { Array($0) }
      octets += [0, 0, 0, 0]
    }
  }

  func with<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    octets.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { preconditionFailure("an empty address") }
      return body(start.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
    }
  }
}
