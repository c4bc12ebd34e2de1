/// The spellings of options that tshark takes and the argument parser does not.
enum TsharkSpelling {
  /// Options with one letter that take a value, which may stand against the letter (`-c1000`) and
  /// may begin with a dash.
  private static let valued: Set<Character> = [
    "i", "f", "Y", "w", "r", "c", "a", "b", "T", "e", "E", "t", "O", "s", "B", "F", "Z", "d", "o",
    "z",
  ]
  /// Options with one letter that take none, which may be run together (`-nVx`).
  private static let plain: Set<Character> = ["V", "x", "n", "q", "l", "p", "P", "D", "h", "S"]

  /// Options whose value may be left out: `--conversations` and `--conversations tcp`.
  private static let optional: Set<String> = ["--conversations", "--endpoints"]

  /// Options whose value is text of the user's own, which may look like an option: `--send -hello`.
  private static let verbatim: Set<String> = ["--send", "--name", "--room", "--msg", "--sender"]

  /// Rewrites the arguments after the command's name into `-c 1000` and `-n -V -x`; everything from
  /// `--` on stays.
  static func normalise(_ arguments: [String]) -> [String] {
    var result: [String] = []
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      if argument == "--" {
        result.append(argument)
        result += rest
        return result
      }
      if optional.contains(argument) {
        // The value of its own behind it, but no other word such as the file.
        let isNext = rest.first.map { ConversationKinds(argument: $0) != nil } ?? false
        result.append(argument + "=" + (isNext ? rest.removeFirst() : "all"))
        continue
      }
      guard argument.hasPrefix("-"), !argument.hasPrefix("--"), argument.count > 2 else {
        result.append(argument)
        if verbatim.contains(argument), let value = rest.popFirst() { result.append(value) }
        continue
      }
      result += separated(argument)
    }
    return result
  }

  private static func separated(_ argument: String) -> [String] {
    var result: [String] = []
    var letters = argument.dropFirst()
    while let letter = letters.popFirst() {
      if valued.contains(letter) {
        result.append("-\(letter)")
        if !letters.isEmpty { result.append(String(letters)) }
        return result
      }
      guard plain.contains(letter) else { return [argument] }
      result.append("-\(letter)")
    }
    return result
  }
}
