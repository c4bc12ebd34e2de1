import ArgumentParser
import DisplayFilter
import PacketCore
import Statistics

/// Kinds of conversations as the command line names them: `tcp`, `ip,ipv6`, or `all`.
struct ConversationKinds: ExpressibleByArgument {
  let kinds: [ConversationKind]

  init(_ kinds: [ConversationKind]) { self.kinds = kinds }

  init?(argument: String) {
    if argument == "all" {
      kinds = ConversationKind.allCases
      return
    }
    let words = argument.split(separator: ",", omittingEmptySubsequences: false)
    kinds = words.compactMap { ConversationKind(rawValue: String($0)) }
    guard kinds.count == words.count else { return nil }
  }

  static var allValueStrings: [String] { ["all"] + ConversationKind.allCases.map(\.rawValue) }
}

extension Interval: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}

/// What `netlab stats` is asked.
struct StatsOptions: ParsableArguments {
  @Option(
    name: .customLong("conversations"),
    help: ArgumentHelp(
      "Who talked to whom: eth, ip, ipv6, tcp, udp, several with commas; all that occur without.",
      valueName: "kinds"))
  var conversations: ConversationKinds?

  @Option(
    name: .customLong("endpoints"),
    help: ArgumentHelp("What each end sent and received; as --conversations.", valueName: "kinds"))
  var endpoints: ConversationKinds?

  @Option(
    name: .customLong("io"),
    help: ArgumentHelp(
      "Packets and octets in each interval: 1s, 100ms, 500us, 1m; 0 is the whole capture.",
      valueName: "interval"))
  var interval: Interval?

  @Option(
    name: .customLong("io-filter"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "With --io: also count the packets of this display filter. Repeatable.", valueName: "expr"))
  var intervalFilters: [String] = []

  @Flag(name: .customLong("hierarchy"), help: "Which protocols carried which.")
  var isHierarchy = false

  @Flag(name: .customLong("expert"), help: "What was found wrong or worth a remark.")
  var isExpert = false

  @Flag(name: .customLong("rtt"), help: "TCP round-trip times of every connection and direction.")
  var isRoundTrips = false

  @Flag(
    name: .customLong("websocket"),
    help: "WebSocket messages, compression, pings and close codes of every connection.")
  var isWebSocket = false

  @Option(
    name: [.customShort("z")], parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "tshark's words: conv,tcp, endpoints,ip, io,stat,1, io,phs, expert. Repeatable.",
      valueName: "question"))
  var questions: [String] = []

  mutating func validate() throws {
    for question in questions { try take(question) }
    questions = []
    if !intervalFilters.isEmpty, interval == nil {
      throw ValidationError("--io-filter goes with --io INTERVAL, such as --io 1s")
    }
  }

  /// One of tshark's questions, in netlab's options.
  private mutating func take(_ question: String) throws {
    let parts = question.split(separator: ",", maxSplits: 3, omittingEmptySubsequences: false)
      .map(String.init)
    switch (parts[0], parts.dropFirst().first) {
    case ("conv", let kind?):
      if let found = ConversationKind(rawValue: kind) {
        conversations = ConversationKinds((conversations?.kinds ?? []) + [found])
        return
      }
    case ("endpoints", let kind?):
      if let found = ConversationKind(rawValue: kind) {
        endpoints = ConversationKinds((endpoints?.kinds ?? []) + [found])
        return
      }
    case ("io", "phs"?):
      isHierarchy = true
      return
    case ("io", "stat"?):
      if parts.count > 2, let length = Interval(parts[2]) {
        interval = length
        if parts.count > 3 { intervalFilters += parts[3].split(separator: ",").map(String.init) }
        return
      }
    case ("expert", _):
      isExpert = true
      return
    default: break
    }
    throw ValidationError(
      "-z knows conv,KIND, endpoints,KIND (eth, ip, ipv6, tcp, udp), io,stat,INTERVAL, io,phs and "
        + "expert, not '\(question)'")
  }

  /// The statistics that were asked for, in the order in which they are printed.
  ///
  /// - Parameters:
  ///   - source: What is read.
  ///   - filter: Compiles a display filter.
  func makeStatistics(
    source: String, filter: (String) throws -> DisplayFilter?
  ) throws -> [any Statistic] {
    var all: [any Statistic] = []
    if isHierarchy { all.append(Hierarchy()) }
    if conversations != nil || endpoints != nil {
      all.append(
        Conversations(
          conversations: conversations?.kinds ?? [], endpoints: endpoints?.kinds ?? []))
    }
    if let interval {
      let filters = try intervalFilters.compactMap { text in
        try filter(text).map { Throughput.Filter(text, $0) }
      }
      all.append(Throughput(interval: interval, filters: filters))
    }
    if isRoundTrips { all.append(RoundTrips()) }
    if isWebSocket { all.append(WebSocketTraffic()) }
    if isExpert { all.append(Expert()) }
    return all.isEmpty ? [Overview(source: source)] : all
  }
}
