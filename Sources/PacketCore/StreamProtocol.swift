/// A protocol that stands on a stream of octets: what a connection's streams are read by.
///
/// One instance serves both directions of one connection, does no I/O, and is told of octets in the
/// order of the stream, of gaps, of ends, and of time. It takes one message a call, and is called
/// again with what is left.
public protocol StreamProtocol: AnyObject, SendableMetatype {
  /// The name in `-d tcp.port==N,NAME`, and in the columns of a stream that it reads.
  static var name: String { get }

  /// Whether a stream that begins with these octets is of this protocol.
  static func recognise(_ bytes: RawSpan, _ chunk: StreamChunk) -> StreamRecognition

  /// A reader for a connection of which nothing was read yet.
  init(limits: Limits)

  /// Takes at most one message from the octets `chunk.range` of `bytes`.
  ///
  /// It records its own layers (`Dissection.record`), leaves their notes and findings, and names
  /// where the walk goes on (`continueIn`). What it returns makes them a message.
  func consume(_ bytes: RawSpan, _ chunk: StreamChunk, into dissection: inout Dissection)
    -> StreamStep

  /// The same of a reader that the caller keeps alive: without counting references, for every
  /// message of every connection. Has its one implementation below.
  static func consume(
    _ bytes: RawSpan, _ chunk: StreamChunk, by reader: Unmanaged<AnyObject>,
    into dissection: inout Dissection
  ) -> StreamStep

  /// Whether instances may ever have more (`hasMore`); those of most protocols never do.
  static var makesMore: Bool { get }

  /// Whether a message can be made of octets taken before: `consume` is called with an empty range
  /// then, and answers with `.more`.
  var hasMore: Bool { get }

  /// The same of a reader that the caller keeps alive, as with `consume`.
  static func hasMore(_ reader: Unmanaged<AnyObject>) -> Bool

  /// The next `octets` octets of one side's stream will not come: they were not captured. Counted
  /// from the last octet taken, so those that were handed over and answered with `needMore` are
  /// among them. What follows them comes next.
  ///
  /// - Returns: False when nothing that follows can be read.
  func gap(_ octets: Int, from side: Side, into dissection: inout Dissection) -> Bool

  /// One side's stream ends, or both (nil).
  func end(_ how: StreamEnd, from side: Side?, into dissection: inout Dissection)

  /// How the messages say that the conversation ended, for the connection's verdict.
  var closing: StreamClosing? { get }

  /// Octets that the instance holds on to, over the connection's own buffers. Asked behind each packet,
  /// unless `consume` said that they are as many as before (`Dissection.holdsAsBefore`).
  var heldOctets: Int { get }

  /// The same of a reader that the caller keeps alive, as with `consume`.
  static func heldOctets(of reader: Unmanaged<AnyObject>) -> Int
}

extension StreamProtocol {
  @inlinable
  public static func consume(
    _ bytes: RawSpan, _ chunk: StreamChunk, by reader: Unmanaged<AnyObject>,
    into dissection: inout Dissection
  ) -> StreamStep {
    reader._withUnsafeGuaranteedRef {
      unsafeDowncast($0, to: Self.self).consume(bytes, chunk, into: &dissection)
    }
  }

  @inlinable
  public static func heldOctets(of reader: Unmanaged<AnyObject>) -> Int {
    reader._withUnsafeGuaranteedRef { unsafeDowncast($0, to: Self.self).heldOctets }
  }

  @inlinable
  public static func hasMore(_ reader: Unmanaged<AnyObject>) -> Bool {
    reader._withUnsafeGuaranteedRef { unsafeDowncast($0, to: Self.self).hasMore }
  }

  public static var makesMore: Bool { false }
  public var hasMore: Bool { false }
  public var heldOctets: Int { 0 }
  public var closing: StreamClosing? { nil }
}

/// What a protocol says to the first octets of a stream.
public enum StreamRecognition: Sendable, Equatable {
  case no
  /// Too few octets to tell.
  case perhaps
  /// It is; the sender of these octets is the given side where they show it.
  case yes(Side?)
}

/// What became of the octets handed to a stream protocol.
public enum StreamStep {
  /// So many octets were a message: one that stands alone, between the parts of another too.
  case message(Int)
  /// So many octets were a part of a message that is not complete yet (a fragment, a piece of a long
  /// body). `isShown`: layers were recorded for it.
  case part(Int, isShown: Bool)
  /// So many octets complete the message that earlier parts began.
  case lastPart(Int)
  /// A message that stands in octets taken before: the next packet of a body already read, which
  /// the layer at `carrier` carries; so many octets of it.
  case more(Int, carrier: Int)
  /// So many octets from the chunk's start must be there before anything can be said; fewer are.
  case needMore(Int)
  /// So many octets were a message, and from here on both streams are of another protocol.
  case upgrade(Int, to: any StreamProtocol)
  /// Nothing that follows in this direction can be read.
  case lost
}

/// How a stream ended.
public enum StreamEnd: UInt8, Sendable, BitwiseCopyable {
  case fin, rst
  /// Another connection has taken its place, between the same ends or in memory.
  case replaced
  /// Idle, and given up to keep memory bounded.
  case idle
  /// The capture ended first.
  case capture
}

/// How the messages of a connection ended it.
public struct StreamClosing: Sendable, Equatable {
  /// Who said so first.
  public var side: Side
  /// WebSocket's close code; nil when there was none in the Close frame.
  public var code: UInt16?
  /// The words that came with it.
  public var reason: String
  /// Whether the other side answered.
  public var isAnswered: Bool

  public init(side: Side, code: UInt16?, reason: String, isAnswered: Bool) {
    self.side = side
    self.code = code
    self.reason = reason
    self.isAnswered = isAnswered
  }
}

/// A memory that keeps streams, and is told what they may be.
public protocol StreamHolder: AnyObject {
  /// - Parameter streams: In the order in which they are asked.
  func adopt(_ streams: [any StreamProtocol.Type], _ limits: Limits)
  /// Whether packets whose octets wait are kept as traces, for filters on messages.
  var keepsPackets: Bool { get set }
}
