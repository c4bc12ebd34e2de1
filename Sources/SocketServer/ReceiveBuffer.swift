import NIOCore

/// One receive buffer for all connections: what came is handled before the next is read, so an idle
/// connection needs none.
final class ReceiveBuffer {
  private var spare: ByteBuffer?

  /// The buffer, while nobody has it; another one otherwise.
  func take(_ allocator: ByteBufferAllocator) -> ByteBuffer {
    guard var buffer = spare else { return allocator.buffer(capacity: Self.octets) }
    spare = nil
    buffer.clear()
    return buffer
  }

  /// Gives it back.
  func recycle(_ buffer: ByteBuffer) {
    if buffer.capacity == Self.octets { spare = buffer }
  }

  static let octets = 64 << 10
}

/// A buffer a read: the HTTP decoder may keep a part of it.
struct PlainReceiveAllocator: RecvByteBufferAllocator {
  func buffer(allocator: ByteBufferAllocator) -> ByteBuffer { allocator.buffer(capacity: 4096) }

  mutating func record(actualReadBytes: Int) -> Bool { false }
}

/// Hands NIO the shared buffer, for connections whose handler gives it back.
struct SharedReceiveAllocator: RecvByteBufferAllocator {
  let state: NIOLoopBound<ServerState>

  func buffer(allocator: ByteBufferAllocator) -> ByteBuffer {
    state.value.receiveBuffer.take(allocator)
  }

  mutating func record(actualReadBytes: Int) -> Bool { false }
}
