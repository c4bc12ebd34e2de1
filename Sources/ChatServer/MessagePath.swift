/// A message on its way from its sender to the room.
public struct RoomMessage: Equatable, Sendable {
  public var room: RoomCode
  public var sender: String
  public var text: String

  public init(room: RoomCode, sender: String, text: String) {
    self.room = room
    self.sender = sender
    self.text = text
  }
}

/// What messages of a room pass through before the room keeps and hears them.
public protocol MessagePath: Sendable {
  /// Carries a message. A room's messages are carried one after the other, in their order.
  ///
  /// - Returns: The message as it arrived.
  /// - Throws: When it did not get through; its sender is told.
  func carry(_ message: RoomMessage) async throws -> RoomMessage
}
