import Foundation
import Testing

/// Runs every line of `Captures/cases.txt` and holds what netlab prints against the recorded text.
/// `make golden` records it again; the difference is then reviewed like any other change.
@Suite struct GoldenTests {
  /// One line of the table: name, capture and arguments.
  struct Case: CustomTestStringConvertible {
    let name: String
    let arguments: [String]
    var testDescription: String { name }
    var expected: URL { Project.captures.appendingPathComponent("expected/\(name).txt") }
  }

  static let cases: [Case] = {
    let text =
      (try? String(
        contentsOf: Project.captures.appendingPathComponent("cases.txt"), encoding: .utf8))
      ?? ""
    return text.split(separator: "\n").compactMap { line in
      guard !line.hasPrefix("#") else { return nil }
      var words = shellWords(line)
      guard words.count >= 2 else { return nil }
      return Case(name: words.removeFirst(), arguments: words)
    }
  }()

  private static let isRecording = ProcessInfo.processInfo.environment["NETLAB_RECORD"] != nil

  @Test func theTableIsNotEmpty() { #expect(Self.cases.count > 10) }

  @Test func namesAreUnique() { #expect(Set(Self.cases.map(\.name)).count == Self.cases.count) }

  @Test(arguments: cases) func printsWhatWasRecorded(_ golden: Case) throws {
    let folder = try TemporaryFolder()
    let arguments = try golden.arguments.map { try ownKey($0, in: folder) }
    // No key of whoever runs the tests is used.
    let result = try run(
      arguments, environment: ["XDG_CONFIG_HOME": "/nonexistent", "SUDO_UID": ""])
    var text = result.output
    if !result.errors.isEmpty { text += "-- stderr\n" + result.errors }
    if result.status != 0 { text += "-- exit \(result.status)\n" }
    if Self.isRecording {
      try FileManager.default.createDirectory(
        at: golden.expected.deletingLastPathComponent(), withIntermediateDirectories: true)
      try text.write(to: golden.expected, atomically: true, encoding: .utf8)
      return
    }
    let expected = try String(contentsOf: golden.expected, encoding: .utf8)
    guard text != expected else { return }
    let (line, old, new) = firstDifference(expected, text)
    Issue.record("\(golden.name), line \(line):\n  recorded \(old)\n  printed  \(new)")
  }

  /// A copy of a published key that only its owner may read: git keeps no 0600.
  private func ownKey(_ argument: String, in folder: TemporaryFolder) throws -> String {
    guard argument.hasPrefix("keys/") else { return argument }
    let path = folder.path(String(argument.dropFirst(5)))
    try Data(contentsOf: Project.captures.appendingPathComponent(argument))
      .write(to: URL(fileURLWithPath: path))
    guard chmod(path, 0o600) == 0 else { throw POSIXError(.EPERM) }
    return path
  }

  @Test func everyRecordedTextIsUsed() throws {
    let folder = Project.captures.appendingPathComponent("expected")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(Set(files) == Set(Self.cases.map { $0.name + ".txt" }))
  }
}

/// The first line in which two texts differ, counted from 1.
func firstDifference(_ one: String, _ other: String) -> (Int, String, String) {
  let left = one.split(separator: "\n", omittingEmptySubsequences: false)
  let right = other.split(separator: "\n", omittingEmptySubsequences: false)
  let common = zip(left, right).prefix { $0 == $1 }.count
  return (
    common + 1, common < left.count ? String(left[common]) : "(nothing)",
    common < right.count ? String(right[common]) : "(nothing)"
  )
}

/// A line split into words as a shell would, single and double quotes obeyed.
func shellWords(_ line: some StringProtocol) -> [String] {
  var words: [String] = []
  var word = ""
  var quote: Character?
  var isWord = false
  for character in line {
    if let open = quote {
      if character == open { quote = nil } else { word.append(character) }
    } else if character == "'" || character == "\"" {
      quote = character
      isWord = true
    } else if character == " " {
      if isWord { words.append(word) }
      word = ""
      isWord = false
    } else {
      word.append(character)
      isWord = true
    }
  }
  if isWord { words.append(word) }
  return words
}
