import PacketCore

/// What stands in an Ethernet frame behind the data: padding to the shortest length allowed, a
/// trailer that something on the way added, and the frame check sequence where the capture kept
/// it. All places count from the first octet of the layer asked for.
///
/// No field of the frame says which is which. Zeros up to the shortest frame are padding; four
/// last octets of a frame of 64 octets or more are taken for the check sequence, as IEEE 802.3
/// 3.2.9 would have it, since captures either keep it on every frame or on none.
struct FrameTail {
  var padding: Range<Int>
  var trailer: Range<Int>
  var frameCheckSequence: Range<Int>

  /// Shortest frame, without and with its check sequence. IEEE 802.3 4.4.2.
  private static let shortest = 60
  private static let shortestWithCheck = 64

  /// Nil where nothing stands behind the data, or where the data's own end is not known.
  init?(behind record: LayerRecord, _ bytes: RawSpan, _ dissection: borrowing Dissection) {
    guard record.buffer == 0, !record.isQuoted, record.missing == 0,
      let frame = dissection.layers.first
    else { return nil }
    let end = frame.payload.upperBound
    let isEthernet = record.is(Ethernet.self)
    var dataEnd = record.payload.upperBound
    // 802.3 says its own length; Ethernet II leaves it to what it carries.
    if dataEnd >= end {
      guard
        let next = dissection.layers.first(where: {
          $0.buffer == 0 && $0.start >= record.payload.lowerBound && !$0.is(Ethernet.self)
            && !$0.is(VLAN.self) && !$0.is(ProviderBridge.self) && $0.headerLength > 0
        })
      else { return nil }
      dataEnd = next.range.upperBound
    }
    guard dataEnd < end, end <= bytes.byteCount else { return nil }
    let start = Int(record.start)
    var cursor = dataEnd
    let zerosEnd = min(end, Self.shortest)
    if cursor < zerosEnd,
      (cursor..<zerosEnd).allSatisfy({ bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) == 0 })
    {
      cursor = zerosEnd
    }
    let hasCheck = end &- cursor >= 4 && end >= Self.shortestWithCheck
    let trailerEnd = hasCheck ? end &- 4 : end
    let isTagged = isEthernet && dissection.layers.contains { $0.is(VLAN.self) }
    padding = dataEnd &- start..<cursor &- start
    // Behind a VLAN tag the trailer is the tag's: `vlan.trailer`.
    trailer = cursor &- start..<(isTagged ? cursor : trailerEnd) &- start
    frameCheckSequence = trailerEnd &- start..<end &- start
  }
}
