import PacketCore

/// Address Resolution Protocol. RFC 826; RARP RFC 903, InARP RFC 2390, probes and announcements
/// RFC 5227.
///
/// ```
/// | hardware type, 2 | protocol type, 2 | sizes, 1 + 1 | operation, 2 |
/// | sender hardware | sender protocol | target hardware | target protocol address |
/// ```
public struct ARP: Layer {
  /// What kind of hardware addresses these are, 1 for Ethernet.
  public var hardwareType: UInt16
  /// What kind of protocol addresses these are, an EtherType.
  public var protocolType: UInt16
  /// Octets of a hardware and of a protocol address.
  public var hardwareSize: UInt8
  /// Octets of a protocol address.
  public var protocolSize: UInt8
  /// What is asked or answered: 1 request, 2 reply …
  public var operation: UInt16
  /// The four addresses as one run, for sizes 6 and 4: kept as numbers.
  public var senderMAC = MACAddress(0)
  /// The sender's protocol address, where the sizes are 6 and 4.
  public var senderIP = IPv4Address(0)
  /// The target's hardware address, where the sizes are 6 and 4.
  public var targetMAC = MACAddress(0)
  /// The target's protocol address, where the sizes are 6 and 4.
  public var targetIP = IPv4Address(0)
  /// The four addresses as they stand, for any other sizes.
  public var otherAddresses: [UInt8] = []

  public static let carriedBy: [PayloadType] = [
    .etherType(0x0806), .etherType(0x8035), .llcSAP(0x98),
  ]

  public init(reading reader: inout ByteReader) throws(ParseError) {
    hardwareType = try reader.read()
    protocolType = try reader.read()
    hardwareSize = try reader.read()
    protocolSize = try reader.read()
    operation = try reader.read()
    if hasUsualSizes {
      let first = try reader.read(UInt32.self)
      senderMAC = MACAddress(UInt64(first) << 16 | UInt64(try reader.read(UInt16.self)))
      senderIP = IPv4Address(try reader.read())
      let second = try reader.read(UInt32.self)
      targetMAC = MACAddress(UInt64(second) << 16 | UInt64(try reader.read(UInt16.self)))
      targetIP = IPv4Address(try reader.read())
    } else {
      otherAddresses = try reader.array((Int(hardwareSize) + Int(protocolSize)) * 2)
    }
    reader.trim(toRemaining: 0)
  }

  public func write(to writer: inout ByteWriter) {
    writer.write(hardwareType)
    writer.write(protocolType)
    writer.write(hardwareSize)
    writer.write(protocolSize)
    writer.write(operation)
    if hasUsualSizes {
      for (mac, ip) in [(senderMAC, senderIP), (targetMAC, targetIP)] {
        writer.write(UInt16(truncatingIfNeeded: mac.value >> 32))
        writer.write(UInt32(truncatingIfNeeded: mac.value))
        writer.write(ip.value)
      }
    } else {
      writer.write(otherAddresses)
    }
  }

  /// Whether the addresses are as long as Ethernet's and IPv4's.
  var hasUsualSizes: Bool { hardwareSize == 6 && protocolSize == 4 }
  /// Whether the hardware addresses are Ethernet's.
  var isEthernet: Bool { hardwareSize == 6 && (hardwareType == 1 || hardwareType == 6) }
  /// Whether the protocol addresses are IPv4's.
  var isIPv4: Bool { protocolSize == 4 && protocolType == 0x0800 }

  /// An address as a number, whatever the other kind's size is.
  func number(_ part: Part) -> UInt64 {
    if hasUsualSizes {
      return switch part {
      case .senderHardware: senderMAC.value
      case .senderProtocol: UInt64(senderIP.value)
      case .targetHardware: targetMAC.value
      case .targetProtocol: UInt64(targetIP.value)
      }
    }
    let place = place(part)
    return otherAddresses[place.lowerBound - 8..<place.upperBound - 8].reduce(0) {
      $0 << 8 | UInt64($1)
    }
  }

  /// RFC 5227 section 2.1.1: "an ARP Request with an all-zero sender IP address".
  public var isProbe: Bool {
    operation == 1 && hasUsualSizes && isIPv4 && senderIP.value == 0 && targetIP.value != 0
  }
  /// Sender and target address are the same: the host speaks of itself.
  public var isGratuitous: Bool {
    hasUsualSizes && isIPv4 && (operation == 1 || operation == 2) && senderIP == targetIP
      && senderIP.value != 0
  }
  /// RFC 5227 section 2.3: a gratuitous request without a target hardware address.
  public var isAnnouncement: Bool { isGratuitous && operation == 1 && targetMAC.value == 0 }

  public func summarize(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns
  ) {
    columns.protocolName =
      switch operation {
      case 3, 4: "RARP"
      case 5...7: "DRARP"
      case 8, 9: "Inverse ARP"
      case 11...22: "MARS"
      case 23: "MAPOS"
      default: "ARP"
      }
    writeInfo(into: &columns.info)
  }

  private func writeInfo(into text: inout TextBuffer) {
    if isProbe {
      text.append("Who has ")
      write(.targetProtocol, into: &text)
      text.append("? (ARP Probe)")
    } else if isAnnouncement {
      text.append("ARP Announcement for ")
      write(.targetProtocol, into: &text)
    } else if isGratuitous {
      text.append("Gratuitous ARP for ")
      write(.targetProtocol, into: &text)
      text.append(operation == 1 ? " (Request)" : " (Reply)")
    } else {
      writeOperation(into: &text)
    }
  }

  private func writeOperation(into text: inout TextBuffer) {
    switch operation {
    case 1:
      text.append("Who has ")
      write(.targetProtocol, into: &text)
      text.append("? Tell ")
      write(.senderProtocol, into: &text)
    case 2:
      write(.senderProtocol, into: &text)
      text.append(" is at ")
      write(.senderHardware, into: &text)
    case 3, 5, 8:
      text.append("Who is ")
      write(.targetHardware, into: &text)
      text.append("? Tell ")
      write(.senderHardware, into: &text)
    case 4, 6:
      write(.targetHardware, into: &text)
      text.append(" is at ")
      write(.targetProtocol, into: &text)
    case 9:
      write(.senderHardware, into: &text)
      text.append(" is at ")
      write(.senderProtocol, into: &text)
    case 7: text.append("DRARP Error")
    case 10: text.append("ARP NAK")
    case 24: text.append("Experimental 1 ( opcode 24 )")
    case 25: text.append("Experimental 2 ( opcode 25 )")
    case 0: text.append("Reserved opcode 0")
    case 65535: text.append("Reserved opcode 65535")
    default:
      if let phrase = Self.phrases[operation] {
        text.append(phrase)
        text.append(" from ")
        write(.senderHardware, into: &text)
        text.append(" at ")
        write(.senderProtocol, into: &text)
      } else {
        text.append("Unknown ARP opcode 0x")
        text.append(hex: UInt64(operation), digits: 4)
      }
    }
  }

  /// The four addresses in the order of the packet.
  enum Part: Int { case senderHardware, senderProtocol, targetHardware, targetProtocol }

  /// Where an address stands, counted from the header's first octet.
  func place(_ part: Part) -> Range<Int> {
    let hardware = Int(hardwareSize)
    let size = hardware + Int(protocolSize)
    return switch part {
    case .senderHardware: 8..<8 + hardware
    case .senderProtocol: 8 + hardware..<8 + size
    case .targetHardware: 8 + size..<8 + size + hardware
    case .targetProtocol: 8 + size + hardware..<8 + 2 * size
    }
  }

  private func write(_ part: Part, into text: inout TextBuffer) {
    if hasUsualSizes {
      switch part {
      case .senderHardware: text.append(senderMAC)
      case .targetHardware: text.append(targetMAC)
      case .senderProtocol, .targetProtocol:
        let address = part == .senderProtocol ? senderIP : targetIP
        if protocolType == 0x0800 {
          text.append(address)
        } else {
          text.append(hex: UInt64(address.value), digits: 8)
        }
      }
      return
    }
    let place = place(part)
    guard !place.isEmpty else {
      text.append("<No address>")
      return
    }
    let octets = otherAddresses[place.lowerBound - 8..<place.upperBound - 8]
    let isHardware = part == .senderHardware || part == .targetHardware
    if isHardware, octets.count == 6, hardwareType == 1 || hardwareType == 6 {
      text.append(MACAddress(octets.reduce(0) { $0 << 8 | UInt64($1) }))
    } else if !isHardware, octets.count == 4, protocolType == 0x0800 {
      text.append(IPv4Address(octets.reduce(0) { $0 << 8 | UInt32($1) }))
    } else {
      for octet in octets { text.append(hex: UInt64(octet), digits: 2) }
    }
  }

  private static let phrases: ValueNames = [
    11: "MARS request", 12: "MARS MULTI request", 13: "MARS MSERV request",
    14: "MARS JOIN request", 15: "MARS LEAVE", 16: "MARS NAK", 17: "MARS UNSERV request",
    18: "MARS SJOIN request", 19: "MARS SLEAVE", 20: "MARS grouplist request",
    21: "MARS grouplist reply", 22: "MARS redirect map", 23: "MAPOS UNARP request",
  ]
}
