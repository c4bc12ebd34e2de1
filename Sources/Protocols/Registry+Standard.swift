import PacketCore

extension Registry {
  /// Every protocol that netlab knows. A new one is one line here.
  public static let standard = Registry([
    Ethernet.self,
    IPv4.self,
    TCP.self,
  ])
}
