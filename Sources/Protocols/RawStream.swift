import PacketCore

/// A stream that is followed as the octets it is: each piece, as it comes in order, is a message.
/// Not in the standard registry, since it would take every stream; `netlab follow` puts it last.
public final class RawStream: StreamProtocol {
  public static let name = "tcp"

  public static func recognise(_ bytes: RawSpan, _ chunk: StreamChunk) -> StreamRecognition {
    .yes(nil)
  }

  public init(limits: Limits) {}

  public func consume(
    _ bytes: RawSpan, _ chunk: StreamChunk, into dissection: inout Dissection
  ) -> StreamStep {
    _ = dissection.record(
      Payload.self, header: chunk.range, end: chunk.range.upperBound, buffer: chunk.buffer)
    return .message(chunk.range.count)
  }

  /// Octets that are missing are said to be so; the others are followed.
  public func gap(_ octets: Int, from side: Side, into dissection: inout Dissection) -> Bool {
    true
  }

  public func end(_ how: StreamEnd, from side: Side?, into dissection: inout Dissection) {}
}

extension Registry {
  /// The same protocols, but every stream is followed as octets.
  public var withRawStreams: Registry { with(streams: [RawStream.self]) }
  /// The same protocols, and a stream that none of them knows is followed as octets.
  public var withRawRemainder: Registry { with(streams: streams + [RawStream.self]) }
}
