/// A word as two halves: for values that are handed on in registers.
extension UInt64 {
  @inlinable
  init(upper: UInt32, lower: UInt32) { self = UInt64(upper) &<< 32 | UInt64(lower) }

  @inlinable var upperHalf: UInt32 {
    get { UInt32(truncatingIfNeeded: self &>> 32) }
    set { self = UInt64(upper: newValue, lower: lowerHalf) }
  }

  @inlinable var lowerHalf: UInt32 {
    get { UInt32(truncatingIfNeeded: self) }
    set { self = UInt64(upper: upperHalf, lower: newValue) }
  }
}
