/// One protocol: a struct that can be read, written, described and checked.
///
/// The struct is the whole protocol. Its header fields are stored properties, its schema declares
/// each of them once for the tree, JSON, the display filter and the documentation, and
/// `carriedBy` says which numbers of the layers below lead here. Adding a protocol is one new file
/// with such a struct, and one line in the registry.
public protocol Layer: ErasedLayer, Sendable, Equatable {
  /// What `inspect` found out from context (a checksum verdict, a stream number) and left for the
  /// fields and the summary to show.
  associatedtype Note: BitwiseCopyable = NoNote
  /// What the protocol remembers from frame to frame (fragments, connections).
  associatedtype Memory: LayerMemory = NoMemory

  /// Name, title, specification and fields, declared once.
  static var schema: Schema<Self> { get }
  /// The numbers of lower layers that lead to this protocol.
  static var carriedBy: [PayloadType] { get }
  /// False for layers that never name a packet in the columns, such as padding or an extension
  /// header.
  static var summarizes: Bool { get }

  /// Reads the header and leaves the reader at the payload, trimmed to what a length field says.
  /// - Throws: `ParseError` when the header is not all there or contradicts its specification.
  init(reading reader: inout ByteReader) throws(ParseError)

  /// Writes the header exactly as the fields say, damage included: what `init(reading:)` read.
  func write(to writer: inout ByteWriter)

  /// Fills in the fields that depend on the layer's neighbours, before the layer is written as part
  /// of a `Packet`: the number of what follows, lengths, checksums. Nothing, unless a layer has
  /// such fields.
  mutating func complete(_ surroundings: Surroundings)

  /// The two ends that the header names for the sums of the layers above; nil for most layers.
  var endpoints: Endpoints? { get }

  /// What follows the header.
  var payloadType: PayloadType { get }

  /// Checks the layer, remembers it, leaves a note and findings, and says what follows.
  ///
  /// - Parameters:
  ///   - bytes: The buffer that the layer's record speaks of.
  ///   - index: Position of the layer's own record in the dissection; it is the last one.
  ///   - dissection: The packet so far.
  ///   - memory: What the protocol remembers.
  func inspect(
    _ bytes: RawSpan, at index: Int, in dissection: inout Dissection, memory: Memory
  ) -> PayloadType

  /// Writes the Protocol and Info columns for a packet that this layer is the innermost of.
  func summarize(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns)

  /// Adds to the Info column what can be said when only the first `count` octets of the header are
  /// there; the rest was read as zeros. Nothing, unless a layer knows better.
  func summarizePart(_ count: Int, into columns: inout Columns)
}

/// The note of a layer that leaves none.
public struct NoNote: BitwiseCopyable, Sendable {
  @inlinable public init() {}
}

/// What a protocol keeps between frames. One instance belongs to one `Dissector`, which uses it
/// from one thread at a time.
public protocol LayerMemory: AnyObject {
  /// - Parameter limits: How much may be held.
  init(limits: Limits)

  /// Whether several layers speak of it: each that names this class is given the same instance. Not
  /// shared unless it says so.
  static var isShared: Bool { get }

  /// The memory as a keeper of streams; nil unless it is one.
  var streamHolder: (any StreamHolder)? { get }
}

// Requirements instead of casts: looking a conformance up reads all that the program has, once for
// each class, and this happens at every start.
extension LayerMemory {
  public static var isShared: Bool { false }
  public var streamHolder: (any StreamHolder)? { nil }
}

/// The memory of a protocol that needs none.
public final class NoMemory: LayerMemory {
  public init(limits: Limits) {}
}

/// Bounds on everything a stranger can make netlab hold. Hitting one is a finding, never an error.
public struct Limits: Sendable {
  /// Layers in one packet.
  public var layers = 64
  /// Octets of IP fragments waiting for their rest, as many as Linux lets wait by default.
  public var fragmentOctets = 4 << 20
  /// Seconds that fragments wait, counted in the capture's own time. RFC 791 section 3.2 speaks of
  /// 15 s, RFC 8200 section 4.5 of 60 s.
  public var fragmentSeconds: Int64 = 60
  /// TCP connections remembered at once, about 300 octets each; the longest idle are forgotten
  /// first.
  public var connections = 1 << 17
  /// What else has two sides (UDP conversations, DNS and echo requests), remembered at once of each
  /// protocol, about 60 octets each; the longest idle are forgotten first.
  public var exchanges = 1 << 19
  /// Octets of one direction of a stream that wait: for a segment that is missing, or for the rest of
  /// a message.
  public var directionOctets = 16 << 20
  /// Octets of all streams that wait; the longest idle are given up first.
  public var streamOctets = 64 << 20
  /// Octets of one message, put together.
  public var messageOctets = 16 << 20
  /// Octets of one message or body, inflated.
  public var inflatedOctets = 16 << 20
  /// Octets of an HTTP head.
  public var headOctets = 64 << 10
  public init() {}
}

/// The two columns that a layer fills; the others come from the frame and its endpoints.
public struct Columns: ~Copyable {
  /// The Protocol column.
  public var protocolName: StaticString = ""
  /// The Info column.
  public var info = TextBuffer(capacity: 1024)
  /// The text is to equal tshark's.
  public var isCompatible = false
  public init() {}
}

extension Layer {
  @inlinable public static var summarizes: Bool { true }
  @inlinable public var payloadType: PayloadType { .nothing }
  public func summarizePart(_ count: Int, into columns: inout Columns) {}

  @inlinable
  public func inspect(
    _ bytes: RawSpan, at index: Int, in dissection: inout Dissection, memory: Memory
  ) -> PayloadType {
    payloadType
  }

  public func summarize(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns
  ) {
    columns.protocolName = Self.schema.column
    columns.info.append(Self.schema.title)
  }
}
