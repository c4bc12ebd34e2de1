import PacketCore

/// A filter as a list of steps with two successors each: the form that runs on every packet.
///
/// Comparisons of fields with a fixed place are steps of plain integers: a scan over the packet's
/// layers, one load, a mask and two compares, without decoding, allocation or reference counting.
/// Everything else is asked of its `FilterTest`.
struct FilterProgram: Sendable {
  private enum Kind: UInt8 {
    /// A fixed-place number in ranges.
    case numbers
    /// A layer of one of some protocols.
    case layers
    /// Anything else, `first` in `tests`.
    case test
    /// An odd number of the programs that begin at `entries`.
    case parity
  }

  private struct Step {
    var kind: Kind
    /// For `numbers` and `all`: every value must pass.
    var wantsAll = false
    var isNegated = false
    /// The first range, held here since most steps have just one.
    var low: UInt64 = 0
    var high: UInt64 = 0
    /// Places in `loads`, `ranges`, `types`, `tests` or `entries`, by kind.
    var first = 0
    var count = 0
    var firstRange = 0
    var rangeCount = 0
    /// Next steps; the two results below.
    var onTrue = 0
    var onFalse = 0
  }

  private static let accept = -1
  private static let reject = -2

  private var steps: [Step] = []
  private var loads: [DirectLoad] = []
  private var ranges: [(low: UInt64, high: UInt64)] = []
  /// A protocol, and the octets of its header that a field needs to be there.
  private var types: [(type: ObjectIdentifier, end: Int)] = []
  private var tests: [FilterTest] = []
  private var entries: [Int] = []
  private var start = accept

  /// - Parameter test: Nil for the empty filter, which every packet passes.
  init(_ test: FilterTest?) {
    guard let test else { return }
    start = compile(test, Self.accept, Self.reject)
  }

  /// Appends the steps of `test` and returns the first; they lead on as told.
  private mutating func compile(_ test: FilterTest, _ onTrue: Int, _ onFalse: Int) -> Int {
    switch test {
    case .and(let parts):
      var next = onTrue
      for part in Self.cheapestFirst(parts).reversed() { next = compile(part, next, onFalse) }
      return next
    case .or(let parts):
      var next = onFalse
      for part in Self.cheapestFirst(parts).reversed() { next = compile(part, onTrue, next) }
      return next
    case .not(let part): return compile(part, onFalse, onTrue)
    case .xor(let parts):
      var starts: [Int] = []
      for part in parts { starts.append(compile(part, Self.accept, Self.reject)) }
      var step = Step(kind: .parity)
      step.first = entries.count
      step.count = starts.count
      entries += starts
      return append(step, onTrue, onFalse)
    default:
      return append(leaf(test), onTrue, onFalse)
    }
  }

  /// The order of questions changes no answer.
  private static func cheapestFirst(_ parts: [FilterTest]) -> [FilterTest] {
    let costs = parts.map(\.cost)
    return parts.indices.sorted { (costs[$0], $0) < (costs[$1], $1) }.map { parts[$0] }
  }

  private mutating func append(_ step: Step, _ onTrue: Int, _ onFalse: Int) -> Int {
    var step = step
    step.onTrue = onTrue
    step.onFalse = onFalse
    steps.append(step)
    return steps.count - 1
  }

  private mutating func leaf(_ test: FilterTest) -> Step {
    switch test {
    case .exists(.field(let field)):
      if let step = layers(field) { return step }
    case .numbers(.field(let field), let wanted, let choice, let kind):
      if let step = numbers(field, wanted, choice, kind) { return step }
    default: break
    }
    var step = Step(kind: .test)
    step.first = tests.count
    tests.append(test)
    return step
  }

  /// The step for the presence of what is in every packet that has the layer.
  private mutating func layers(_ field: BoundField) -> Step? {
    guard field.reader.layers == nil, field.isDirect else { return nil }
    guard field.reader.sources.allSatisfy({ $0.layer != nil }) else { return nil }
    var step = Step(kind: .layers)
    step.first = types.count
    for (position, source) in field.reader.sources.enumerated() {
      guard let layer = source.layer else { continue }
      let end = field.loads[position].map { $0.offset + $0.width } ?? 0
      let type = ObjectIdentifier(layer)
      if let known = types[step.first...].firstIndex(where: { $0.type == type }) {
        types[known].end = min(types[known].end, end)
      } else {
        types.append((type, end))
      }
    }
    step.count = types.count - step.first
    return step
  }

  private mutating func numbers(
    _ field: BoundField, _ wanted: [ClosedRange<Int128>], _ choice: Choice, _ kind: ValueKind
  ) -> Step? {
    guard field.reader.layers == nil else { return nil }
    var direct: [DirectLoad] = []
    for load in field.loads {
      guard let load, load.width <= 8, kind != .boolean || load.mask.nonzeroBitCount == 1 else {
        return nil
      }
      direct.append(load)
    }
    guard !direct.isEmpty else { return nil }
    var step = Step(kind: .numbers)
    step.wantsAll = choice.quantifier == .all
    step.isNegated = choice.isNegated
    step.first = loads.count
    step.count = direct.count
    step.firstRange = ranges.count
    loads += direct
    // What no 64-bit value can be needs no asking.
    for range in wanted where range.upperBound >= 0 && range.lowerBound <= Int128(UInt64.max) {
      ranges.append((UInt64(clamping: range.lowerBound), UInt64(clamping: range.upperBound)))
    }
    step.rangeCount = ranges.count - step.firstRange
    if step.rangeCount > 0 {
      step.low = ranges[step.firstRange].low
      step.high = ranges[step.firstRange].high
    } else {
      step.low = 1  // Empty: no value is in 1...0.
    }
    return step
  }

  // MARK: - Running

  func run(_ dissection: borrowing Dissection, _ frame: RawSpan) -> Bool {
    run(from: start, dissection, frame)
  }

  private func run(from start: Int, _ dissection: borrowing Dissection, _ frame: RawSpan) -> Bool {
    var position = start
    while position >= 0 {
      let step = steps[position]
      let result: Bool
      switch step.kind {
      case .numbers: result = runNumbers(step, dissection, frame)
      case .layers: result = runLayers(step, dissection)
      case .test: result = tests[step.first].holds(dissection, frame)
      case .parity:
        var odd = false
        for entry in entries[step.first..<step.first &+ step.count]
        where run(from: entry, dissection, frame) {
          odd.toggle()
        }
        result = odd
      }
      position = result ? step.onTrue : step.onFalse
    }
    return position == Self.accept
  }

  @inline(__always)
  private func runLayers(_ step: Step, _ dissection: borrowing Dissection) -> Bool {
    let records = dissection.layers
    for index in records.indices {
      let type = ObjectIdentifier(records[index].type)
      for position in step.first..<step.first &+ step.count where types[position].type == type {
        if !records[index].isPart || types[position].end <= Int(records[index].headerLength) {
          return true
        }
      }
    }
    return false
  }

  @inline(__always)
  private func runNumbers(
    _ step: Step, _ dissection: borrowing Dissection, _ frame: RawSpan
  ) -> Bool {
    let records = dissection.layers
    var found = false
    for index in records.indices {
      let type = ObjectIdentifier(records[index].type)
      for position in step.first..<step.first &+ step.count where loads[position].layer == type {
        let load = loads[position]
        let record = records[index]
        let number =
          record.buffer == 0
          ? load.number(frame, record)
          : dissection.withBytes(of: record.buffer, frame: frame) { load.number($0, record) }
        guard let number else { continue }
        found = true
        if isWanted(number, step) != step.isNegated {
          if !step.wantsAll { return true }
        } else if step.wantsAll {
          return false
        }
      }
    }
    return step.wantsAll && found
  }

  @inline(__always)
  private func isWanted(_ number: UInt64, _ step: Step) -> Bool {
    if number >= step.low, number <= step.high { return true }
    return step.rangeCount > 1 && isInRest(number, step)
  }

  /// Binary search over the ranges after the first.
  private func isInRest(_ number: UInt64, _ step: Step) -> Bool {
    var low = step.firstRange &+ 1
    let end = step.firstRange &+ step.rangeCount
    var high = end
    while low < high {
      let middle = (low &+ high) / 2
      if ranges[middle].high < number { low = middle &+ 1 } else { high = middle }
    }
    return low < end && ranges[low].low <= number
  }
}
