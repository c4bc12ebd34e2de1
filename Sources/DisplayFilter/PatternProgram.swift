import PacketCore

/// A regular expression as instructions of Thompson's machine, which follows all ways through the
/// pattern at once: the time is at most instructions × octets, whatever either of them says.
struct PatternProgram: Sendable {
  enum Instruction: Sendable {
    /// One octet of the set, then the next instruction.
    case octet(ByteSet)
    case assertion(PatternAssertion)
    case jump(Int)
    case fork(Int, Int)
    case match
  }

  /// Instructions of the largest program.
  static let sizeLimit = 8192

  private(set) var instructions: [Instruction] = []
  /// Whether the places between octets matter.
  private(set) var hasAssertions = false

  init(_ tree: PatternSyntax) throws(Fault) {
    guard tree.size < Self.sizeLimit else {
      throw Fault(
        "The regular expression is too large: its repetitions make more than "
          + "\(Self.sizeLimit) states.")
    }
    emit(tree)
    instructions.append(.match)
  }

  private mutating func emit(_ tree: PatternSyntax) {
    switch tree {
    case .empty: break
    case .octet(let set): instructions.append(.octet(set))
    case .assertion(let assertion):
      hasAssertions = true
      instructions.append(.assertion(assertion))
    case .sequence(let parts): for part in parts { emit(part) }
    case .choice(let parts):
      var jumps: [Int] = []
      for part in parts.dropLast() {
        let fork = reserve()
        emit(part)
        jumps.append(reserve())
        instructions[fork] = .fork(fork + 1, instructions.count)
      }
      if let last = parts.last { emit(last) }
      for jump in jumps { instructions[jump] = .jump(instructions.count) }
    case .repeated(let part, let least, let most):
      guard part.size > 0 else { return }
      for _ in 0..<least { emit(part) }
      guard let most else {
        let fork = reserve()
        emit(part)
        instructions.append(.jump(fork))
        instructions[fork] = .fork(fork + 1, instructions.count)
        return
      }
      var forks: [Int] = []
      for _ in least..<most {
        forks.append(reserve())
        emit(part)
      }
      for fork in forks { instructions[fork] = .fork(fork + 1, instructions.count) }
    }
  }

  private mutating func reserve() -> Int {
    instructions.append(.match)
    return instructions.count - 1
  }
}

/// A set of instructions in the order of their adding, emptied at no cost.
struct InstructionSet {
  private(set) var members: [Int] = []
  private var marks: [UInt32]
  private var mark: UInt32 = 1

  init(count: Int) {
    marks = Array(repeating: 0, count: count)
    members.reserveCapacity(count)
  }

  mutating func insert(_ index: Int) -> Bool {
    guard marks[index] != mark else { return false }
    marks[index] = mark
    members.append(index)
    return true
  }

  mutating func removeAll() {
    members.removeAll(keepingCapacity: true)
    mark &+= 1
    if mark == 0 {
      for index in marks.indices { marks[index] = 0 }
      mark = 1
    }
  }
}

extension PatternProgram {
  /// Adds to `reached` all that can be reached from `core` at a place between two octets.
  ///
  /// - Parameters:
  ///   - stack: Scratch.
  ///   - steps: Counts instructions looked at.
  /// - Returns: Whether the pattern is fulfilled there.
  func close(
    _ core: some Sequence<Int>, _ before: Before, _ after: After,
    into reached: inout InstructionSet,
    stack: inout [Int], steps: inout Int
  ) -> Bool {
    for start in core {
      stack.append(start)
      while let index = stack.popLast() {
        guard reached.insert(index) else { continue }
        steps &+= 1
        switch instructions[index] {
        case .octet: break
        case .match: return true
        case .jump(let target): stack.append(target)
        case .fork(let one, let other):
          stack.append(other)
          stack.append(one)
        case .assertion(let assertion):
          if assertion.holds(before, after) { stack.append(index + 1) }
        }
      }
    }
    return false
  }

  /// Whether the pattern is found anywhere in `bytes`.
  func matches(_ bytes: RawSpan, steps: inout Int) -> Bool {
    var reached = InstructionSet(count: instructions.count)
    var core = InstructionSet(count: instructions.count)
    var stack: [Int] = []
    var before = Before.start
    let count = bytes.byteCount
    var offset = 0
    while true {
      _ = core.insert(0)  // The pattern may begin at any octet.
      let octet = offset < count ? bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self) : 0
      var after = offset < count ? After(octet) : .end
      if after == .newline, offset == count - 1 { after = .finalNewline }
      reached.removeAll()
      stack.removeAll(keepingCapacity: true)
      if close(core.members, before, after, into: &reached, stack: &stack, steps: &steps) {
        return true
      }
      guard offset < count else { return false }
      core.removeAll()
      for index in reached.members {
        if case .octet(let set) = instructions[index], set.contains(octet) {
          _ = core.insert(index + 1)
        }
      }
      before = Before(octet)
      offset += 1
    }
  }
}
