/// Text that strangers wrote, made fit for a terminal.
public enum TerminalText {
  /// The text on one line: control characters as `\n`, `\x1b` or `\u{202e}`, so that nobody drives
  /// another's terminal; so too what changes the writing direction or begins a new line.
  public static func escaped(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isDangerous) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      guard isDangerous(scalar) else {
        result.unicodeScalars.append(scalar)
        continue
      }
      switch scalar.value {
      case 9: result += "\\t"
      case 10: result += "\\n"
      case 13: result += "\\r"
      case ..<0x80: result += "\\x" + hexadecimal(scalar.value, digits: 2)
      default: result += "\\u{" + hexadecimal(scalar.value, digits: 4) + "}"
      }
    }
    return result
  }

  /// C0, DEL and C1 controls; separators of lines; marks, embeddings and isolates of the writing
  /// direction; characters that no terminal shows and that tell two names apart that look the same.
  private static func isDangerous(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case ..<0x20, 0x7f...0x9f: true
    case 0x061c, 0x200b, 0x200e, 0x200f, 0x2028...0x202e, 0x2060...0x206f, 0xfeff: true
    case 0xfff9...0xfffb, 0xe0000...0xe007f: true
    default: false
    }
  }

  private static func hexadecimal(_ value: UInt32, digits: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(digits - text.count, 0)) + text
  }

  /// Columns that a terminal gives to a character: a wide one two, a mark alone none.
  public static func width(of character: Character) -> Int {
    var width = 0
    for scalar in character.unicodeScalars {
      width = max(width, Self.width(of: scalar))
      // U+FE0F asks for the emoji form, which is wide.
      if scalar.value == 0xfe0f { width = 2 }
    }
    return width
  }

  public static func width(of text: String) -> Int {
    text.reduce(0) { $0 + width(of: $1) }
  }

  /// East Asian Width W and F take two columns, combining marks none.
  private static func width(of scalar: Unicode.Scalar) -> Int {
    switch scalar.value {
    case 0x0300...0x036f, 0x0483...0x0489, 0x0591...0x05bd, 0x064b...0x065f, 0x200c, 0x200d,
      0x20d0...0x20ff, 0xfe00...0xfe0f, 0xfe20...0xfe2f:
      0
    case 0x1100...0x115f, 0x2e80...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f,
      0xff00...0xff60, 0xffe0...0xffe6, 0x1f300...0x1faff, 0x20000...0x3fffd:
      2
    default: 1
    }
  }

  /// The text in lines of at most so many columns, the later ones indented, so that no message can
  /// pass for a line of another kind by filling up its own.
  ///
  /// - Parameters:
  ///   - width: Columns; nil for one line however long.
  ///   - indent: Columns before the second line and those after it.
  public static func wrapped(_ text: String, width: Int?, indent: Int) -> [String] {
    guard let width, width > indent + 1, Self.width(of: text) > width else { return [text] }
    let margin = String(repeating: " ", count: indent)
    var lines: [String] = []
    var line = ""
    var columns = 0
    /// The end of the last space, where a line may end, and the columns before it.
    var space: (end: String.Index, columns: Int)?
    for character in text {
      let taken = Self.width(of: character)
      if columns + taken > width {
        var rest = ""
        if let space, !line[..<space.end].allSatisfy({ $0 == " " }) {
          rest = String(line[space.end...])
          line = String(line[..<space.end])
        }
        lines.append(line)
        line = margin + rest
        columns = indent + Self.width(of: rest)
        space = nil
      }
      line.append(character)
      columns += taken
      if character == " ", columns > indent { space = (line.endIndex, columns) }
    }
    lines.append(line)
    return lines
  }
}
