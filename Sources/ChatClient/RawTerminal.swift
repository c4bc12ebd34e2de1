import Glibc

/// A terminal that passes every key on at once and shows none by itself, for as long as it is taken.
public struct RawTerminal: ~Copyable {
  private let descriptor: Int32
  private let original: termios
  private var isTaken = false

  /// - Returns: Nil when the descriptor is no terminal.
  public init?(_ descriptor: Int32) {
    var settings = termios()
    guard tcgetattr(descriptor, &settings) == 0 else { return nil }
    self.descriptor = descriptor
    original = settings
  }

  deinit { if isTaken { Self.set(descriptor, original) } }

  /// Takes the terminal: no line editing, no echo, Ctrl-C and Ctrl-Z are keys. Output stays as it is.
  public mutating func take() {
    guard !isTaken else { return }
    var raw = original
    raw.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG | IEXTEN)
    raw.c_iflag &= ~tcflag_t(IXON)
    withUnsafeMutableBytes(of: &raw.c_cc) { characters in
      characters[Int(VMIN)] = 1
      characters[Int(VTIME)] = 0
    }
    Self.set(descriptor, raw)
    isTaken = true
  }

  /// Gives it back as it was found.
  public mutating func giveBack() {
    guard isTaken else { return }
    isTaken = false
    Self.set(descriptor, original)
  }

  private static func set(_ descriptor: Int32, _ settings: termios) {
    var settings = settings
    while tcsetattr(descriptor, TCSADRAIN, &settings) != 0, errno == EINTR {}
  }
}
