import PacketCore

extension ARP {
  /// A message about IPv4 addresses on Ethernet.
  ///
  /// - Parameters:
  ///   - operation: 1 request, 2 reply.
  ///   - targetMAC: Zero in a request: it is what is asked for. RFC 826.
  public init(
    operation: UInt16, senderMAC: MACAddress, senderIP: IPv4Address,
    targetMAC: MACAddress = MACAddress(0), targetIP: IPv4Address
  ) {
    hardwareType = 1
    protocolType = 0x0800
    hardwareSize = 6
    protocolSize = 4
    self.operation = operation
    self.senderMAC = senderMAC
    self.senderIP = senderIP
    self.targetMAC = targetMAC
    self.targetIP = targetIP
  }
}
