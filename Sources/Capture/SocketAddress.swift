import Glibc
import PacketCore

/// An address and port as the socket calls take them.
struct SocketAddress: Sendable {
  private var storage = sockaddr_storage()
  let length: socklen_t

  /// - Parameters:
  ///   - address: IPv4 or IPv6; anything else gives no address at all.
  ///   - port: Host byte order; 0 for none.
  ///   - zone: Number of the interface of a link-local IPv6 address (RFC 4007), else 0.
  init?(_ address: Address, port: UInt16 = 0, zone: UInt32 = 0) {
    if let ipv4 = address.ipv4 {
      length = socklen_t(MemoryLayout<sockaddr_in>.size)
      withUnsafeMutableBytes(of: &storage) { bytes in
        bytes.storeBytes(of: sa_family_t(AF_INET), as: sa_family_t.self)
        bytes.storeBytes(of: port.bigEndian, toByteOffset: 2, as: UInt16.self)
        bytes.storeBytes(of: ipv4.value.bigEndian, toByteOffset: 4, as: UInt32.self)
      }
    } else if let ipv6 = address.ipv6 {
      length = socklen_t(MemoryLayout<sockaddr_in6>.size)
      // sockaddr_in6: family, port, flow information, address, scope.
      withUnsafeMutableBytes(of: &storage) { bytes in
        bytes.storeBytes(of: sa_family_t(AF_INET6), as: sa_family_t.self)
        bytes.storeBytes(of: port.bigEndian, toByteOffset: 2, as: UInt16.self)
        bytes.storeBytes(of: ipv6.high.bigEndian, toByteOffset: 8, as: UInt64.self)
        bytes.storeBytes(of: ipv6.low.bigEndian, toByteOffset: 16, as: UInt64.self)
        bytes.storeBytes(of: zone, toByteOffset: 24, as: UInt32.self)
      }
    } else {
      return nil
    }
  }

  /// Gives the socket calls what they want.
  func with<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    withUnsafePointer(to: storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
    }
  }

  /// The address and port that a socket is bound to or that an accepted one has.
  static func local(of descriptor: Int32) -> (address: Address, port: UInt16)? {
    var storage = sockaddr_storage()
    var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
    return withUnsafeMutablePointer(to: &storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { here in
        guard getsockname(descriptor, here, &size) == 0, let address = Address(here) else {
          return nil
        }
        let port = UnsafeRawPointer(here).load(fromByteOffset: 2, as: UInt16.self)
        return (address, UInt16(bigEndian: port))
      }
    }
  }
}

extension Address {
  /// The socket calls' number for its family; 0 (AF_UNSPEC) for a link address or none.
  var socketFamily: Int32 {
    switch family {
    case .ipv4: AF_INET
    case .ipv6: AF_INET6
    case .mac, .none: AF_UNSPEC
    }
  }

  /// Valid on one link only, so that it takes an interface to mean something: fe80::/10 of RFC
  /// 4291, section 2.5.6, and link-local multicast ff02::/16 of section 2.7.
  public var isLinkLocal: Bool {
    guard let ipv6 else { return false }
    return ipv6.high >> 54 == 0xfe80 >> 6 || ipv6.high >> 48 == 0xff02
  }
}

/// A descriptor that is closed when its owner goes.
final class OwnedDescriptor: Sendable {
  let number: Int32

  init(_ number: Int32) { self.number = number }

  deinit { close(number) }
}
