import PacketCore

/// An interface as a capture knows it: one that is being captured on, or one that a file describes.
public struct CaptureInterface: Sendable, Equatable {
  /// The name, such as `eth0`; empty when a file does not tell.
  public var name: String
  /// What the system or the file says about it; empty when nothing.
  public var description: String
  /// What its frames begin with.
  public var linkType: LinkType
  /// Octets kept of each frame; 0 for no limit.
  public var snapLength: Int
  /// The capture filter in force; empty for none.
  public var filter: String

  public init(
    name: String = "", description: String = "", linkType: LinkType, snapLength: Int = 262_144,
    filter: String = ""
  ) {
    self.name = name
    self.description = description
    self.linkType = linkType
    self.snapLength = snapLength
    self.filter = filter
  }
}
