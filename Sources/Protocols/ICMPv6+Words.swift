import PacketCore

extension ICMPv6 {
  /// IANA, "ICMPv6 'type' Numbers"; the words are Wireshark's, since summaries print them.
  static let types: ValueNames = [
    1: "Destination Unreachable", 2: "Packet Too Big", 3: "Time Exceeded",
    4: "Parameter Problem", 100: "Private experimentation", 101: "Private experimentation",
    127: "Reserved for expansion of ICMPv6 error messages", 128: "Echo (ping) request",
    129: "Echo (ping) reply", 130: "Multicast Listener Query",
    131: "Multicast Listener Report", 132: "Multicast Listener Done",
    133: "Router Solicitation", 134: "Router Advertisement", 135: "Neighbor Solicitation",
    136: "Neighbor Advertisement", 137: "Redirect", 138: "Router Renumbering",
    139: "Node Information Query", 140: "Node Information Reply",
    141: "Inverse Neighbor Discovery Solicitation",
    142: "Inverse Neighbor Discovery Advertisement",
    143: "Multicast Listener Report Message v2",
    144: "Home Agent Address Discovery Request", 145: "Home Agent Address Discovery Reply",
    146: "Mobile Prefix Solicitation", 147: "Mobile Prefix Advertisement",
    148: "Certification Path Solicitation", 149: "Certification Path Advertisement",
    150: "Experimental Mobility", 151: "Multicast Router Advertisement",
    152: "Multicast Router Solicitation", 153: "Multicast Router Termination", 154: "FMIPv6",
    155: "RPL Control", 156: "Locator Update", 157: "Duplicate Address Request",
    158: "Duplicate Address Confirmation", 159: "MPL Control Message",
    160: "Extended Echo request", 161: "Extended Echo reply", 200: "Private experimentation",
    201: "Private experimentation",
    255: "Reserved for expansion of ICMPv6 informational messages",
  ]

  static let unreachableCodes: ValueNames = [
    0: "no route to destination", 1: "Administratively prohibited",
    2: "Beyond scope of source address", 3: "Address unreachable", 4: "Port unreachable",
    5: "Source address failed ingress/egress policy", 6: "Reject route to destination",
    7: "Error in Source Routing Header",
  ]
  static let timeExceededCodes: ValueNames = [
    0: "hop limit exceeded in transit", 1: "fragment reassembly time exceeded",
  ]
  static let parameterCodes: ValueNames = [
    0: "erroneous header field encountered", 1: "unrecognized Next Header type encountered",
    2: "unrecognized IPv6 option encountered",
    3: "IPv6 First Fragment has incomplete IPv6 Header Chain",
  ]

  static func codes(of type: UInt8) -> ValueNames? {
    switch type {
    case 1: unreachableCodes
    case 3: timeExceededCodes
    case 4: parameterCodes
    default: nil
    }
  }

  /// Router, solicited, override: the three highest bits of a neighbour advertisement.
  static let advertisementFlags: ValueNames = [
    0: " (none)", 1: " (ovr)", 2: " (sol)", 3: " (sol, ovr)", 4: " (rtr)", 5: " (rtr, ovr)",
    6: " (rtr, sol)", 7: " (rtr, sol, ovr)",
  ]

  static let optionTypes: ValueNames = [
    1: "Source link-layer address", 2: "Target link-layer address", 3: "Prefix information",
    4: "Redirected header", 5: "MTU", 6: "NBMA Shortcut Limit Option",
    7: "Advertisement Interval", 8: "Home Agent Information", 9: "Source Address List",
    10: "Target Address List", 11: "CGA", 12: "RSA Signature", 13: "Timestamp", 14: "Nonce",
    15: "Trust Anchor", 16: "Certificate", 24: "Route Information", 25: "Recursive DNS Server",
    26: "RA Flags Extension", 31: "DNS Search List Option", 33: "Address Registration Option",
    34: "6LoWPAN Context Option", 35: "Authoritative Border Router",
    37: "DHCP Captive-Portal", 38: "PREF64 Option",
  ]
  /// RFC 3810 section 5.2.12.
  static let recordTypes: ValueNames = [
    1: "Include", 2: "Exclude", 3: "Changed to include", 4: "Changed to exclude",
    5: "Allow new sources", 6: "Block old sources",
  ]
  /// RFC 4191 section 2.2.
  static let preferences: ValueNames = [0: "Medium", 1: "High", 2: "Reserved", 3: "Low"]

  static let badChecksum = FindingKind(
    "icmpv6.checksum_bad.expert", "Bad checksum", .error, .checksum,
    detail: IPv4.badChecksum.detail)
  static let invalidOptionLength = FindingKind(
    "icmpv6.invalid_option_length", "Invalid option length", .error, .malformed)
}
