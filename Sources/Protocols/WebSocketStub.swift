import PacketCore

// Stands in until WebSocket itself is here.
public struct PerMessageDeflate: Sendable, Equatable {
  public var clientNoContextTakeover: Bool
  public var serverNoContextTakeover: Bool
  public var clientMaxWindowBits: Int
  public var serverMaxWindowBits: Int
  public init(
    clientNoContextTakeover: Bool = false, serverNoContextTakeover: Bool = false,
    clientMaxWindowBits: Int = 15, serverMaxWindowBits: Int = 15
  ) {
    self.clientNoContextTakeover = clientNoContextTakeover
    self.serverNoContextTakeover = serverNoContextTakeover
    self.clientMaxWindowBits = clientMaxWindowBits
    self.serverMaxWindowBits = serverMaxWindowBits
  }
}
public struct WebSocketNegotiation: Sendable, Equatable {
  public var deflate: PerMessageDeflate?
  public var hasOtherExtensions: Bool
  public var subprotocol: String
  public var target: String
  public var session: UInt64
  public init(
    deflate: PerMessageDeflate? = nil, hasOtherExtensions: Bool = false, subprotocol: String = "",
    target: String = "/", isEngineIO: Bool? = nil, session: UInt64 = 0
  ) {
    self.deflate = deflate
    self.hasOtherExtensions = hasOtherExtensions
    self.subprotocol = subprotocol
    self.target = target
    self.session = session
  }
}
public final class WebSocketStream: StreamProtocol {
  public static let name = "websocket"
  public let negotiation: WebSocketNegotiation
  public init(limits: Limits) { negotiation = WebSocketNegotiation() }
  public init(negotiation: WebSocketNegotiation, limits: Limits) { self.negotiation = negotiation }
  public static func recognise(_ bytes: RawSpan, _ chunk: StreamChunk) -> StreamRecognition { .no }
  public func consume(_ bytes: RawSpan, _ chunk: StreamChunk, into dissection: inout Dissection)
    -> StreamStep
  { chunk.range.isEmpty ? .needMore(1) : .lost }
  public var hasMore: Bool { false }
  public func gap(_ octets: Int, from side: Side, into dissection: inout Dissection) -> Bool {
    false
  }
  public func end(_ how: StreamEnd, from side: Side?, into dissection: inout Dissection) {}
  public var closing: StreamClosing? { nil }
  public var heldOctets: Int { 0 }
}
