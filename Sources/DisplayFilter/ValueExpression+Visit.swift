import PacketCore

extension ValueExpression {
  /// Hands each value to `body` until that returns false; the forms that filters use most need no
  /// array for it. Not recursive: the compiler would make a copy of it for every nesting of
  /// closures.
  /// - Returns: False when `body` did.
  func visit(
    _ dissection: borrowing Dissection, _ frame: RawSpan, _ body: (Value) -> Bool
  ) -> Bool {
    switch self {
    case .field(let field): return field.visit(dissection, frame, body)
    case .constant(let value): return body(value)
    case .slice(.field(let field), let ranges):
      return field.visit(dissection, frame) { body($0.cut(ranges, dissection, frame)) }
    default:
      var values: [Value] = []
      append(to: &values, dissection, frame)
      for value in values where !body(value) { return false }
      return true
    }
  }

  /// Appends every value.
  func append(to values: inout [Value], _ dissection: borrowing Dissection, _ frame: RawSpan) {
    switch self {
    case .field(let field):
      _ = field.visit(dissection, frame) {
        values.append($0)
        return true
      }
    case .constant(let value): values.append(value)
    case .arithmetic(let sign, let left, let right, let kind):
      let others = right.values(dissection, frame)
      for one in left.values(dissection, frame) {
        for other in others {
          if let result = sign.apply(one, other, kind, dissection, frame) { values.append(result) }
        }
      }
    case .negate(let operand): values += operand.values(dissection, frame).map(\.negated)
    case .absolute(let operand): values += operand.values(dissection, frame).map(\.magnitude)
    case .octets(let operand, let kind):
      values += operand.values(dissection, frame).map { $0.asOctets(kind) }
    case .slice(let operand, let ranges):
      for value in operand.values(dissection, frame) {
        values.append(value.cut(ranges, dissection, frame))
      }
    case .length(let operand):
      for value in operand.values(dissection, frame) {
        values.append(.number(Int128(value.withOctets(dissection, frame) { $0.byteCount })))
      }
    case .width(let operand, let width):
      values += operand.values(dissection, frame).map { _ in .number(Int128(width)) }
    case .count(let field):
      var count: Int128 = 0
      _ = field.visit(dissection, frame) { _ in
        count += 1
        return true
      }
      if count > 0 { values.append(.number(count)) }
    case .uppercased(let operand):
      for value in operand.values(dissection, frame) {
        values.append(
          value.mapOctets(dissection, frame) { (97...122).contains($0) ? $0 - 32 : $0 })
      }
    case .lowercased(let operand):
      for value in operand.values(dissection, frame) {
        values.append(
          value.mapOctets(dissection, frame) { (65...90).contains($0) ? $0 + 32 : $0 })
      }
    case .text(let operand, let kind):
      values += operand.values(dissection, frame).map { $0.text(kind) }
    case .extreme(let arguments, let largest):
      if let best = extreme(arguments, largest, dissection, frame) { values.append(best) }
    }
  }

  private func values(_ dissection: borrowing Dissection, _ frame: RawSpan) -> [Value] {
    var values: [Value] = []
    append(to: &values, dissection, frame)
    return values
  }

  private func extreme(
    _ arguments: [ValueExpression], _ largest: Bool, _ dissection: borrowing Dissection,
    _ frame: RawSpan
  ) -> Value? {
    var best: Value?
    for argument in arguments {
      let values = argument.values(dissection, frame)
      // As in Wireshark, an argument that the packet has not makes the whole be absent.
      guard !values.isEmpty else { return nil }
      for value in values {
        guard let old = best else {
          best = value
          continue
        }
        let order = value.compare(old, dissection, frame)
        if largest ? order > 0 : order < 0 { best = value }
      }
    }
    return best
  }
}

extension Value {
  var negated: Value {
    switch self {
    case .number(let number): .number(0 &- number)
    case .real(let number): .real(-number)
    default: self
    }
  }

  var magnitude: Value {
    switch self {
    case .number(let number): number < 0 ? negated : self
    case .real(let number): .real(number.magnitude)
    default: self
    }
  }

  /// Below, equal or above zero as this value stands before, with or after the other. Octets
  /// compare octet by octet, a beginning before what it begins.
  func compare(_ other: Value, _ dissection: borrowing Dissection, _ frame: RawSpan) -> Int {
    switch (self, other) {
    case (.number(let one), .number(let two)): return one < two ? -1 : one == two ? 0 : 1
    case (.real(let one), .real(let two)): return one < two ? -1 : one == two ? 0 : 1
    default:
      return withOctets(dissection, frame) { one in
        other.withOctets(dissection, frame) { two in one.compare(two) }
      }
    }
  }

  func asOctets(_ kind: ValueKind) -> Value {
    guard case .number(let number) = self else { return self }
    let bits =
      kind == .ipv6
      ? UInt128(truncatingIfNeeded: number) ^ UInt128(1) << 127
      : UInt128(truncatingIfNeeded: number)
    let count = kind.addressLength
    return .octets(
      (0..<count).map { UInt8(truncatingIfNeeded: bits >> UInt128((count - 1 - $0) * 8)) })
  }

  /// The parts that `ranges` name, one after the other. One that does not lie wholly inside is
  /// left out, as in Wireshark; nothing at all then is a value too, unequal to any other.
  func cut(_ ranges: [SliceRange], _ dissection: borrowing Dissection, _ frame: RawSpan) -> Value {
    if ranges.count == 1, case .place(let whole, let buffer) = self {
      let part = ranges[0].resolve(in: whole.count) ?? 0..<0
      let start = whole.lowerBound + part.lowerBound
      return .place(start..<start + part.count, buffer: buffer)
    }
    return .octets(
      withOctets(dissection, frame) { bytes in
        var octets: [UInt8] = []
        for range in ranges {
          guard let part = range.resolve(in: bytes.byteCount) else { continue }
          octets += [UInt8](bytes.extracting(part))
        }
        return octets
      })
  }

  func mapOctets(
    _ dissection: borrowing Dissection, _ frame: RawSpan, _ change: (UInt8) -> UInt8
  ) -> Value {
    .octets(withOctets(dissection, frame) { [UInt8]($0).map(change) })
  }

  /// The text of a number in decimal, of an address in its usual form.
  func text(_ kind: ValueKind) -> Value {
    guard case .number(let number) = self else { return self }
    var text = TextBuffer(capacity: 64)
    switch kind {
    case .ipv4: text.append(IPv4Address(UInt32(truncatingIfNeeded: number)))
    case .ipv6: text.append(Value.address(number))
    case .mac: text.append(MACAddress(UInt64(truncatingIfNeeded: number)))
    default: return .octets(Array(String(number).utf8))
    }
    return .octets(text.withBytes { [UInt8]($0) })
  }
}

extension Arithmetic {
  /// The result; nil for a division by zero and for what leaves 128 bits.
  func apply(
    _ left: Value, _ right: Value, _ kind: ValueKind, _ dissection: borrowing Dissection,
    _ frame: RawSpan
  ) -> Value? {
    switch (left, right) {
    case (.number(let one), .number(let two)):
      if self == .bitwiseAnd {
        guard kind == .ipv6 else { return .number(one & two) }
        let top = Int128.min
        return .number((one ^ top) & (two ^ top) ^ top)
      }
      guard self != .divide && self != .remainder || two != 0 else { return nil }
      let (result, overflow) =
        switch self {
        case .add: one.addingReportingOverflow(two)
        case .subtract: one.subtractingReportingOverflow(two)
        case .multiply: one.multipliedReportingOverflow(by: two)
        case .divide: one.dividedReportingOverflow(by: two)
        default: one.remainderReportingOverflow(dividingBy: two)
        }
      return overflow ? nil : .number(result)
    case (.real(let one), .real(let two)):
      switch self {
      case .add: return .real(one + two)
      case .subtract: return .real(one - two)
      case .multiply: return .real(one * two)
      case .divide: return two == 0 ? nil : .real(one / two)
      default: return nil
      }
    default:
      guard self == .bitwiseAnd else { return nil }
      return left.withOctets(dissection, frame) { one in
        right.withOctets(dissection, frame) { two in
          // As in Wireshark the shorter decides, counted from the first octet.
          let count = min(one.byteCount, two.byteCount)
          return .octets((0..<count).map { one.octet($0) & two.octet($0) })
        }
      }
    }
  }
}

extension RawSpan {
  /// The octet at `offset`, which is inside.
  func octet(_ offset: Int) -> UInt8 { unsafeLoad(fromByteOffset: offset, as: UInt8.self) }

  /// Below, equal or above zero, octet by octet; a beginning stands before what it begins.
  func compare(_ other: RawSpan) -> Int {
    let count = Swift.min(byteCount, other.byteCount)
    for offset in 0..<count {
      let (one, two) = (octet(offset), other.octet(offset))
      if one != two { return one < two ? -1 : 1 }
    }
    return byteCount < other.byteCount ? -1 : byteCount == other.byteCount ? 0 : 1
  }

  /// Whether `needle` occurs; an empty one does everywhere.
  func contains(_ needle: RawSpan) -> Bool {
    let last = byteCount - needle.byteCount
    guard last >= 0 else { return false }
    guard needle.byteCount > 0 else { return true }
    let first = needle.octet(0)
    for start in 0...last where octet(start) == first {
      var matched = 1
      while matched < needle.byteCount, octet(start &+ matched) == needle.octet(matched) {
        matched &+= 1
      }
      if matched == needle.byteCount { return true }
    }
    return false
  }
}
