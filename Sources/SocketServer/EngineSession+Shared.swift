import NIOCore
import Protocols

extension EngineSession {
  /// A frame for any number of sessions, and what polling and compressing ones need instead.
  struct Shared {
    let text: [UInt8]
    let attachments: [[UInt8]]
    var parts: Range<Int>?
    var large: ByteBuffer?

    /// - Parameter text: With the packet type in front.
    init(text: [UInt8], attachments: [[UInt8]] = []) {
      self.text = text
      self.attachments = attachments
    }
  }

  /// Sends what many get.
  func send(_ shared: inout Shared) {
    guard transport.state == .webSocket, let socket, socket.takesSharedFrames else {
      send(text: shared.text)
      for attachment in shared.attachments { send(binary: attachment) }
      return
    }
    if let parts = shared.parts {
      socket.send(part: parts)
    } else if let large = shared.large {
      socket.send(own: large)
    } else {
      let octets = shared.attachments.reduce(shared.text.count) { $0 + $1.count }
      if octets > WriteBatch.largest {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(octets + 10 * (1 + shared.attachments.count))
        WriteBatch.write(.text, shared.text, to: &buffer)
        for attachment in shared.attachments {
          WriteBatch.write(.binary, attachment, to: &buffer)
        }
        shared.large = buffer
        socket.send(own: buffer)
      } else {
        var parts = state.write(.text, shared.text)
        for attachment in shared.attachments {
          parts = parts.lowerBound..<state.write(.binary, attachment).upperBound
        }
        shared.parts = parts
        socket.send(part: parts)
      }
    }
  }
}
