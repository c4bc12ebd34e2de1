import ArgumentParser
import Capture
import Console
import DisplayFilter
import Exchange
import PacketCore

/// The faults that drive the retries.
struct FaultOptions: ParsableArguments {
  @Option(
    name: .customLong("fault"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "Damage on purpose: KIND:VALUE[@N,M…][/in|/out][ if FILTER], such as corrupt:tcp.checksum@1,2 "
        + "or loss:30% or delay:20ms±5ms. Kinds: loss, corrupt, duplicate, reorder, delay, rate, cut. "
        + "Without /in or /out it is about the messages: what send sends, what receive receives. "
        + "Repeatable.",
      valueName: "fault"))
  var texts: [String] = []

  @Option(
    name: .customLong("seed"),
    help: "The same seed makes the same faults, packet for packet; drawn and printed if not given.")
  var seed: UInt64?

  /// The faults asked for.
  ///
  /// - Parameter direction: Which way faults go that do not say so.
  func plan(direction: FaultDirection) throws -> FaultPlan {
    do throws(FaultError) {
      return try FaultPlan(texts, direction: direction)
    } catch {
      let shown = FilterError(
        error.message, text: error.text, range: error.range, suggestions: error.suggestions,
        command: error.command)
      throw Failure(.usage, shown.describe())
    }
  }

  /// What the filters of faults mean, by the fault's id.
  func predicates(of plan: FaultPlan) throws -> [Int: any PacketPredicate] {
    var predicates: [Int: any PacketPredicate] = [:]
    for fault in plan.faults where !fault.filter.isEmpty {
      do throws(FilterError) {
        predicates[fault.id] = try DisplayFilter(fault.filter, registry: .standard)
      } catch {
        throw Failure(error)
      }
    }
    return predicates
  }

  /// The seed in force: short enough to be typed again; nil where nothing depends on it.
  func chosenSeed(_ plan: FaultPlan) -> UInt64? {
    if plan.isEmpty { return nil }
    return seed ?? UInt64.random(in: 0..<1_000_000_000)
  }
}

/// Where the packets of an exchange are written.
struct ExchangeFileOptions: ParsableArguments {
  @Option(
    name: [.customShort("w"), .customLong("write")], parsing: .unconditional,
    help: ArgumentHelp(
      "Write the packets too, each with what faults did to it as a comment; - is standard output.",
      valueName: "file"))
  var path: String?

  @OptionGroup var fileFormat: FileFormatOption

  var format: CaptureFileFormat {
    fileFormat.format(nanoseconds: true)
  }
}

/// The forms that an exchange is printed in.
enum ExchangeForm: String, CaseIterable, ExpressibleByArgument { case text, jsonl }

/// How an exchange is printed.
struct ExchangeOutputOptions: ParsableArguments {
  @Option(
    name: [.customShort("T"), .customLong("format")], help: "Output form: text or jsonl.")
  var form = ExchangeForm.text

  @Flag(
    name: .customLong("bits"),
    help: "Print the octets of each token as bits: what the channel coding hands to the line.")
  var showsBits = false

  @Flag(name: [.customShort("q"), .customLong("quiet")], help: "Print nothing but errors.")
  var isQuiet = false

  @OptionGroup var colors: ColorOptions
}
