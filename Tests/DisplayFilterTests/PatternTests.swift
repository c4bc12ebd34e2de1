import PacketCore
import Testing

@testable import DisplayFilter

/// The regular expressions of `matches`.
@Suite struct PatternTests {
  static let table: [(String, String, Bool)] = [
    ("", "", true), ("", "x", true), ("abc", "xABCx", true), ("(?-i)abc", "xABCx", false),
    ("(?-i:a)b", "aB", true), ("(?-i:a)b", "Ab", false), ("a(?-i)b|c", "AC", false),
    ("a.c", "abc", true), ("a.c", "a\nc", false), ("(?s)a.c", "a\nc", true),
    ("^abc$", "abc", true), ("^abc$", "abc\n", true), ("^abc$", "abc\n\n", false),
    ("^abc\\z", "abc\n", false), ("^abc\\Z", "abc\n", true), ("abc$\\n", "abc\n", true),
    ("^b", "a\nb", false), ("(?m)^b", "a\nb", true), ("(?m)a$", "a\nb", true),
    ("a$", "a\nb", false),
    ("(?m)^$", "a\n", false), ("\\Ab", "a\nb", false),
    ("[a-c]+\\d{2,3}$", "xcab123", true), ("^\\d{2,3}$", "1234", false), ("^\\d{2}$", "12", true),
    ("^\\d{2,}$", "12345", true), ("^a{0}b$", "b", true), ("a{,3}", "a{,3}", true),
    ("x{", "x{", true),
    ("[^a]", "A", false), ("[^a]", "b", true), ("[]a]", "]", true), ("[^]]", "]", false),
    ("[a\\]]", "]", true), ("[a-]", "-", true), ("[\\d-z]", "-", true), ("[[:alpha:]]", "1", false),
    ("[[:^alpha:]]", "1", true), ("[[:xdigit:]]{4}", "beEf", true), ("[[:alpha]", "[", true),
    ("\\bfoo\\b", "a foo b", true), ("\\bfoo\\b", "afoo b", false), ("\\Boo", "foo", true),
    ("\\Bfoo", "foo", false), ("\\w\\W\\w", "a b", true), ("\\s\\S", " x", true),
    ("\\D", "1", false),
    ("\\x41\\x{42}\\t", "ab\t", true), ("\\0", "a\u{0}b", true), ("\\101", "a", true),
    ("a|b|", "zzz", true), ("^(a|b)*$", "abba", true), ("^(a|b)*$", "abca", false),
    ("^(?:ab)+?$", "abab", true), ("^(ab)??$", "", true), ("(a*)*b", "aaab", true),
    ("(a*)*$", "", true), ("(|a)+b", "b", true), ("\\Qa.b\\E.", "a.bc", true),
    ("\\Qa.b", "axb", false),
    ("(?<name>a)(?P<other>b)", "ab", true), ("a(?#comment)b", "ab", true), ("\\.", ".", true),
    ("\\.", "x", false), ("GET|POST", "xpostx", true), ("^(?i)a", "A", true),
    ("[\\b]", "\u{8}", true),
    ("\\ca", "\u{1}", true), ("a\\/b", "a/b", true), ("é", "é", true),
  ]

  @Test(arguments: table)
  func matches(_ row: (String, String, Bool)) throws {
    let pattern = try Pattern(Array(row.0.utf8))
    let octets = Array(row.1.utf8)
    #expect(pattern.isFound(in: octets) == row.2)
    #expect(pattern.program.steps(on: octets).isFound == row.2, "by the machine")
  }

  static let faults: [(String, String)] = [
    ("(", "missing closing parenthesis"), (")", "unmatched closing parenthesis"),
    ("[", "missing terminating ] for character class"), ("[]", "missing terminating ]"),
    ("*", "quantifier does not follow a repeatable item"), ("a**", "quantifier does not follow"),
    ("a{3,2}", "numbers out of order in {} quantifier"), ("a{70000}", "number too big"),
    ("[b-a]", "range out of order in character class"), ("\\", "\\ at end of pattern"),
    ("(a)\\1", "a back-reference is not supported"),
    ("(?P=n)", "a back-reference is not supported"),
    ("(?!a)", "look-ahead is not supported"), ("(?<=a)", "look-behind is not supported"),
    ("(?>a)", "an atomic group is not supported"), ("a++", "a possessive quantifier is not"),
    ("\\p{L}", "\\p is not supported"), ("[[:foo:]]", "unknown POSIX class name"),
    ("(?z)", "unrecognized character after (?"), ("\\y", "unrecognized character follows \\"),
    ("(*ACCEPT)", "verbs such as"), ("\\x{100}", "is too large"),
  ]

  @Test(arguments: faults)
  func refuses(_ row: (String, String)) {
    #expect(Self.fault(row.0)?.contains(row.1) == true, "\(Self.fault(row.0) ?? "accepted")")
  }

  static func fault(_ text: String) -> String? {
    do throws(Fault) {
      _ = try Pattern(Array(text.utf8))
      return nil
    } catch {
      return error.message
    }
  }

  /// Steps, not seconds: at most the program's instructions for each octet and the end.
  @Test(arguments: [
    "(a*)*b", "(a|a)*b", "(a|aa)+b", "(.*)(.*)(.*)(.*)(.*)b", "(a?){50}a{50}b", "((a+)+)+b",
    "(a|b|ab)*c", "(.*a){20}b", "^(\\w+\\s?)*$!", "(a{1,20}){1,20}b",
  ])
  func hostilePatternsAreLinear(_ text: String) throws {
    let program = try Pattern(Array(text.utf8)).program
    let octets = [UInt8](repeating: 97, count: 2000)
    let (isFound, steps) = program.steps(on: octets)
    #expect(!isFound)
    #expect(steps <= program.instructions.count * (octets.count + 1))
  }

  @Test func largePatternsStayMachines() throws {
    // Its table would have 2^20 states.
    let pattern = try Pattern(Array("(a|b)*a(a|b){20}c".utf8))
    let isDeterministic = pattern.isDeterministic
    #expect(!isDeterministic)
    let octets = Array(("ba" + String(repeating: "b", count: 20) + "c").utf8)
    let isFound = pattern.isFound(in: octets)
    #expect(isFound)
    #expect(try Pattern(Array("GET|POST".utf8)).isDeterministic)
  }

  /// The engine agrees with sets of ends, worked out from the pattern's own tree.
  @Test func agreesWithTheOracle() throws {
    var random = Seeded(seed: .random(in: 0...UInt64.max))
    print("pattern seed \(random.seed)")
    for _ in 0..<4000 {
      let tree = Oracle.random(depth: 4, &random)
      let text = "(?-i)" + tree.text
      let pattern = try Pattern(Array(text.utf8))
      for _ in 0..<6 {
        let octets = (0..<Int.random(in: 0...7, using: &random)).map { _ in
          Oracle.alphabet[Int.random(in: 0..<Oracle.alphabet.count, using: &random)]
        }
        let expected = tree.isFound(in: octets)
        #expect(pattern.isFound(in: octets) == expected, "\(text) on \(octets)")
        #expect(
          pattern.program.steps(on: octets).isFound == expected, "machine: \(text) on \(octets)")
      }
    }
  }

  @Test func noPatternTraps() {
    var random = Seeded(seed: .random(in: 0...UInt64.max))
    print("pattern text seed \(random.seed)")
    let pieces = Array("ab(()[]{}*+?|\\.^$-:#=!<>,0129PQEdwsxbi\n".utf8) + [0, 200, 255]
    for _ in 0..<20_000 {
      let text = (0..<Int.random(in: 0...14, using: &random)).map { _ in
        pieces[Int.random(in: 0..<pieces.count, using: &random)]
      }
      guard let pattern = try? Pattern(text) else { continue }
      let octets: [UInt8] = [97, 98, 10, 0, 255, 10]
      #expect(
        pattern.isFound(in: octets) == pattern.program.steps(on: octets).isFound, "\(text)")
    }
  }
}

extension Pattern {
  fileprivate func isFound(in octets: [UInt8]) -> Bool { matches(octets.span.bytes) }
}

extension PatternProgram {
  fileprivate func steps(on octets: [UInt8]) -> (isFound: Bool, steps: Int) {
    var steps = 0
    return (matches(octets.span.bytes, steps: &steps), steps)
  }
}

/// A regular expression that is matched the slow, obvious way.
indirect enum Oracle {
  case octets([UInt8], isInverted: Bool)
  case any, start, end, boundary, notBoundary
  case sequence([Oracle])
  case choice([Oracle])
  case repeated(Oracle, Int, Int?)

  static let alphabet: [UInt8] = [97, 98, 45, 10]

  static func random(depth: Int, _ random: inout Seeded) -> Oracle {
    let roll = Int.random(in: 0..<(depth > 0 ? 14 : 8), using: &random)
    switch roll {
    case 0...3: return .octets([alphabet[roll]], isInverted: false)
    case 4: return .octets([97, 45], isInverted: Bool.random(using: &random))
    case 5: return .any
    case 6: return Bool.random(using: &random) ? .start : .end
    case 7: return Bool.random(using: &random) ? .boundary : .notBoundary
    case 8...10:
      return .sequence(
        (0..<Int.random(in: 0...3, using: &random)).map { _ in
          self.random(depth: depth - 1, &random)
        })
    case 11:
      return .choice(
        (0..<Int.random(in: 1...3, using: &random)).map { _ in
          self.random(depth: depth - 1, &random)
        })
    default:
      let least = Int.random(in: 0...2, using: &random)
      let most = Bool.random(using: &random) ? nil : least + Int.random(in: 0...2, using: &random)
      return .repeated(self.random(depth: depth - 1, &random), least, most)
    }
  }

  var text: String {
    switch self {
    case .octets(let octets, let isInverted):
      let inner = octets.map { $0 == 10 ? "\\n" : $0 == 45 ? "\\-" : String(UnicodeScalar($0)) }
        .joined()
      return octets.count == 1 && !isInverted ? inner : "[" + (isInverted ? "^" : "") + inner + "]"
    case .any: return "."
    case .start: return "^"
    case .end: return "$"
    case .boundary: return "\\b"
    case .notBoundary: return "\\B"
    case .sequence(let parts): return "(?:" + parts.map(\.text).joined() + ")"
    case .choice(let parts): return "(" + parts.map(\.text).joined(separator: "|") + ")"
    case .repeated(let part, let least, let most):
      return "(?:\(part.text)){\(least),\(most.map(String.init) ?? "")}"
    }
  }

  func isFound(in octets: [UInt8]) -> Bool {
    (0...octets.count).contains { !ends(octets, [$0]).isEmpty }
  }

  /// Where the pattern can end when it begins at one of `starts`.
  private func ends(_ octets: [UInt8], _ starts: Set<Int>) -> Set<Int> {
    func isWord(_ index: Int) -> Bool {
      octets.indices.contains(index) && (97...122).contains(octets[index])
    }
    switch self {
    case .octets(let wanted, let isInverted):
      return Set(
        starts.filter { $0 < octets.count && wanted.contains(octets[$0]) != isInverted }
          .map { $0 + 1 })
    case .any: return Set(starts.filter { $0 < octets.count && octets[$0] != 10 }.map { $0 + 1 })
    case .start: return starts.intersection([0])
    case .end:
      return starts.filter {
        $0 == octets.count || $0 == octets.count - 1 && octets[$0] == 10
      }
    case .boundary: return starts.filter { isWord($0 - 1) != isWord($0) }
    case .notBoundary: return starts.filter { isWord($0 - 1) == isWord($0) }
    case .sequence(let parts): return parts.reduce(starts) { $1.ends(octets, $0) }
    case .choice(let parts):
      return parts.reduce(into: Set()) { $0.formUnion($1.ends(octets, starts)) }
    case .repeated(let part, let least, let most):
      var places = starts
      for _ in 0..<least { places = part.ends(octets, places) }
      var all = places
      var rounds = 0
      while rounds < most.map({ $0 - least }) ?? .max {
        places = part.ends(octets, places)
        let fresh = places.subtracting(all)
        all.formUnion(places)
        if fresh.isEmpty { break }
        rounds += 1
      }
      return all
    }
  }
}
