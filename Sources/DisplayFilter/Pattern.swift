import PacketCore

/// A compiled regular expression: what `matches` compares with. Case does not count unless the
/// pattern says (?-i), as in Wireshark.
///
/// The pattern is made deterministic beforehand where that stays small, so that matching is one
/// table look-up an octet and allocates nothing; otherwise Thompson's machine runs. Neither goes
/// back, so no text can make it slow.
struct Pattern: Sendable {
  let program: PatternProgram
  private let automaton: PatternAutomaton?

  init(_ text: [UInt8]) throws(Fault) {
    program = try PatternProgram(PatternParser.parse(text))
    automaton = PatternAutomaton(program)
  }

  /// Whether the pattern is found anywhere in `bytes`.
  func matches(_ bytes: RawSpan) -> Bool {
    if let automaton { return automaton.matches(bytes) }
    var steps = 0
    return program.matches(bytes, steps: &steps)
  }

  var isDeterministic: Bool { automaton != nil }
}
