import ArgumentParser
import Console
import Exchange
import PacketCore
import Protocols
import Statistics

/// `netlab windows`: what a window and a way of repeating make of a link that loses packets.
struct WindowsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "windows",
    abstract: "Throughput against loss: stop-and-wait, go-back-N, selective repeat.",
    discussion: """
      The sender that `netlab send` sends with, over a link that is only reckoned: nothing is sent, \
      no privilege is needed. Beside what came out stands the textbook formula, which supposes that \
      a loss is noticed after exactly one round trip, and that selective repeat's window does not \
      wait for what is missing. A window of 1 is stop-and-wait.

      Examples:
        netlab windows --loss 0,1,5,10,20,30 --window 1,4,16 --delay 10ms --rate 10M
        netlab windows --window 1,64 --svg windows.svg -T csv
      """)

  enum Form: String, CaseIterable, ExpressibleByArgument {
    case text, csv, jsonl
  }

  @Option(
    name: .customLong("loss"),
    help: ArgumentHelp("Percent of parts that are lost, with commas; 0 to 95.", valueName: "list"))
  var loss = "0,1,5,10,20,30"

  @Option(
    name: .customLong("window"),
    help: ArgumentHelp("Parts under way at once, with commas; 1 to 1024.", valueName: "list"))
  var window = "1,4,16"

  @Option(name: .customLong("delay"), help: "How long everything travels, one way: 500us, 10ms.")
  var delay = "10ms"

  @Option(name: .customLong("rate"), help: "Bits in a second: 64k, 10M, 1G.")
  var rate = "10M"

  @Option(name: .customLong("seed"), help: "The same seed loses the same parts.")
  var seed: UInt64 = 1

  @Option(
    name: .customLong("svg"), parsing: .unconditional,
    help: ArgumentHelp(
      "Draw it too; - is standard output, in place of the numbers.", valueName: "file"))
  var drawing: String?

  @Option(
    name: [.customShort("T"), .customLong("format")], help: "Output form: text, csv or jsonl.")
  var form: Form = .text

  mutating func validate() throws { _ = try trials() }

  func run() throws {
    let rows = try trials().map { trial in
      do throws(SenderSettings.Fault) {
        return try trial.run()
      } catch {
        throw Failure(.usage, error.message, remedy: "a shorter --delay or a higher --rate")
      }
    }
    if drawing != "-" {
      var output = StandardOutput()
      switch form {
      case .text: writeText(rows, to: &output.buffer)
      case .csv: writeCSV(rows, to: &output.buffer)
      case .jsonl: writeLines(rows, to: &output.buffer)
      }
      try output.flush()
    }
    if let drawing {
      try Drawing(path: drawing).write(SVG.text(title: title, [chart(rows)]))
    }
  }

  // MARK: What is asked

  private func trials() throws -> [WindowTrial] {
    let losses = try Self.list(loss, "--loss").map { text in
      guard let percent = Double(text), (0...WindowTrial.mostLoss * 100).contains(percent) else {
        throw ValidationError("--loss is percent from 0 to 95, not '\(text)'")
      }
      return percent / 100
    }
    let windows = try Self.list(window, "--window").map { text in
      guard let window = Int(text), SenderSettings.windowRange.contains(window) else {
        throw ValidationError("--window is 1 to 1024 parts, not '\(text)'")
      }
      return window
    }
    guard let delay = Interval(delay)?.nanoseconds, WindowTrial.delayRange.contains(delay) else {
      throw ValidationError("--delay is 0 to 10s, such as 10ms, not '\(delay)'")
    }
    guard let rate = Self.bits(rate), WindowTrial.rateRange.contains(rate) else {
      throw ValidationError("--rate is 1k to 100G bits in a second, such as 10M, not '\(rate)'")
    }
    return windows.flatMap { window -> [WindowTrial] in
      let kinds: [SenderSettings.Recovery] =
        window == 1 ? [.stopAndWait] : [.goBackN, .selectiveRepeat]
      return kinds.flatMap { kind in
        losses.map {
          WindowTrial(kind, window: window, loss: $0, delay: delay, rate: rate, seed: seed)
        }
      }
    }
  }

  private static func list(_ text: String, _ option: String) throws -> [String] {
    let words = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard words.count <= 100 else { throw ValidationError("\(option) takes 100 values at most") }
    return words
  }

  /// `10M` as a number.
  private static func bits(_ text: String) -> Int64? {
    let scales: [Character: Double] = ["k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9]
    let scale = text.last.flatMap { scales[$0] }
    guard let number = Double(scale == nil ? text[...] : text.dropLast()), number.isFinite else {
      return nil
    }
    return Int64(exactly: (number * (scale ?? 1)).rounded())
  }

  private var title: String { "Throughput over \(rate)bit/s with \(delay) one way, seed \(seed)" }

  // MARK: What comes out

  private func writeText(_ rows: [WindowRow], to text: inout TextBuffer) {
    text.append(title + "\n\n")
    text.append("recovery          window  loss %   Mbit/s  utilisation  theory  segments/part\n")
    var last: (SenderSettings.Recovery, Int)?
    for row in rows {
      if let last, last != (row.recovery, row.window) { text.append("\n") }
      last = (row.recovery, row.window)
      let name = row.recovery.word
      text.append(name + String(repeating: " ", count: max(16 - name.count, 0)))
      text.append(Self.right(String(row.window), 8))
      text.append(Self.right(Self.decimal(row.loss * 100, 1), 8))
      text.append(Self.right(Self.decimal(row.goodput / 1e6, 3), 9))
      text.append(Self.right(Self.decimal(row.utilisation * 100, 1) + " %", 13))
      text.append(Self.right(Self.decimal(row.theory * 100, 1) + " %", 8))
      text.append(Self.right(Self.decimal(row.transmissionsPerPart, 3), 15))
      text.append("\n")
    }
  }

  private func writeCSV(_ rows: [WindowRow], to text: inout TextBuffer) {
    text.append("recovery,window,loss,goodput,utilisation,theory,segments_per_part\n")
    for row in rows {
      text.append("\(row.recovery.word),\(row.window),")
      let numbers = [row.loss, row.goodput, row.utilisation, row.theory, row.transmissionsPerPart]
      text.append(numbers.map { Self.decimal($0, 6) }.joined(separator: ",") + "\n")
    }
  }

  private func writeLines(_ rows: [WindowRow], to text: inout TextBuffer) {
    text.append(
      "{\"type\":\"header\",\"schema\":\"netlab/1\",\"tool\":\"netlab \(Program.version)\","
        + "\"seed\":\(seed)}\n")
    for row in rows {
      text.append("{\"type\":\"window\",\"recovery\":\"\(row.recovery.word)\",")
      text.append("\"window\":\(row.window),\"loss\":\(Self.decimal(row.loss, 6)),")
      text.append("\"goodput\":\(Self.decimal(row.goodput, 3)),")
      text.append("\"utilisation\":\(Self.decimal(row.utilisation, 6)),")
      text.append("\"theory\":\(Self.decimal(row.theory, 6)),")
      text.append("\"segments_per_part\":\(Self.decimal(row.transmissionsPerPart, 6))}\n")
    }
    text.append("{\"type\":\"end\",\"rows\":\(rows.count)}\n")
  }

  private func chart(_ rows: [WindowRow]) -> Chart {
    var lines: [(name: String, points: [(place: Double, value: Double)])] = []
    for row in rows {
      let name = row.window == 1 ? row.recovery.word : "\(row.recovery.word), \(row.window) parts"
      if lines.last?.name != name { lines.append((name, [])) }
      lines[lines.count - 1].points.append((row.loss * 100, row.utilisation * 100))
    }
    return Chart(
      title: "What of the rate carries new parts", summary: title + ".",
      unit: "percent of the rate",
      axis: "percent of parts lost",
      lines: lines.map { line in
        Chart.Series(name: line.name, points: line.points.sorted { $0.place < $1.place })
      })
  }

  private static func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(width - text.count, 0)) + text
  }

  /// A number that is not negative, with so many decimals.
  private static func decimal(_ value: Double, _ places: Int) -> String {
    var scale = 1.0
    for _ in 0..<places { scale *= 10 }
    let digits = String(Int64(min(max((value * scale).rounded(), 0), 9e18)))
    let padded = String(repeating: "0", count: max(places + 1 - digits.count, 0)) + digits
    return padded.dropLast(places) + "." + padded.suffix(places)
  }
}

extension SenderSettings.Recovery {
  /// The word in every output.
  fileprivate var word: String {
    switch self {
    case .stopAndWait: "stop-and-wait"
    case .goBackN: "go-back-n"
    case .selectiveRepeat: "selective-repeat"
    }
  }
}
