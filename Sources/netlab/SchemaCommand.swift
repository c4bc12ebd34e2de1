import ArgumentParser
import Console
import Projection

/// `netlab schema`: what `-T jsonl` promises.
struct SchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema",
    abstract: "Print the JSON Schema of -T jsonl.",
    discussion: """
      JSON Schema 2020-12 for each line of `read`, `capture`, `messages` and `follow` with jsonl, and
      for `stats -T json`.

      Examples:
        netlab schema > netlab-1.schema.json
        netlab messages chat.pcapng -T jsonl | jq 'select(.type == "message") | .info'
      """)

  func run() throws {
    var output = StandardOutput()
    output.buffer.append(JSONSchema.text)
    try output.flush()
  }
}
