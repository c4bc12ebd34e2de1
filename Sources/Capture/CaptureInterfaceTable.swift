import PacketCore

/// The interfaces that a capture file has described so far, section by section. It may be read
/// while the frames are walked, to say the name behind a `FrameHeader.point`.
public final class CaptureInterfaceTable {
  /// The interfaces of each section. A pcap file has one section with one interface.
  // One reader on one thread grows it, between the frames; the check at run time would cost as much
  // as reading a frame.
  @exclusivity(unchecked)
  public private(set) var sections: [[CaptureInterface]] = []
  private var count = 0

  /// The interface of a capture point; nil when the file has not described it.
  public subscript(point: CapturePoint) -> CaptureInterface? {
    guard Int(point.section) < sections.count,
      Int(point.interface) < sections[Int(point.section)].count
    else { return nil }
    return sections[Int(point.section)][Int(point.interface)]
  }

  /// Points have 16 bits for each, and a file of nothing but interfaces must not fill the memory.
  private static let limit = 65_536

  /// False when there are more than can be told apart.
  func beginSection() -> Bool {
    guard sections.count < CaptureInterfaceTable.limit else { return false }
    sections.append([])
    return true
  }

  /// False when there are more than can be told apart.
  func add(_ interface: CaptureInterface) -> Bool {
    guard let last = sections.indices.last, count < CaptureInterfaceTable.limit else {
      return false
    }
    sections[last].append(interface)
    count += 1
    return true
  }
}
