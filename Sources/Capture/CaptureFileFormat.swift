/// The formats in which captures are written.
public enum CaptureFileFormat: Hashable, Sendable {
  /// One link type, no comments; times to the microsecond, or with another magic number to the
  /// nanosecond.
  case pcap(nanoseconds: Bool)
  /// Interfaces, comments, name resolution and secrets; times to the nanosecond.
  case pcapng

  /// The format that a user names, as tshark's `-F` does: `pcapng`, `pcap`, `nsecpcap`. A plain
  /// `pcap` gets nanoseconds where the source has them.
  public init?(name: String, nanoseconds: Bool) {
    switch name {
    case "pcapng": self = .pcapng
    case "pcap": self = .pcap(nanoseconds: nanoseconds)
    case "nsecpcap": self = .pcap(nanoseconds: true)
    default: return nil
    }
  }
}
