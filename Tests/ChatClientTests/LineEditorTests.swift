import ChatClient
import Testing

@Suite struct LineEditorTests {
  /// What was typed, with | for the cursor.
  private func line(_ typed: String...) -> String {
    var editor = LineEditor(prompt: "")
    for text in typed { _ = editor.take(text.utf8) }
    let text = editor.text
    _ = editor.take("\u{1}\u{b}".utf8)
    return text
  }

  private static let left = "\u{1b}[D"
  private static let right = "\u{1b}[C"
  private static let backspace = "\u{7f}"

  @Test func keys() {
    #expect(line("hello") == "hello")
    #expect(line("hello", Self.backspace) == "hell")
    #expect(line("héllo日本", Self.backspace, Self.backspace, Self.backspace) == "héll")
    #expect(line("ac", Self.left, "b") == "abc")
    #expect(line("abc", Self.left, Self.left, Self.backspace) == "bc")
    #expect(line("abc", "\u{1}", "x") == "xabc")
    #expect(line("abc", "\u{1b}[H", "x", "\u{1b}[F", "y") == "xabcy")
    #expect(line("abc", "\u{1b}OH", "x", "\u{1b}OF", "y") == "xabcy")
    #expect(line("abc", "\u{1}", "\u{1b}[3~") == "bc")
    #expect(line("abc", "\u{1}", "\u{4}") == "bc")
    #expect(line("abc", Self.left, "\u{b}") == "ab")
    #expect(line("abc", Self.left, "\u{15}") == "c")
    #expect(line("one two  ", "\u{17}") == "one ")
    #expect(line(Self.backspace, Self.left, Self.right, "\u{1b}[3~", "a") == "a")
    // Keys that nobody knows leave no rubbish.
    #expect(line("\u{1b}[15~", "\u{1b}[1;5C", "a", "\u{1b}OP", "\u{0}\u{7}b") == "ab")
    #expect(line("a\tb") == "a b")
  }

  @Test func aCharacterOfSeveralScalarsIsOne() {
    #expect(line("👨‍👩‍👧", Self.backspace) == "")
    #expect(line("e\u{301}x", Self.backspace, Self.backspace) == "")
    #expect(line("🇩🇪", Self.backspace) == "")
  }

  @Test func illFormedOctetsAreLeftOut() {
    var editor = LineEditor()
    _ = editor.take([0x61, 0xff, 0x62, 0xc3, 0x63, 0x80, 0xed, 0xa0, 0x80, 0x64] as [UInt8])
    #expect(editor.text == "abcd")
    // A character may come in pieces.
    for octet in Array("ß".utf8) { _ = editor.take([octet]) }
    #expect(editor.text == "abcdß")
    // What turns the line around is no key.
    _ = editor.take("\u{202e}\u{9b}".utf8)
    #expect(editor.text == "abcdß")
  }

  @Test func outcomes() {
    var editor = LineEditor()
    #expect(editor.take("hi\r".utf8) == [.line("hi")])
    #expect(editor.isEmpty)
    #expect(editor.take("a\nb\n".utf8) == [.line("a"), .line("b")])
    #expect(editor.take([3, 26, 12] as [UInt8]) == [.interrupt, .suspend, .clearScreen])
    #expect(editor.take([4] as [UInt8]) == [.endOfInput])
    #expect(editor.take("a\u{4}".utf8) == [])
  }

  @Test func aPasteOfLinesIsOneMessage() {
    var editor = LineEditor()
    #expect(
      editor.take("\u{1b}[200~one\r\ntwo\u{3}\u{1b}[201~".utf8).contains(.line("one")) == false)
    #expect(editor.text.hasPrefix("one"))
    #expect(editor.text.hasSuffix("two"))
  }

  @Test func earlierLinesComeBack() {
    var editor = LineEditor()
    _ = editor.take("one\rtwo\rdraft".utf8)
    _ = editor.take("\u{1b}[A".utf8)
    #expect(editor.text == "two")
    _ = editor.take("\u{1b}[A\u{1b}[A\u{1b}[A".utf8)
    #expect(editor.text == "one")
    _ = editor.take("\u{1b}[B\u{1b}[B".utf8)
    #expect(editor.text == "draft")
    _ = editor.take("\u{1b}[B".utf8)
    #expect(editor.text == "draft")
  }

  @Test func drawsInOneRow() {
    var editor = LineEditor(prompt: "> ")
    _ = editor.take("hello".utf8)
    #expect(editor.drawing(columns: 20) == "\r\u{1b}[K> hello")
    _ = editor.take("\u{1b}[D\u{1b}[D".utf8)
    #expect(editor.drawing(columns: 20) == "\r\u{1b}[K> hello\u{1b}[2D")
    var wide = LineEditor(prompt: "> ")
    _ = wide.take("日本\u{1b}[D".utf8)
    #expect(wide.drawing(columns: 20) == "\r\u{1b}[K> 日本\u{1b}[2D")
  }

  /// However long the line and wherever the cursor, a drawing stays in its row.
  @Test func aLongLineStaysInItsRow() {
    let seed = UInt64.random(in: 0 ... .max)
    var numbers = Numbers(seed)
    let pieces = ["a", "日", "é", " ", "👨‍👩‍👧", "\u{1b}[D", "\u{1b}[C", "\u{7f}", "\u{1}", "\u{5}"]
    for columns in [1, 4, 10, 40, 80] {
      var editor = LineEditor()
      for _ in 0..<300 {
        _ = editor.take(pieces[Int(numbers.next() % UInt64(pieces.count))].utf8)
        var shown = editor.drawing(columns: columns).dropFirst(LineEditor.erasure.count)
        if shown.last == "D", let escape = shown.lastIndex(of: "\u{1b}") {
          shown = shown[..<escape]
        }
        let width = TerminalText.width(of: String(shown))
        #expect(width < max(columns, 5), "seed \(seed): \(shown)")
      }
    }
  }
}

@Suite struct TerminalTextTests {
  @Test(
    arguments: zip(
      [
        "plain", "\u{1b}[2J", "a\nb\r\tc", "\u{7}\u{7f}\u{0}", "\u{9b}31m", "\u{202e}abc\u{2066}",
        "\u{2028}\u{85}", "\u{feff}\u{200b}", "😀 é 日本", "\u{e0041}",
      ],
      [
        "plain", "\\x1b[2J", "a\\nb\\r\\tc", "\\x07\\x7f\\x00", "\\u{009b}31m",
        "\\u{202e}abc\\u{2066}", "\\u{2028}\\u{0085}", "\\u{feff}\\u{200b}", "😀 é 日本",
        "\\u{e0041}",
      ]))
  func nobodyDrivesAnothersTerminal(_ text: String, _ escaped: String) {
    #expect(TerminalText.escaped(text) == escaped)
  }

  /// Of all scalars, none that moves the cursor passes.
  @Test func noControlPasses() {
    for value in UInt32(0)...0x3000 {
      guard let scalar = Unicode.Scalar(value) else { continue }
      let escaped = TerminalText.escaped(String(Character(scalar)))
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator: #expect(escaped.first == "\\")
      default: break
      }
    }
  }

  @Test func widths() {
    #expect(TerminalText.width(of: "abc") == 3)
    #expect(TerminalText.width(of: "日本") == 4)
    #expect(TerminalText.width(of: "e\u{301}") == 1)
    #expect(TerminalText.width(of: "👨‍👩‍👧") == 2)
  }

  @Test func linesAreFoldedBehindTheMark() {
    #expect(TerminalText.wrapped("short", width: 10, indent: 2) == ["short"])
    #expect(TerminalText.wrapped("anything long", width: nil, indent: 2) == ["anything long"])
    #expect(
      TerminalText.wrapped("one two three", width: 9, indent: 2) == ["one two ", "  three"])
    #expect(
      TerminalText.wrapped("abcdefghijkl", width: 6, indent: 2) == ["abcdef", "  ghij", "  kl"])
    #expect(TerminalText.wrapped("日本日本日本", width: 5, indent: 1) == ["日本", " 日本", " 日本"])
    // No text makes a line that begins where a mark would stand.
    let forged = "x" + String(repeating: " ", count: 40) + "12:00:00 > Alice: yes"
    for line in TerminalText.wrapped(forged, width: 30, indent: 11).dropFirst() {
      #expect(line.hasPrefix(String(repeating: " ", count: 11)))
    }
  }
}

@Suite struct ServerAddressTests {
  @Test(
    arguments: zip(
      [
        "http://10.0.0.33:5000", "10.0.0.33:5000", "http://example.org", "HTTP://a:1/room?x#y",
        "http://[::1]:5000", "http://[fe80::1%25eth0]:5000", "http://[fe80::1%eth0]/", "ws://a",
      ],
      [
        ["10.0.0.33", "5000", "10.0.0.33:5000"], ["10.0.0.33", "5000", "10.0.0.33:5000"],
        ["example.org", "80", "example.org"], ["a", "1", "a:1"], ["::1", "5000", "[::1]:5000"],
        ["fe80::1%eth0", "5000", "[fe80::1]:5000"], ["fe80::1%eth0", "80", "[fe80::1]"],
        ["a", "80", "a"],
      ]))
  func reads(_ url: String, _ parts: [String]) throws {
    let address = try ServerAddress(url)
    #expect([address.host, "\(address.port)", address.hostField] == parts)
    #expect(address.path == "/socket.io/")
  }

  @Test(arguments: [
    "", "http://", "http://:80", "https://a", "ftp://a", "http://a:0", "http://a:65536",
    "http://a:b", "http://::1:5000", "http://[::1", "http://[::1]x", "http://[a]", "http://u:p@a",
    "http://a b", "http://a\r\nX: y",
  ])
  func refuses(_ url: String) {
    #expect(throws: ServerAddress.Fault.self) { try ServerAddress(url) }
  }

  @Test func saysWhatToDo() {
    do {
      _ = try ServerAddress("https://a")
    } catch {
      #expect(error.message.contains("not in this build"))
    }
    do {
      _ = try ServerAddress("http://me:secret@a")
    } catch {
      #expect(!error.message.contains("secret") && !error.remedy.contains("secret"))
    }
  }

  @Test func paths() throws {
    #expect(try ServerAddress("a", path: "socket.io").path == "/socket.io/")
    #expect(try ServerAddress("a", path: "/").path == "/")
    #expect(try ServerAddress("a", path: "/a/b/").path == "/a/b/")
    for path in ["/a b", "/a\r\n", "/?x", "/ü"] {
      #expect(throws: ServerAddress.Fault.self) { try ServerAddress("a", path: path) }
    }
  }
}
