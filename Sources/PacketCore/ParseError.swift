/// Why a layer could not be read.
///
/// Two different answers are kept apart: `.cut` means that the octets were on the wire but the
/// capture does not hold them (snap length); every other reason means that the packet itself is
/// wrong. The layers already read are kept in both cases.
public struct ParseError: Error, Equatable, Sendable {
  /// The two outcomes, and what a layer itself objects to.
  public enum Reason: UInt8, Sendable {
    /// The frame was longer on the wire than in the capture, and the missing part is needed.
    case cut
    /// The enclosing layer ends before this one does.
    case short
    /// A field has a value that its specification forbids.
    case invalid
  }

  /// Which of the outcomes this is.
  public let reason: Reason
  /// Offset in octets, from the start of the buffer read, of the octets that were missing or wrong.
  public let offset: Int
  /// Octets needed at `offset`; 0 where that is not the trouble.
  public let needed: Int
  /// What was wrong, for `.invalid`; empty otherwise.
  public let detail: StaticString

  @inlinable
  public init(_ reason: Reason, at offset: Int, needed: Int = 0, detail: StaticString = "") {
    self.reason = reason
    self.offset = offset
    self.needed = needed
    self.detail = detail
  }

  public static func == (left: ParseError, right: ParseError) -> Bool {
    left.reason == right.reason && left.offset == right.offset && left.needed == right.needed
  }
}

extension ParseError: CustomStringConvertible {
  /// One sentence for a person.
  public var description: String {
    switch reason {
    case .cut: "cut by the capture's snap length at octet \(offset)"
    case .short: "ends at octet \(offset), \(needed) more needed"
    case .invalid: "\(detail) (octet \(offset))"
    }
  }
}
