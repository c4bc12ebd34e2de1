import Capture
import Console
import Exchange
import PacketCore
import Protocols

/// One message from its first segment to its outcome: what happens is printed and written as it
/// happens.
final class SendSession {
  private let end: SendingEnd
  private let port: FaultyPort
  private let output: ExchangeOutputOptions
  private var printer: (any SendPrinter)?
  private var capture: ExchangeCapture?
  private var standardOutput = StandardOutput()
  /// What printing or writing failed with, told when the message is over.
  private var failure: (any Error)?
  private var unsent: PortFailure?
  private var notices: [String] = []

  init(
    end: SendingEnd, port: FaultyPort, wire: WirePort, printer: (any SendPrinter)?,
    output: ExchangeOutputOptions, writing: ExchangeFileOptions
  ) throws {
    self.end = end
    self.port = port
    self.output = output
    // Standard output is the capture's.
    self.printer = writing.path == "-" ? nil : printer
    capture = try ExchangeCapture(writing, interface: wire.route?.device.name ?? "any")
    end.report = { [unowned self] in take($0) }
    port.observer = { [unowned self] packet in
      attempting {
        try capture?.write(
          packet.arrival.packet, at: packet.arrival.time, faults: packet.arrival.faults)
      }
    }
    wire.onUnreachable = { [unowned self] notice in
      if !notices.contains(notice.text) { notices.append(notice.text) }
    }
  }

  /// Sends the message.
  ///
  /// - Throws: `Failure` with the outcome's exit code when it was not delivered.
  func run(_ message: OutgoingMessage, seed: UInt64?) throws {
    let parts: Int
    do throws(OutgoingFault) {
      parts = try end.begin(message).count
    } catch {
      throw Failure(.usage, error.text)
    }
    printer?.begin(
      SendDescription(
        ends: end.ends, id: message.id, parts: parts,
        start: MonotonicMoment(monotonic: port.now, wall: port.wallClock), seed: seed),
      into: &standardOutput.buffer)
    let outcome: Outcome
    do throws(PortFailure) {
      outcome = try end.run()
    } catch {
      try close()
      throw Failure(error)
    }
    printer?.end(outcome, into: &standardOutput.buffer)
    try close()
    guard !outcome.isDelivered else { return }
    throw Failure(outcome, unsent: unsent ?? port.lateFailure, notices: notices)
  }

  private func close() throws {
    attempting { try standardOutput.flush() }
    attempting { try capture?.close() }
    if let failure { throw failure }
  }

  private func take(_ report: SendingReport) {
    switch report {
    case .sent(let packet, _, let number, _, _):
      guard output.showsBits, number == 1, printer != nil else { return }
      let header = CraftedSegment.headerLength(end.ends.source.family)
      standardOutput.buffer.append(bitsOf: Array(packet.dropFirst(header)))
    case .notSent(let failure, _, _): unsent = failure
    case .received: break
    case .attempt(let attempt): printer?.print(attempt, into: &standardOutput.buffer)
    case .remark(let remark): printer?.print(remark, into: &standardOutput.buffer)
    }
    attempting { try standardOutput.flush() }
  }

  private func attempting(_ body: () throws -> Void) {
    guard failure == nil else { return }
    do {
      try body()
    } catch {
      failure = error
    }
  }
}

extension Failure {
  /// A port that cannot do what is asked of it.
  init(_ failure: PortFailure) {
    let status: ExitStatus =
      switch failure.kind {
      case .interface, .noRoute: .interface
      case .permission: .permission
      case .tooLong: .usage
      case .system: .write
      }
    self.init(status, failure.message, remedy: failure.remedy)
  }

  /// A message that was not delivered.
  ///
  /// - Parameters:
  ///   - unsent: Why segments could not go out, if they could not.
  ///   - notices: What routers and the destination said by ICMP.
  init(_ outcome: Outcome, unsent: PortFailure?, notices: [String]) {
    let status: ExitStatus =
      switch outcome.exitCode {
      case .done: .done
      case .noAnswer: .noAnswer
      case .refused: .refused
      case .damaged: .damaged
      }
    var words = outcome.text
    if let unsent { words += "; segments could not go out: " + unsent.message }
    for notice in notices { words += "; " + notice }
    self.init(
      status, words, remedy: unsent?.remedy.isEmpty == false ? unsent?.remedy ?? "" : outcome.remedy
    )
  }
}
