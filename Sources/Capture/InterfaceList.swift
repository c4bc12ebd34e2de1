import CLinux
import CPcap
import Glibc
import PacketCore

/// One interface of this machine (or pseudo-interface of libpcap), as `netlab interfaces` lists it.
public struct NetworkInterface: Sendable, Equatable {
  /// Position in the list, from 1: what `-i 2` means. The order is libpcap's, as in `tcpdump -D`.
  public var number: Int
  /// The name, such as `eth0` or `any`.
  public var name: String
  /// libpcap's words for it; empty for an ordinary interface.
  public var description: String
  /// Its addresses: link, IPv4, IPv6, in the system's order.
  public var addresses: [Address]
  /// Set up by the administrator.
  public var isUp: Bool
  /// Up, and the link can carry something.
  public var isRunning: Bool
  /// Packets to it come back from it.
  public var isLoopback: Bool
  /// A radio.
  public var isWireless: Bool
  /// What its frames begin with; empty where only opening it would tell.
  public var linkTypes: [LinkType]
  /// Why capturing on it cannot work right now, with the remedy; nil when it can.
  public var obstacle: CaptureError?
}

/// The interfaces of this machine. Needs no privilege.
public struct InterfaceList: Sendable, Equatable {
  /// In libpcap's order, `number` 1 first.
  public var interfaces: [NetworkInterface]

  /// - Parameter interfaces: The list, for tests.
  public init(interfaces: [NetworkInterface]) { self.interfaces = interfaces }

  /// The interfaces of the calling thread's network namespace.
  ///
  /// - Throws: `CaptureError(.interface)` when libpcap cannot list them.
  public static func current() throws(CaptureError) -> InterfaceList {
    var text = [CChar](repeating: 0, count: Int(PCAP_ERRBUF_SIZE))
    var first: UnsafeMutablePointer<pcap_if_t>?
    guard pcap_findalldevs(&first, &text) == 0 else {
      throw CaptureError(.interface, "the interfaces cannot be listed: \(string(text))")
    }
    defer { pcap_freealldevs(first) }
    let permission = Capabilities.current.obstacleToCapture
    var interfaces: [NetworkInterface] = []
    var next = first
    while let entry = next {
      interfaces.append(
        NetworkInterface(entry.pointee, number: interfaces.count + 1, permission: permission))
      next = entry.pointee.next
    }
    return InterfaceList(interfaces: interfaces)
  }

  /// The interface that the user's word names: a name, or a number of the list.
  ///
  /// - Throws: `CaptureError(.interface)` with the nearest names.
  public func named(_ word: String) throws(CaptureError) -> NetworkInterface {
    if let exact = interfaces.first(where: { $0.name == word }) { return exact }
    if let number = Int(word), !word.hasPrefix("+") {
      if let numbered = interfaces.first(where: { $0.number == number }) { return numbered }
      throw CaptureError(
        .interface, "there is no interface number \(word), the list has \(interfaces.count)",
        remedy: "netlab interfaces lists them")
    }
    // libpcap takes a group or queue number after these two names.
    if word.hasPrefix("nflog:") || word.hasPrefix("nfqueue:"),
      var base = interfaces.first(where: { word.hasPrefix($0.name + ":") })
    {
      base.name = word
      return base
    }
    let nearest = nearestNames(to: word)
    let hint = nearest.isEmpty ? "" : "did you mean \(nearest.joined(separator: " or "))? "
    throw CaptureError(
      .interface, "there is no interface \(word)", remedy: hint + "netlab interfaces lists them")
  }

  /// Up to three names that differ from `word` by few letters, the nearest first.
  func nearestNames(to word: String) -> [String] {
    let limit = max(1, word.count / 2)
    let lowered = word.lowercased()
    return
      interfaces
      .map { ($0.name, editDistance(lowered, $0.name.lowercased())) }
      .filter { $0.1 <= limit || (!lowered.isEmpty && $0.0.lowercased().hasPrefix(lowered)) }
      .sorted { $0.1 < $1.1 }
      .prefix(3).map { $0.0 }
  }
}

extension NetworkInterface {
  init(_ entry: pcap_if_t, number: Int, permission: CaptureError?) {
    let flags = entry.flags
    self.number = number
    name = entry.name.map { String(cString: $0) } ?? ""
    description = entry.description.map { String(cString: $0) } ?? ""
    isUp = flags & UInt32(PCAP_IF_UP) != 0
    isRunning = flags & UInt32(PCAP_IF_RUNNING) != 0
    isLoopback = flags & UInt32(PCAP_IF_LOOPBACK) != 0
    isWireless = flags & UInt32(PCAP_IF_WIRELESS) != 0
    addresses = []
    var next = entry.addresses
    while let item = next {
      if let address = item.pointee.addr.flatMap({ Address($0) }) { addresses.append(address) }
      next = item.pointee.next
    }
    linkTypes = []
    obstacle = permission
    if name == "any" {
      linkTypes = [.linuxSLL2, .linuxSLL]
    } else if let pseudo = Self.pseudoLinkType(name) {
      linkTypes = [pseudo]
      if name.hasPrefix("dbus-") { obstacle = nil }  // a bus asks nobody for a packet socket
    } else if if_nametoindex(name) != 0 {
      if let type = LinkType(hardwareType: netlab_interface_hardware(name)) { linkTypes = [type] }
      if obstacle == nil, !isUp {
        obstacle = CaptureError(
          .interface, "\(name) is down", remedy: "sudo ip link set \(name) up")
      }
    }
  }

  /// Whether it is a device of libpcap's making and not one that can be set up or down.
  public var isPseudo: Bool { name == "any" || Self.pseudoLinkType(name) != nil }

  /// Link types of libpcap's devices that are no network interfaces.
  private static func pseudoLinkType(_ name: String) -> LinkType? {
    switch name {
    case "nflog": LinkType(rawValue: 239)
    case "nfqueue": .ipv4
    case "bluetooth-monitor": LinkType(rawValue: 254)
    case "dbus-system", "dbus-session": LinkType(rawValue: 231)
    default:
      if name.hasPrefix("usbmon") {
        LinkType(rawValue: 220)
      } else if name.hasPrefix("bluetooth") {
        LinkType(rawValue: 201)
      } else {
        nil
      }
    }
  }
}

extension Address {
  /// The address in a socket address of the families that interfaces have; nil for others.
  init?(_ socketAddress: UnsafeMutablePointer<sockaddr>) {
    let raw = UnsafeRawPointer(socketAddress)
    switch Int32(socketAddress.pointee.sa_family) {
    case AF_INET:
      self.init(IPv4Address(UInt32(bigEndian: raw.load(as: sockaddr_in.self).sin_addr.s_addr)))
    case AF_INET6:
      // sockaddr_in6: family, port, flow information, then the 16 octets of the address.
      let high = raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
      let low = raw.loadUnaligned(fromByteOffset: 16, as: UInt64.self)
      self.init(IPv6Address(high: UInt64(bigEndian: high), low: UInt64(bigEndian: low)))
    case AF_PACKET:
      // sockaddr_ll: the address' length is octet 11, the address begins at octet 12.
      guard raw.load(fromByteOffset: 11, as: UInt8.self) == 6 else { return nil }
      var value: UInt64 = 0
      for index in 12..<18 {
        value = value << 8 | UInt64(raw.load(fromByteOffset: index, as: UInt8.self))
      }
      self.init(MACAddress(value))
    default: return nil
    }
  }
}

/// Letters to insert, delete or change to make one word of the other (Levenshtein).
func editDistance(_ one: String, _ other: String) -> Int {
  let a = Array(one.unicodeScalars)
  let b = Array(other.unicodeScalars)
  var row = Array(0...b.count)
  for i in 0..<a.count {
    var diagonal = row[0]
    row[0] = i + 1
    for j in 0..<b.count {
      let change = diagonal + (a[i] == b[j] ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(change, row[j] + 1, diagonal + 1)
    }
  }
  return row[b.count]
}

/// The text of a C buffer up to its zero.
func string(_ buffer: [CChar]) -> String {
  String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
