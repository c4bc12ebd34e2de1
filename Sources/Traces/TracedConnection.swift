import PacketCore
import Protocols

/// One connection of a trace: its conversation, what is said in it, the faults that were drawn for
/// it, and what became of all that in the capture.
struct TracedConnection: Sendable {
  /// What was drawn for a connection, before any frame of it is made.
  struct Plan: Sendable {
    /// Counts from 0 in the order of beginnings.
    var number: Int
    /// The connection whose ports it has: itself, unless it uses another's again.
    var portsOf: Int
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
  }

  private enum Step { case opening, greeting(Int), talking, parting, over }

  let plan: Plan
  let options: TraceOptions
  var conversation: Conversation
  private var dialogue: any Dialogue
  private var greetings: [Utterance]
  private var turns: Turns
  private var turn = 0
  private var step = Step.opening

  /// The frames that are to be taken next.
  private var taken = 0
  /// Cuts of the utterance under way, and which of its segments the capture has.
  private var delivery: Delivery?
  private var captured: [Bool] = []
  private var currentRecords = 0..<0

  // What the truth wants to know.
  private(set) var records: [Record] = []
  private(set) var firstFrame: Int?
  private(set) var frameCount = 0
  /// The stream's number, given with its first captured frame.
  var stream = -1
  private(set) var fault: Fault?
  /// Frames of the fault under way and what is to be said of them.
  private(set) var faultFrames: [(frame: Int, findings: ExpectedFindings)] = []
  private(set) var closedByClient: Bool?

  init(_ plan: Plan, _ options: TraceOptions, host: String, at time: Int64) {
    self.plan = plan
    self.options = options
    conversation = Conversation(options, connection: plan.number, at: time)
    dialogue = options.dialogue(plan.number, host: host)
    greetings = dialogue.greetings()
    turns = Turns(
      messages: options.messages, content: options.content, isCoalesced: options.isCoalesced)
  }

  /// The time of the next frame; nil when the connection is over.
  var nextTime: Int64? {
    taken < conversation.frames.count ? conversation.frames[taken].time : nil
  }

  /// Plans the next batch once the frames of the one before are all taken.
  ///
  /// - Returns: False when nothing more will come.
  mutating func plan(nextBatch: Void = ()) -> Bool {
    guard taken == conversation.frames.count else { return true }
    conversation.frames.removeAll(keepingCapacity: true)
    taken = 0
    delivery = nil
    fault = nil
    faultFrames = []
    switch step {
    case .opening:
      conversation.isCaptured = !options.isMidStream
      conversation.open(reusesPorts: plan.portsOf != plan.number)
      step = .greeting(0)
    case .greeting(let index):
      guard index < greetings.count else {
        step = .talking
        return plan()
      }
      conversation.isCaptured = !options.isMidStream || index >= dialogue.handshakeLength
      play(greetings[index], fault: nil)
      step = .greeting(index + 1)
    case .talking:
      conversation.isCaptured = true
      guard let next = turns.next() else {
        step = .parting
        return plan()
      }
      let fromClient = next.fromServer.map { !$0 } ?? conversation.numbers.chance(50)
      fault = plan.faults[turn]
      turn += 1
      play(dialogue.say(next.count, fromClient: fromClient), fault: fault)
    case .parting:
      part()
      step = .over
    case .over: return false
    }
    return true
  }

  private mutating func play(_ utterance: Utterance, fault: Fault?) {
    let delivery = conversation.deliver(utterance, fault: fault)
    self.delivery = delivery
    captured = Array(repeating: false, count: delivery.count)
    var offset = 0
    let first = records.count
    for message in utterance.messages {
      records.append(
        Record(
          message: message, fromClient: utterance.fromClient,
          place: offset..<offset + message.octets.count))
      offset += message.octets.count
    }
    currentRecords = first..<records.count
  }
}
