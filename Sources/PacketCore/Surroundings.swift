/// What a layer sees of the packet around it while the packet is written.
public struct Surroundings: Sendable {
  /// The layers below, the outermost first. They are completed later: their addresses are known,
  /// their lengths and checksums are not.
  public let lower: ArraySlice<any Layer>
  /// The next layer, complete; nil for the innermost.
  public let upper: (any Layer)?
  /// Every octet behind this layer's header, as it will be sent.
  public let payload: [UInt8]

  /// - Parameters:
  ///   - lower: The layers below, the outermost first.
  ///   - upper: The next layer, complete.
  ///   - payload: The octets behind the header.
  public init(
    lower: ArraySlice<any Layer> = [], upper: (any Layer)? = nil, payload: [UInt8] = []
  ) {
    self.lower = lower
    self.upper = upper
    self.payload = payload
  }

  /// The two ends that the nearest layer below names: what a pseudo-header holds.
  public var endpoints: Endpoints? {
    for layer in lower.reversed() { if let endpoints = layer.endpoints { return endpoints } }
    return nil
  }

  /// The number by which the next layer is found, from its `carriedBy`.
  ///
  /// - Parameters:
  ///   - space: Whose number is wanted, such as `.etherType`.
  ///   - present: What the field says. It stays when the next layer answers to it, so that a
  ///     protocol with several numbers can be sent under each of them; and when the next layer
  ///     answers to none.
  public func number(in space: PayloadType.Space, keeping present: UInt16) -> UInt16 {
    guard let upper else { return present }
    var first: UInt16?
    for type in Swift.type(of: upper).carriedBy where type.space == space {
      if type.value == present { return present }
      first = first ?? type.value
    }
    return first ?? present
  }
}
