import PacketCore

/// A protocol's name as two words: of what length it is nobody can predict, and asking would cost more than
/// writing sixteen octets.
struct WrittenName {
  let name: StaticString
  let count: Int
  /// The first character lowest.
  private var first: UInt64 = 0
  private var second: UInt64 = 0

  init(_ name: StaticString) {
    self.name = name
    count = name.utf8CodeUnitCount
    name.withUTF8Buffer { octets in
      for (index, octet) in octets.prefix(16).enumerated() {
        if index < 8 {
          first |= UInt64(octet) << UInt64(index * 8)
        } else {
          second |= UInt64(octet) << UInt64(index * 8 - 64)
        }
      }
    }
  }

  /// Whether it is this literal; another with the same characters may be another.
  @inline(__always)
  func `is`(_ other: StaticString) -> Bool {
    name.utf8Start == other.utf8Start && count == other.utf8CodeUnitCount
  }

  @inline(__always)
  func write(to cursor: inout TextCursor) {
    if _slowPath(count > 16) { return cursor.write(name) }
    cursor.write(first, second, columns: count)
  }
}

/// What packets are called in the Protocol column before their info is written: as the last packet that the
/// same layer named. A layer nearly always has one name; what it says in the end decides.
struct ExpectedNames {
  private static let bits: UInt64 = 5
  private var names: [WrittenName]

  init() { names = Array(repeating: WrittenName("TCP"), count: 1 << Int(Self.bits)) }

  /// Where the name stands that is expected of a packet.
  @inline(__always)
  func place(_ dissection: borrowing Dissection) -> Int {
    let messages = dissection.messages.count
    let index = messages == 0 ? dissection.speaker : dissection.messages[messages &- 1].speaker
    guard index < dissection.layers.count else { return 0 }
    let type = UInt64(UInt(bitPattern: ObjectIdentifier(dissection.layers[index].type)))
    return Int(truncatingIfNeeded: (type &* 0x9E37_79B9_7F4A_7C15) &>> (64 &- Self.bits))
  }

  @inline(__always)
  subscript(place: Int) -> WrittenName {
    get { names[place] }
    set { names[place] = newValue }
  }
}
