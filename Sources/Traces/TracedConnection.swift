import PacketCore
import Protocols

/// One connection of a trace: its conversation, what is said in it, the faults that were drawn for
/// it, and what became of all that in the capture.
final class TracedConnection {
  /// What was drawn for a connection, before any frame of it is made.
  struct Plan: Sendable {
    /// Counts from 0 in the order of beginnings.
    var number: Int
    /// The connection whose ports it has: itself, unless it uses another's again.
    var portsOf: Int
    /// Connections that are to follow on the same ports.
    var successors: Int
    /// Faults, by the turn that they meet.
    var faults: [Int: Fault] = [:]
  }

  /// A message as the truth tells it.
  struct Record: Sendable {
    var message: TraceMessage
    var fromClient: Bool
    /// Its octets within the utterance.
    var place: Range<Int>
    /// Frames that carry it, in order, up to the one that completes it.
    var frames: [Int] = []
    /// Frames that carry octets of it once more.
    var again: [Int] = []
    var completedBy: Int?
    /// Octets of it that the capture will never have.
    var lostOctets = 0
  }

  /// A frame of a fault, and what is to be said of it.
  struct FaultyFrame: Sendable {
    var frame: Int
    var findings: ExpectedFindings
  }

  private enum Step { case opening, greeting(Int), talking, farewell(Int), ending, over }

  let plan: Plan
  let options: TraceOptions
  var conversation: Conversation
  private var dialogue: any Dialogue
  private var greetings: [Utterance]
  private var farewells: [Utterance] = []
  private var turns: Turns
  private var turn = 0
  private var step = Step.opening
  /// Frames of the batch that were taken.
  private var taken = 0
  /// Cuts of the utterance under way, and how many octets of each segment the capture has, counted
  /// from its first: the probe of a closed window brings one of them before the rest.
  private var delivery: Delivery?
  private var captured: [Int] = []
  /// Segments that the capture has whole without a hole before them.
  private var whole = 0
  private var current = 0..<0

  // What the truth wants to know.
  private(set) var records: [Record] = []
  private(set) var firstFrame = 0
  private(set) var frameCount = 0
  /// The stream's number, given with its first captured frame; -1 before.
  private(set) var stream = -1
  private(set) var fault: Fault?
  /// Frames of the fault under way.
  private(set) var faultyFrames: [FaultyFrame] = []

  init(
    _ plan: Plan, _ options: TraceOptions, host: String, at time: Int64, avoiding number: UInt32?
  ) {
    self.plan = plan
    self.options = options
    conversation = Conversation(
      options, connection: plan.number, at: time, avoiding: number)
    dialogue = options.dialogue(plan.number, host: host)
    greetings = dialogue.greetings()
    turns = Turns(
      messages: options.messages, content: options.content, isCoalesced: options.isCoalesced)
  }

  /// The next frame's time; nil when the batch is used up.
  var nextTime: Int64? {
    taken < conversation.frames.count ? conversation.frames[taken].time : nil
  }

  // MARK: - Planning

  /// Plans batches until there is a frame to take.
  ///
  /// - Returns: False when nothing more will come.
  func advance() -> Bool {
    while taken == conversation.frames.count {
      conversation.frames.removeAll(keepingCapacity: true)
      taken = 0
      delivery = nil
      fault = nil
      faultyFrames = []
      if case .over = step { return false }
      planBatch()
    }
    return true
  }

  private func planBatch() {
    switch step {
    case .opening:
      conversation.isCaptured = !options.isMidStream
      conversation.open(reusesPorts: plan.portsOf != plan.number)
      step = .greeting(0)
    case .greeting(let index) where index < greetings.count:
      conversation.isCaptured = !options.isMidStream || index >= dialogue.handshakeLength
      play(greetings[index], fault: nil)
      step = .greeting(index + 1)
    case .greeting:
      conversation.isCaptured = true
      step = .talking
    case .talking:
      if let next = turns.next() {
        let fromClient = next.fromServer.map { !$0 } ?? conversation.numbers.chance(50)
        fault = plan.faults[turn]
        turn += 1
        play(dialogue.say(next.count, fromClient: fromClient), fault: fault)
      } else {
        farewells = options.ending == .reset ? [] : dialogue.farewells()
        step = .farewell(0)
      }
    case .farewell(let index) where index < farewells.count:
      // The client has said its last word; what the server says comes after its FIN.
      if index == 1, options.ending == .halfClose { conversation.halfClose() }
      play(farewells[index], fault: nil)
      step = .farewell(index + 1)
    case .farewell: step = .ending
    case .ending:
      conversation.close(options.ending)
      step = .over
    case .over: break
    }
  }

  private func play(_ utterance: Utterance, fault: Fault?) {
    let delivery = conversation.deliver(utterance, fault: fault)
    guard conversation.isCaptured else { return }
    self.delivery = delivery
    captured = Array(repeating: 0, count: delivery.count)
    whole = 0
    let first = records.count
    var offset = 0
    for message in utterance.messages {
      let place = offset..<offset + message.octets.count
      offset = place.upperBound
      records.append(Record(message: message, fromClient: utterance.fromClient, place: place))
    }
    current = first..<records.count
  }

  // MARK: - Capturing

  /// The next frame; it is not counted yet.
  func take() -> PlannedFrame {
    defer { taken += 1 }
    return conversation.frames[taken]
  }

  /// The capture missed the frame.
  func miss(_ frame: PlannedFrame) {
    guard let delivery, let place = place(of: frame, in: delivery) else { return }
    // Nobody waits for it.
    capture(place, frame.piece, of: delivery)
    for index in current {
      records[index].lostOctets += records[index].place.clamped(to: place).count
    }
  }

  /// The capture has the frame.
  ///
  /// - Parameters:
  ///   - number: Its number in the capture.
  ///   - stream: The number of this connection if this is its first frame.
  func record(
    _ frame: PlannedFrame, number: Int, findings: ExpectedFindings, stream next: Int
  ) {
    if stream < 0 {
      stream = next
      firstFrame = number
    }
    frameCount += 1
    if frame.isFaulty {
      faultyFrames.append(FaultyFrame(frame: number, findings: findings))
    }
    // What arrives damaged is not taken.
    guard frame.damage == .none, let delivery, let place = place(of: frame, in: delivery) else {
      return
    }
    let inOrder = capture(place, frame.piece, of: delivery)
    for index in current where records[index].place.overlaps(place) {
      if records[index].completedBy == nil {
        records[index].frames.append(number)
      } else {
        records[index].again.append(number)
      }
    }
    // A message is whole when everything before it is there, too.
    for index in current
    where records[index].completedBy == nil && records[index].lostOctets == 0
      && records[index].place.upperBound <= inOrder
    {
      records[index].completedBy = number
    }
  }

  /// Notes octets of a segment as there: they begin where it begins, or were there before.
  ///
  /// - Returns: Octets of the utterance that are there without a hole before them.
  @discardableResult
  private func capture(_ place: Range<Int>, _ piece: Int, of delivery: Delivery) -> Int {
    captured[piece] = max(captured[piece], place.upperBound - delivery.cuts[piece])
    while whole < captured.count, captured[whole] == delivery.range(whole).count { whole += 1 }
    return delivery.cuts[whole] + (whole < captured.count ? captured[whole] : 0)
  }

  /// Which octets of the utterance a frame carries; nil for none.
  private func place(of frame: PlannedFrame, in delivery: Delivery) -> Range<Int>? {
    guard frame.piece >= 0 else { return nil }
    let start = Int(frame.sequence &- delivery.base)
    return start..<start + frame.octets.count
  }
}
