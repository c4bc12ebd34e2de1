import PacketCore

/// A regular expression as a table: one row a state, one column a class of octets that the
/// pattern does not tell apart, and two columns for the last newline and the end of the text.
struct PatternAutomaton: Sendable {
  private static let stateLimit = 2048
  private static let cellLimit = 1 << 18
  private static let stepLimit = 1 << 20
  /// The state in which the pattern is fulfilled.
  private static let accept: UInt16 = 0

  /// The column of each octet.
  private let columns: [UInt8]
  private let width: Int
  private let table: [UInt16]
  private let start: UInt16

  private struct State: Hashable {
    var core: [Int]
    var before: Before
  }

  /// - Returns: Nil when the table would be too large or take too long to make.
  init?(_ program: PatternProgram) {
    let columns = Self.columns(program)
    let classes = (columns.max().map { Int($0) } ?? 0) + 1
    let width = classes + 2
    guard width <= 256 else { return nil }
    var sample = [UInt8](repeating: 0, count: classes)
    for octet in UInt8.min...UInt8.max { sample[Int(columns[Int(octet)])] = octet }

    var reached = InstructionSet(count: program.instructions.count)
    var next = InstructionSet(count: program.instructions.count)
    var stack: [Int] = []
    var steps = 0
    let first = State(core: [0], before: program.hasAssertions ? .start : .other)
    var numbers: [State: UInt16] = [first: 1]
    var states = [first]
    var table = [UInt16](repeating: Self.accept, count: width)
    var position = 0
    while position < states.count {
      let state = states[position]
      for column in 0..<width {
        let isEnd = column == classes + 1
        let octet = column < classes ? sample[column] : 10
        let after: After = isEnd ? .end : column == classes ? .finalNewline : After(octet)
        reached.removeAll()
        stack.removeAll(keepingCapacity: true)
        if program.close(
          state.core, state.before, after, into: &reached, stack: &stack, steps: &steps)
        {
          table.append(Self.accept)
          continue
        }
        if isEnd {
          table.append(1)
          continue
        }
        next.removeAll()
        _ = next.insert(0)
        for index in reached.members {
          if case .octet(let set) = program.instructions[index], set.contains(octet) {
            _ = next.insert(index + 1)
          }
        }
        steps &+= reached.members.count
        let target = State(
          core: next.members.sorted(), before: program.hasAssertions ? Before(octet) : .other)
        if let number = numbers[target] {
          table.append(number)
        } else {
          let number = UInt16(states.count + 1)
          guard states.count < Self.stateLimit, table.count < Self.cellLimit,
            steps < Self.stepLimit
          else { return nil }
          numbers[target] = number
          states.append(target)
          table.append(number)
        }
      }
      position += 1
    }
    self.columns = columns
    self.width = width
    self.table = table
    start = 1
  }

  /// Numbers the classes of octets that no instruction and no assertion tells apart.
  private static func columns(_ program: PatternProgram) -> [UInt8] {
    var sets: Set<ByteSet> = []
    for case .octet(let set) in program.instructions { sets.insert(set) }
    if program.hasAssertions {
      sets.insert(.word)
      sets.insert(.newline)
    }
    var columns = [Int](repeating: 0, count: 256)
    for set in sets {
      var numbers: [Int: Int] = [:]
      for octet in 0..<256 {
        let key = columns[octet] * 2 + (set.contains(UInt8(octet)) ? 1 : 0)
        let number = numbers[key] ?? numbers.count
        numbers[key] = number
        columns[octet] = number
      }
    }
    return columns.map { UInt8(truncatingIfNeeded: $0) }
  }

  /// Whether the pattern is found anywhere in `bytes`.
  func matches(_ bytes: RawSpan) -> Bool {
    let count = bytes.byteCount
    var state = start
    var offset = 0
    while offset < count &- 1 {
      let octet = bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
      state = table[Int(state) &* width &+ Int(columns[Int(octet)])]
      if state == Self.accept { return true }
      offset &+= 1
    }
    if count > 0 {
      let octet = bytes.unsafeLoad(fromByteOffset: count &- 1, as: UInt8.self)
      let column = octet == 10 ? width &- 2 : Int(columns[Int(octet)])
      state = table[Int(state) &* width &+ column]
      if state == Self.accept { return true }
    }
    return table[Int(state) &* width &+ width &- 1] == Self.accept
  }
}
