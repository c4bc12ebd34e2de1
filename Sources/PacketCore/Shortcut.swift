/// A way through several layers in one step, for packets of the form that nearly all have.
///
/// What it records is what the walk would, layer by layer, to the last octet: a test walks every
/// capture both ways. Where the registry leads elsewhere ("decode as"), or the octets are of any other
/// form, the walk is taken.
public protocol Shortcut: SendableMetatype {
  /// The numbers that the walk would follow and the protocols that it would find, outermost first. The
  /// last ones may be left to the walk.
  static var way: [(number: PayloadType, layer: any ErasedLayer.Type)] { get }

  /// Records layers, and names the ends of a frame.
  ///
  /// - Parameters:
  ///   - reportedEnd: The end on the wire.
  ///   - memories: What the protocols of the way remember, in its order.
  /// - Returns: What follows the last of them; nil for octets of another form, of which nothing was
  ///   recorded.
  static func walk(
    _ bytes: RawSpan, from start: Int, to end: Int, reportedEnd: Int,
    into dissection: inout Dissection, memories: UnsafePointer<Unmanaged<AnyObject>>
  ) -> PayloadType?
}

/// A shortcut of a registry for a dissector, which owns the memories.
struct ShortcutWay {
  let type: any Shortcut.Type
  /// The number it begins with: `PayloadType.key`.
  let key: UInt32
  /// Its last layer's place in the registry.
  let last: Int
  let memories: UnsafeMutablePointer<Unmanaged<AnyObject>>

  /// Nil where the walk would go another way, or not so far.
  init?(
    _ shortcut: (any Shortcut.Type)?, _ registry: Registry, _ limits: Limits,
    _ handles: [Unmanaged<AnyObject>]
  ) {
    guard let shortcut, let first = shortcut.way.first, shortcut.way.count <= limits.layers else {
      return nil
    }
    var places: [Int] = []
    for step in shortcut.way {
      guard let place = registry.position(for: step.number),
        ObjectIdentifier(registry.layers[place]) == ObjectIdentifier(step.layer)
      else { return nil }
      places.append(place)
    }
    type = shortcut
    key = first.number.key
    last = places[places.count - 1]
    memories = .allocate(capacity: places.count)
    for (index, place) in places.enumerated() {
      (memories + index).initialize(to: handles[place])
    }
  }
}

extension Dissection {
  /// Whether a shortcut may be taken: not inside a packet that is only quoted, where layers are decoded
  /// and not looked at.
  @inlinable public var mayTakeShortcut: Bool { !isQuoting && takesShortcuts }

  /// Records a layer that a shortcut has read, in the buffer that the walk is in: see `push`.
  ///
  /// - Parameters:
  ///   - space: What kind of number led to it.
  ///   - header: Its header; the payload follows, up to `end`.
  ///   - reportedEnd: Its end on the wire.
  ///   - isOutermost: Only layers of the frame itself come before it: that it stands in no buffer of its
  ///     own and is not quoted need not be asked then.
  /// - Returns: Its index.
  @inlinable @inline(__always)
  public mutating func record<L: Layer>(
    _ type: L.Type, as space: PayloadType.Space, header: Range<Int>, end: Int, reportedEnd: Int,
    isOutermost: Bool = false
  ) -> Int {
    currentSpace = space
    guard isOutermost else {
      return push(
        type, start: header.lowerBound, headerEnd: header.upperBound, end: end,
        reportedEnd: reportedEnd)
    }
    let index = append(
      type, start: header.lowerBound, headerEnd: header.upperBound, end: end,
      reportedEnd: reportedEnd, buffer: 0, isQuoted: false)
    if L.summarizes { speaking = index }
    return index
  }

  /// The kind of number that led to the layer which is being read.
  @inlinable public var space: PayloadType.Space { currentSpace }
}
