import ArgumentParser
import Console
import DisplayFilter
import PacketCore
import Projection
import Protocols

/// The forms that packets are printed in. tshark's words of `-T`.
enum OutputForm: String, CaseIterable, ExpressibleByArgument {
  case text, fields, json, jsonl, ek, csv
}

/// Whose lines are printed.
enum Compatibility: String, CaseIterable, ExpressibleByArgument {
  case tshark
}

extension TimeFormat: ExpressibleByArgument {}

/// What is printed of each packet, and how.
struct OutputOptions: ParsableArguments {
  @Option(
    name: [.customShort("T"), .customLong("format")],
    help: "Output form: text, fields, json, jsonl, ek or csv.")
  var form: OutputForm = .text

  @Option(
    name: [.customShort("e"), .customLong("field")], parsing: .unconditionalSingleValue,
    help:
      "With -T fields or jsonl: a field of the packet, or of the message and the frame that completes it; repeatable. `netlab fields` lists them."
  )
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
    name: [.customShort("V"), .customLong("tree")], help: "Print all layers with their fields.")
  var isTree = false

  @Option(
    name: [.customShort("O"), .customLong("only")],
    help: "Print all layers, but the fields of these protocols only (comma-separated).")
  var opened: String?

  @Flag(
    name: .customLong("offsets"),
    help:
      "With -V or -O: each field names the frame and the octets it stands in, or that it is derived."
  )
  var hasOffsets = false

  @Flag(name: [.customShort("x"), .customLong("hex")], help: "Print the octets in hexadecimal.")
  var isHex = false

  @Flag(
    name: [.customShort("n"), .customLong("no-names")],
    help: "No name look-ups. netlab makes none; the flag is taken for tshark's sake.")
  var noNames = false

  @Flag(name: [.customShort("q"), .customLong("quiet")], help: "Print no packets.")
  var isQuiet = false

  @Flag(
    name: [.customShort("l"), .customLong("line-buffered")],
    help: "Pass each line on at once. Automatic when live.")
  var isLineBuffered = false

  @OptionGroup var colors: ColorOptions

  @Flag(name: .customLong("ascii"), help: "Print -> instead of the arrow.")
  var isASCII = false

  @Option(name: .customLong("compat"), help: "Print exactly what this program would: tshark.")
  var compatibility: Compatibility?

  mutating func validate() throws {
    if form == .fields, fields.isEmpty {
      throw ValidationError(
        "-T fields needs at least one -e FIELD, such as -e ip.src; `netlab fields` lists them")
    }
    if form != .fields, form != .jsonl, !fields.isEmpty {
      throw ValidationError("-e FIELD goes with -T fields and -T jsonl")
    }
  }

  /// The printer that the options ask for; nil when nothing is to be printed.
  ///
  /// - Parameter source: What is read, for forms that name it.
  func makePrinter(source: String) throws -> (any PacketPrinter)? {
    if isQuiet { return nil }
    let isCompatible = compatibility == .tshark
    switch form {
    case .fields:
      return try FieldsPrinter(
        OutputOptions.choice(fields), options: OutputOptions.options(fieldOptions))
    case .json: return JSONPrinter()
    case .jsonl:
      return JSONLinesPrinter(
        tool: "netlab " + Program.version, source: source,
        fields: fields.isEmpty ? nil : try OutputOptions.choice(fields))
    case .ek: return ElasticPrinter()
    case .csv: return CSVPrinter(time: time)
    case .text:
      let printer: any PacketPrinter
      if isTree || opened != nil {
        printer = TreePrinter(
          opened: isTree ? nil : try openedProtocols(), offsets: hasOffsets)
      } else {
        printer = SummaryPrinter(
          time: time, ascii: isASCII, remarks: !isCompatible, coloured: colors.isColoured)
      }
      return isHex ? HexPrinter(below: printer) : printer
    }
  }

  /// The form that messages have, one row each.
  ///
  /// - Parameter source: What is read, for forms that name it.
  func makeRows(source: String) throws -> any RowPrinter {
    switch form {
    case .fields:
      return MessagesAsPackets(
        try FieldsPrinter(
          OutputOptions.choice(fields), options: OutputOptions.options(fieldOptions),
          messages: true))
    case .json: return MessagesAsPackets(JSONPrinter())
    case .ek: return MessagesAsPackets(ElasticPrinter())
    case .jsonl:
      return MessageJSONPrinter(
        tool: "netlab " + Program.version, source: source,
        fields: fields.isEmpty ? nil : try OutputOptions.choice(fields))
    case .csv: return MessageCSVPrinter(time: time)
    case .text where isTree || opened != nil:
      let tree = TreePrinter(
        opened: isTree ? nil : try openedProtocols(), offsets: hasOffsets, message: true)
      return MessagesAsPackets(isHex ? MessageHexPrinter(below: tree) : tree)
    case .text where isHex:
      return MessagesAsPackets(
        MessageHexPrinter(below: SummaryPrinter(time: time, ascii: isASCII)))
    case .text:
      return MessageLinePrinter(
        time: time, ascii: isASCII, coloured: colors.isColoured, width: StandardOutput.width)
    }
  }

  private func openedProtocols() throws -> Set<String> {
    let names = (opened ?? "").split(separator: ",").map(String.init)
    for name in names where Registry.standard.layer(named: name) == nil {
      throw Failure(
        .usage, "-O names no protocol that netlab knows: \(name)",
        remedy: "`netlab fields` lists the protocols")
    }
    return Set(names)
  }
}

extension OutputOptions {
  /// The fields that -e names.
  static func choice(_ names: [String]) throws -> FieldChoice {
    do throws(FieldsPrinter.OptionError) {
      return try FieldChoice(names, index: FieldIndex(.standard))
    } catch {
      throw Failure(.usage, error.message, remedy: error.remedy)
    }
  }

  /// The settings that -E names.
  static func options(_ settings: [String]) throws -> FieldsPrinter.Options {
    do throws(FieldsPrinter.OptionError) {
      return try FieldsPrinter.Options(settings)
    } catch {
      throw Failure(.usage, error.message, remedy: error.remedy)
    }
  }
}
