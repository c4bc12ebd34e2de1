import PacketCore

/// Elements and members, one after the other.
extension JSONScanner {
  /// Whether only whitespace is left; something else is a fault.
  @inline(__always)
  public mutating func isAtEnd(_ bytes: RawSpan) -> Bool {
    skipSpace(bytes)
    if position == end { return true }
    fail(.trailing, at: position)
    return false
  }

  /// Moves into the array that is next.
  @inline(__always)
  public mutating func enterArray(_ bytes: RawSpan) -> Bool {
    skipSpace(bytes)
    guard peek(bytes) == 0x5b else {
      fail(position < end ? .notAnArray : .unexpectedEnd, at: position)
      return false
    }
    position &+= 1
    return true
  }

  /// Moves into the object that is next.
  @inline(__always)
  public mutating func enterObject(_ bytes: RawSpan) -> Bool {
    skipSpace(bytes)
    guard peek(bytes) == 0x7b else {
      fail(position < end ? .notAnObject : .unexpectedEnd, at: position)
      return false
    }
    position &+= 1
    return true
  }

  /// Moves to the next element's first octet.
  ///
  /// - Parameter isFirst: True before the first element, false afterwards.
  /// - Returns: False behind the last, where the reader stands behind the bracket, and at a fault.
  @inline(__always)
  public mutating func nextElement(_ bytes: RawSpan, _ isFirst: inout Bool) -> Bool {
    guard comma(bytes, &isFirst, 0x5d) else { return false }
    skipSpace(bytes)
    return true
  }

  /// Moves to the next member's value.
  ///
  /// - Returns: The octets between the quotes of its name; nil behind the last and at a fault.
  @inline(__always)
  public mutating func nextMember(_ bytes: RawSpan, _ isFirst: inout Bool) -> Range<Int>? {
    guard comma(bytes, &isFirst, 0x7d), let name = key(bytes) else { return nil }
    skipSpace(bytes)
    return name
  }

  @inline(__always)
  private mutating func comma(_ bytes: RawSpan, _ isFirst: inout Bool, _ close: UInt8) -> Bool {
    skipSpace(bytes)
    guard position < end else {
      fail(.unexpectedEnd, at: position)
      return false
    }
    let octet = Self.octet(bytes, position)
    if octet == close {
      position &+= 1
      return false
    }
    if isFirst {
      isFirst = false
      return true
    }
    guard octet == 0x2c else {
      fail(.unexpectedOctet, at: position)
      return false
    }
    position &+= 1
    return true
  }

  /// Moves over the string that is next.
  ///
  /// - Returns: The octets between its quotes; nil when the next value is no string (the reader stays
  ///   where it is), and at a fault.
  @inline(__always)
  public mutating func string(_ bytes: RawSpan) -> Range<Int>? {
    guard peek(bytes) == 0x22 else { return nil }
    let start = position &+ 1
    return skipString(bytes) ? start..<position &- 1 : nil
  }
}
