import Protocols

/// A message that is to be sent.
public struct OutgoingMessage: Sendable, Equatable {
  public var id: CraftedMessage.ID
  /// Who sends it, as people call them.
  public var sender: String
  /// The chat room that it is for.
  public var room: String?
  public var text: String

  /// Octets of text, as UTF-8, that a message may have.
  public static let mostOctets = 16 << 20

  public init(id: CraftedMessage.ID, sender: String, room: String? = nil, text: String) {
    self.id = id
    self.sender = sender
    self.room = room
    self.text = text
  }
}

/// Why a message cannot be sent as it is.
public enum OutgoingFault: Error, Sendable, Equatable {
  /// More octets of text than a message may have.
  case tooLong(octets: Int)
  /// More parts than a message may have.
  case tooManyParts(Int)
  /// A packet is too small for the headers, the token, the names and one character.
  ///
  /// - Parameter needed: Octets that a packet has to have.
  case noRoom(needed: Int)
  /// Another message is under way.
  case underWay

  /// A sentence without a full stop.
  public var text: String {
    switch self {
    case .tooLong(let octets):
      "the message has \(octets) octets, and \(OutgoingMessage.mostOctets) is the most"
    case .tooManyParts(let parts):
      "the message would take \(parts) parts, and \(CraftedMessage.mostParts) is the most: "
        + "a larger MTU makes fewer"
    case .noRoom(let needed):
      "the MTU is too small: with this sender and room a packet needs \(needed) octets"
    case .underWay: "another message is under way"
    }
  }
}
