/// A packet to be: layers composed with `/`, the outermost first.
///
/// ```swift
/// let packet =
///   Ethernet(source: here, destination: there)
///   / IPv4(source: IPv4Address(10, 0, 0, 21), destination: IPv4Address(10, 0, 0, 33))
///   / TCP(sourcePort: 51234, destinationPort: 5000, sequence: 1, flags: [.psh, .ack])
///   / Payload(token)
/// let octets = packet.bytes()
/// ```
///
/// The layers are the same values that dissection yields, so that what was read can be changed and
/// sent again. Numbers of upper layers, lengths and checksums are filled in while the octets are
/// written, the innermost layer first; `.verbatim` leaves every field as it is, damage included.
public struct Packet: Sendable {
  /// How a packet becomes octets.
  public enum Writing: Sendable {
    /// Fields that follow from the neighbours are computed: `Layer.complete`.
    case completed
    /// Exactly what the fields say.
    case verbatim
  }

  /// The layers, the outermost first.
  public var layers: [any Layer]

  /// - Parameter layers: The outermost first.
  public init(_ layers: [any Layer] = []) { self.layers = layers }

  /// The packet's octets.
  public func bytes(_ writing: Writing = .completed) -> [UInt8] {
    var packet = self
    return packet.write(writing)
  }

  /// The packet with every field filled in that `bytes()` would fill in: the place to damage one
  /// of them before `bytes(.verbatim)`.
  public func completed() -> Packet {
    var packet = self
    _ = packet.write(.completed)
    return packet
  }

  /// The innermost layer of a protocol; setting it changes that layer, and nothing where the packet
  /// has none.
  public subscript<L: Layer>(_ type: L.Type) -> L? {
    get {
      for layer in layers.reversed() { if let layer = layer as? L { return layer } }
      return nil
    }
    set {
      guard let newValue, let index = layers.lastIndex(where: { $0 is L }) else { return }
      layers[index] = newValue
    }
  }

  /// From the inside out: a header's lengths and checksums speak of octets that are final then.
  private mutating func write(_ writing: Writing) -> [UInt8] {
    var octets: [UInt8] = []
    var upper: (any Layer)?
    for index in layers.indices.reversed() {
      if writing == .completed {
        layers[index].complete(
          Surroundings(lower: layers[..<index], upper: upper, payload: octets))
      }
      var writer = ByteWriter(capacity: 64 + octets.count)
      layers[index].write(to: &writer)
      writer.write(octets)
      octets = writer.bytes
      upper = layers[index]
    }
    return octets
  }

  /// Puts a layer behind the others.
  public static func / (packet: Packet, upper: some Layer) -> Packet {
    Packet(packet.layers + [upper])
  }

  /// Puts a packet inside another.
  public static func / (packet: Packet, upper: Packet) -> Packet {
    Packet(packet.layers + upper.layers)
  }
}

extension Layer {
  /// A packet of two layers, `upper` carried by `lower`.
  public static func / (lower: Self, upper: some Layer) -> Packet { Packet([lower, upper]) }

  /// Puts a packet inside a layer.
  public static func / (lower: Self, upper: Packet) -> Packet { Packet([lower] + upper.layers) }

  /// The octets of a packet that is this layer alone.
  public func bytes(_ writing: Packet.Writing = .completed) -> [UInt8] {
    Packet([self]).bytes(writing)
  }

  /// A layer that depends on nobody is complete.
  public mutating func complete(_ surroundings: Surroundings) {}

  /// A layer that names no two ends.
  public var endpoints: Endpoints? { nil }
}
