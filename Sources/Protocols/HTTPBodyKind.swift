import PacketCore

/// What the octets of a body are, by Content-Type and by their beginning.
enum HTTPBodyKind {
  /// - Parameter type: Place of Content-Type's value in `head`.
  static func of(
    _ head: RawSpan, type: Range<Int>, _ body: RawSpan, _ range: Range<Int>
  ) -> PayloadType? {
    if isFernet(body, range) { return .fernet }
    return head.withUnsafeBytes { octets in
      let type = essence(octets, type)
      if isJSON(type) { return .json }
      return isText(type) && !type.isEmpty ? .text : nil
    }
  }

  /// Whether a body of this type is text; one without a type may be.
  static func isText(_ head: RawSpan, type: Range<Int>) -> Bool {
    head.withUnsafeBytes { octets in
      let type = essence(octets, type)
      return type.isEmpty || isText(type) || isJSON(type)
    }
  }

  /// Whether a coding stands in the way that was not undone.
  static func isEncoded(_ transfer: HTTPTransfer, _ faults: HTTPFaults) -> Bool {
    transfer.head.contentCodings.foreign != nil || transfer.head.transferCodings.foreign != nil
      || faults.contains(.inflationFailed)
  }

  /// Type and subtype without parameters.
  static func essence(_ octets: UnsafeRawBufferPointer, _ value: Range<Int>)
    -> UnsafeRawBufferPointer
  {
    var end = value.lowerBound
    while end < value.upperBound, octets[end] != 0x3b { end += 1 }
    return UnsafeRawBufferPointer(
      rebasing: octets[HTTPText.trimmed(octets, value.lowerBound..<end)])
  }

  private static func isJSON(_ type: UnsafeRawBufferPointer) -> Bool {
    HTTPText.equals(type, "application/json") || HTTPText.equals(type, "text/json")
      || ends(type, "+json")
  }

  private static func isText(_ type: UnsafeRawBufferPointer) -> Bool {
    HTTPText.begins(type, "text/") || HTTPText.equals(type, "application/xml")
      || ends(type, "+xml") || HTTPText.equals(type, "application/javascript")
      || HTTPText.equals(type, "application/x-javascript")
      || HTTPText.equals(type, "application/x-www-form-urlencoded")
  }

  private static func ends(_ type: UnsafeRawBufferPointer, _ suffix: StaticString) -> Bool {
    let count = suffix.utf8CodeUnitCount
    guard type.count >= count else { return false }
    return HTTPText.equals(UnsafeRawBufferPointer(rebasing: type[(type.count - count)...]), suffix)
  }

  /// A Fernet token's first octet is 0x80 and the three behind it are zero until the year 2514:
  /// Base64 of that begins "gAAA".
  private static func isFernet(_ body: RawSpan, _ range: Range<Int>) -> Bool {
    guard range.count >= 100 else { return false }
    let word = body.unsafeLoadUnaligned(fromByteOffset: range.lowerBound, as: UInt32.self)
    return UInt32(bigEndian: word) == 0x6741_4141
  }
}
