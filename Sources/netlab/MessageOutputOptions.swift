import ArgumentParser
import DisplayFilter
import PacketCore
import Projection

/// How messages are printed.
struct MessageOutputOptions: ParsableArguments {
  @Option(
    name: [.customShort("T"), .customLong("format")],
    help: "Output form: text, jsonl, fields, json, ek or csv.")
  var form: OutputForm = .text

  @Option(
    name: [.customShort("e"), .customLong("field")], parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "With -T fields or jsonl: a field of the message, or of the frame that completes it; repeatable.",
      valueName: "field"))
  var fields: [String] = []

  @Option(
    name: [.customShort("E"), .customLong("field-option")], parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "With -T fields: header=y|n, separator=/t|/s|C, occurrence=f|l|a, aggregator=,|/s|C, quote=d|s|n, bom=y|n.",
      valueName: "name=value"))
  var fieldOptions: [String] = []

  @Option(
    name: [.customShort("t"), .customLong("time")],
    help: "Time column: r, a, ad, adoy, d, dd, e, u, ud or udoy.")
  var time: TimeFormat = .relative

  @Flag(
    name: [.customShort("n"), .customLong("no-names")],
    help: "No name look-ups. netlab makes none; the flag is taken for tshark's sake.")
  var noNames = false

  @Flag(
    name: [.customShort("l"), .customLong("line-buffered")],
    help: "Pass each line on at once. Automatic when live.")
  var isLineBuffered = false

  @OptionGroup var colors: ColorOptions

  @Flag(name: .customLong("ascii"), help: "Print -> instead of the arrow.")
  var isASCII = false

  @Flag(
    name: .customLong("verdicts"), inversion: .prefixedNo,
    help: "At the end of each connection say how it ended.")
  var hasVerdicts = true

  mutating func validate() throws {
    if form == .fields, fields.isEmpty {
      throw ValidationError(
        "-T fields needs at least one -e FIELD, such as -e _ws.col.info; `netlab fields` lists them"
      )
    }
    if form != .fields, form != .jsonl, !fields.isEmpty {
      throw ValidationError("-e FIELD goes with -T fields and -T jsonl")
    }
  }

  func makePrinter(source: String, filter: DisplayFilter?) throws -> any PacketPrinter {
    let rows: any RowPrinter
    switch form {
    case .text:
      rows = MessageLinePrinter(
        time: time, ascii: isASCII, coloured: colors.isColoured, width: StandardOutput.width)
    case .jsonl:
      rows = MessageJSONPrinter(
        tool: "netlab " + Netlab.version, source: source,
        fields: fields.isEmpty ? nil : try OutputOptions.choice(fields))
    case .csv: rows = MessageCSVPrinter(time: time)
    case .fields:
      rows = MessagesAsPackets(
        try FieldsPrinter(
          OutputOptions.choice(fields), options: OutputOptions.options(fieldOptions),
          messages: true))
    case .json: rows = MessagesAsPackets(JSONPrinter())
    case .ek: rows = MessagesAsPackets(ElasticPrinter())
    }
    return MessagePrinter(rows, filter: filter, verdicts: hasVerdicts)
  }
}
