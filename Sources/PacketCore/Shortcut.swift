/// A way through several layers in one step, for frames of the form that nearly all have.
///
/// What it records is what the walk would, layer by layer, to the last octet: a test walks every
/// capture both ways. Where the registry leads elsewhere ("decode as"), or the frame is of any other
/// form, the walk is taken.
public protocol Shortcut: SendableMetatype {
  /// The numbers that the walk would follow and the protocols that it would find, outermost first.
  static var way: [(number: PayloadType, layer: any ErasedLayer.Type)] { get }

  /// Records the layers of a frame and names its ends.
  ///
  /// - Parameters:
  ///   - bytes: The frame's captured octets.
  ///   - reportedEnd: Octets on the wire.
  /// - Returns: What follows the last of them; nil for a frame of another form, of which nothing was
  ///   recorded.
  static func walk(
    _ bytes: RawSpan, reportedEnd: Int, into dissection: inout Dissection
  ) -> PayloadType?
}

extension Registry {
  /// Whether the walk would go the same way.
  func leads(along shortcut: any Shortcut.Type) -> Bool {
    shortcut.way.allSatisfy { step in
      layer(for: step.number).map { ObjectIdentifier($0) == ObjectIdentifier(step.layer) } ?? false
    }
  }
}

extension Dissection {
  /// Records a layer of the frame that a shortcut has read: see `push`.
  ///
  /// - Returns: Its index.
  @inlinable @inline(__always)
  public mutating func record<L: Layer>(
    _ type: L.Type, as space: PayloadType.Space, header: Range<Int>, end: Int, reportedEnd: Int
  ) -> Int {
    currentSpace = space
    return push(
      type, start: header.lowerBound, headerEnd: header.upperBound, end: end,
      reportedEnd: reportedEnd)
  }
}
