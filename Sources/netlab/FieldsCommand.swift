import ArgumentParser
import Console
import DisplayFilter
import PacketCore
import Projection
import Protocols

/// `netlab fields [PATTERN]`: what display filters and `-e` take.
struct FieldsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fields",
    abstract: "List the fields that display filters and -e take.",
    discussion: """
      Examples:
        netlab fields tcp
        netlab fields '*checksum*'
      """)

  @Argument(
    help: "A protocol, the beginning of a name, a pattern with * and ?, or a word of a title.")
  var pattern: String?

  @Flag(name: .customLong("names"), help: "Print the names alone.")
  var isNamesOnly = false

  func run() throws {
    let index = FieldIndex(.standard)
    let entries = pattern.map { index.entries(matching: $0) } ?? index.entries
    guard !entries.isEmpty else {
      let near = index.nearest(to: pattern ?? "")
      throw Failure(
        .no, "no field matches '\(pattern ?? "")'",
        remedy: near.isEmpty
          ? "`netlab fields` lists all" : "near: " + near.joined(separator: ", "))
    }
    var output = StandardOutput()
    if isNamesOnly {
      for entry in entries {
        output.buffer.append(entry.name)
        output.buffer.append("\n")
        try output.flushIfFull()
      }
      return try output.flush()
    }
    let nameWidth = min(entries.map(\.name.count).max() ?? 0, 36)
    let typeWidth = min(entries.map(\.type.count).max() ?? 0, 30)
    var layer: String?
    for entry in entries {
      if entry.layer != layer {
        if layer != nil { output.buffer.append("\n") }
        layer = entry.layer
        appendHeading(entry, to: &output.buffer)
      }
      append(entry, nameWidth, typeWidth, to: &output.buffer)
      try output.flushIfFull()
    }
    try output.flush()
  }

  private func appendHeading(_ entry: FieldIndex.Entry, to text: inout TextBuffer) {
    guard !entry.layer.isEmpty else { return text.append("Every packet\n") }
    text.append(entry.layerTitle)
    text.append(entry.reference.isEmpty ? "\n" : " (\(entry.reference))\n")
  }

  private func append(
    _ entry: FieldIndex.Entry, _ nameWidth: Int, _ typeWidth: Int, to text: inout TextBuffer
  ) {
    text.append("  ")
    var start = text.count
    text.append(entry.name)
    text.pad(from: start, to: nameWidth)
    text.append("  ")
    start = text.count
    text.append(entry.sort == .finding ? "finding" : entry.type)
    text.pad(from: start, to: typeWidth)
    text.append("  ")
    text.append(entry.title)
    if !entry.members.isEmpty {
      text.append(" (")
      text.append(entry.members.joined(separator: ", "))
      text.append(")")
    }
    text.append("\n")
  }
}
