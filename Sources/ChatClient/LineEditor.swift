/// The line that a user is typing, in a terminal that passes every key on: octets in, what they mean
/// out. It knows the keys that shells know, characters of several octets, and wide ones.
public struct LineEditor: Sendable {
  /// What a key asks for beside a change of the line.
  public enum Outcome: Sendable, Equatable {
    /// Enter.
    case line(String)
    /// Ctrl-C.
    case interrupt
    /// Ctrl-D on an empty line.
    case endOfInput
    /// Ctrl-Z.
    case suspend
    /// Ctrl-L.
    case clearScreen
  }

  public let prompt: String
  private var characters: [Character] = []
  private var cursor = 0
  /// Octets of a character that is not all there.
  private var partial: [UInt8] = []
  private var escape = Escape.none
  private var earlier: [String] = []
  /// Which earlier line is shown; the count of them for the new one.
  private var shown = 0
  private var draft = ""
  private var isPasting = false

  private enum Escape: Equatable {
    case none, started, singleShift
    case sequence([UInt8])
  }

  /// Octets of a line at most: longer messages no server takes.
  private static let mostOctets = 64 << 10
  private static let mostEarlier = 200

  public init(prompt: String = "> ") { self.prompt = prompt }

  public var text: String { String(characters) }
  public var isEmpty: Bool { characters.isEmpty }

  /// Takes what was typed or pasted.
  public mutating func take(_ octets: some Sequence<UInt8>) -> [Outcome] {
    octets.compactMap { take($0) }
  }

  private mutating func take(_ octet: UInt8) -> Outcome? {
    switch escape {
    case .none: break
    case .started:
      escape = octet == 0x5b ? .sequence([]) : octet == 0x4f ? .singleShift : .none
      return nil
    case .singleShift:
      escape = .none
      key([], octet)
      return nil
    case .sequence(let parameters):
      // ECMA-48 section 5.4: parameters, then one octet from 0x40 on.
      if (0x40...0x7e).contains(octet) {
        escape = .none
        key(parameters, octet)
      } else {
        escape = parameters.count < 16 ? .sequence(parameters + [octet]) : .none
      }
      return nil
    }
    if !partial.isEmpty || octet >= 0x80 {
      insert(partOf: octet)
      return nil
    }
    return control(octet)
  }

  private mutating func control(_ octet: UInt8) -> Outcome? {
    switch octet {
    case 0x0a, 0x0d:
      if isPasting {
        // A paste of several lines is one message with spaces, and waits for Enter.
        insert(" ")
        return nil
      }
      return .line(finishLine())
    case 0x03: return .interrupt
    case 0x04:
      if characters.isEmpty { return .endOfInput }
      deleteForward()
    case 0x1a: return .suspend
    case 0x0c: return .clearScreen
    case 0x1b: escape = .started
    case 0x7f, 0x08: deleteBackward()
    case 0x01: cursor = 0
    case 0x05: cursor = characters.count
    case 0x02: cursor = max(cursor - 1, 0)
    case 0x06: cursor = min(cursor + 1, characters.count)
    case 0x0b: characters.removeSubrange(cursor...)
    case 0x15:
      characters.removeSubrange(..<cursor)
      cursor = 0
    case 0x17: deleteWord()
    case 0x10: recall(shown - 1)
    case 0x0e: recall(shown + 1)
    case 0x09: insert(" ")
    case 0x20...0x7e: insert(Character(Unicode.Scalar(octet)))
    default: break
    }
    return nil
  }

  private mutating func key(_ parameters: [UInt8], _ final: UInt8) {
    switch (final, String(decoding: parameters, as: UTF8.self)) {
    case (0x41, _): recall(shown - 1)
    case (0x42, _): recall(shown + 1)
    case (0x43, _): cursor = min(cursor + 1, characters.count)
    case (0x44, _): cursor = max(cursor - 1, 0)
    case (0x48, _), (0x7e, "1"), (0x7e, "7"): cursor = 0
    case (0x46, _), (0x7e, "4"), (0x7e, "8"): cursor = characters.count
    case (0x7e, "3"): deleteForward()
    case (0x7e, "200"): isPasting = true
    case (0x7e, "201"): isPasting = false
    default: break
    }
  }

  /// One octet of a character beyond ASCII; what is ill-formed is left out.
  private mutating func insert(partOf octet: UInt8) {
    if !partial.isEmpty, octet & 0xc0 != 0x80 {
      partial = []
      if octet < 0x80 {
        _ = control(octet)
        return
      }
    }
    partial.append(octet)
    let wanted: Int
    switch partial[0] {
    case 0xc2...0xdf: wanted = 2
    case 0xe0...0xef: wanted = 3
    case 0xf0...0xf4: wanted = 4
    default:
      partial = []
      return
    }
    guard partial.count == wanted else { return }
    let text = String(decoding: partial, as: UTF8.self)
    partial = []
    guard let scalar = text.unicodeScalars.first, scalar != "\u{fffd}",
      TerminalText.escaped(text) == text
    else { return }
    insert(Character(scalar))
  }

  private mutating func insert(_ character: Character) {
    guard text.utf8.count < Self.mostOctets else { return }
    if cursor > 0, !character.isASCII {
      // A combining mark, or the next part of an emoji, makes one character with the one before.
      let joined = String(characters[cursor - 1]) + String(character)
      if joined.count == 1, let one = joined.first {
        characters[cursor - 1] = one
        return
      }
    }
    characters.insert(character, at: cursor)
    cursor += 1
  }

  private mutating func deleteBackward() {
    guard cursor > 0 else { return }
    cursor -= 1
    characters.remove(at: cursor)
  }

  private mutating func deleteForward() {
    guard cursor < characters.count else { return }
    characters.remove(at: cursor)
  }

  private mutating func deleteWord() {
    while cursor > 0, characters[cursor - 1] == " " { deleteBackward() }
    while cursor > 0, characters[cursor - 1] != " " { deleteBackward() }
  }

  private mutating func finishLine() -> String {
    let line = text
    if !line.isEmpty, line != earlier.last { earlier.append(line) }
    if earlier.count > Self.mostEarlier { earlier.removeFirst() }
    characters = []
    cursor = 0
    shown = earlier.count
    draft = ""
    return line
  }

  private mutating func recall(_ index: Int) {
    guard (0...earlier.count).contains(index), index != shown else { return }
    if shown == earlier.count { draft = text }
    shown = index
    characters = Array(index == earlier.count ? draft : earlier[index])
    cursor = characters.count
  }

  /// What takes the line off the terminal, the cursor at the left.
  public static let erasure = "\r\u{1b}[K"

  /// What draws the line in one row of so many columns, and puts the cursor in its place; a part of
  /// a longer line around the cursor.
  public func drawing(columns: Int) -> String {
    let room = max(columns - TerminalText.width(of: prompt) - 1, 1)
    var start = cursor
    var before = 0
    while start > 0 {
      let width = TerminalText.width(of: characters[start - 1])
      // A third of the row is left to what stands behind the cursor.
      guard before + width <= max(room - min(widthBehind, room / 3), 1) else { break }
      before += width
      start -= 1
    }
    var end = cursor
    var behind = 0
    while end < characters.count {
      let width = TerminalText.width(of: characters[end])
      guard before + behind + width <= room else { break }
      behind += width
      end += 1
    }
    var result = Self.erasure + prompt + String(characters[start..<end])
    if behind > 0 { result += "\u{1b}[\(behind)D" }
    return result
  }

  private var widthBehind: Int {
    characters[cursor...].reduce(0) { $0 + TerminalText.width(of: $1) }
  }
}
