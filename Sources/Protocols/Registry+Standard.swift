import PacketCore

extension Registry {
  /// Every protocol that netlab knows. A new one is one line here: among the layers, or among the
  /// streams, which are asked in this order what a connection's first octets are.
  public static let standard = Registry(
    [
      Ethernet.self,
      VLAN.self,
      ProviderBridge.self,
      LLC.self,
      LinuxCooked.self,
      LinuxCooked2.self,
      Loopback.self,
      RawIP.self,
      ARP.self,
      IPv4.self,
      TCP.self,
      IPv6.self,
      IPv6HopByHop.self,
      IPv6DestinationOptions.self,
      IPv6Routing.self,
      IPv6Fragment.self,
      AuthenticationHeader.self,
      ICMP.self,
      ICMPv6.self,
      IGMP.self,
      UDP.self,
      DNS.self,
      HTTP.self,
      WebSocket.self,
      EngineIO.self,
      EngineIOBinary.self,
      SocketIO.self,
      SocketIOAttachment.self,
      Chat.self,
      JSON.self,
      Fernet.self,
      Netlab.self,
    ],
    streams: [
      HTTPStream.self,
      WebSocketStream.self,
      FernetStream.self,
    ],
    frames: PlainSegment.self,
    messages: PlainEvent.self)
}
