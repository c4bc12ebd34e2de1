import PacketCore

/// One form of output: turns dissected packets into text. Every form is a projection of what the
/// layers declare; forms are peers.
public protocol PacketPrinter: AnyObject {
  /// What stands before the first packet.
  func begin(into text: inout TextBuffer)
  /// One packet.
  func print(_ dissection: borrowing Dissection, _ frame: RawSpan, into text: inout TextBuffer)
  /// Whether it prints what the end of the capture completes, given to it as a packet of no octets.
  var wantsEnd: Bool { get }
  /// Whether it asks about every packet that carried a message.
  var asksAboutPackets: Bool { get }
  /// Whether it prints nothing of a packet that completes no message and ends no connection.
  var wantsMessagesOnly: Bool { get }
  /// Whether it shows or asks what the analysis of TCP finds.
  var showsAnalysis: Bool { get }
  /// What stands after the last packet.
  func end(into text: inout TextBuffer)
}

extension PacketPrinter {
  public var wantsEnd: Bool { false }
  public var asksAboutPackets: Bool { false }
  public var wantsMessagesOnly: Bool { false }
  public var showsAnalysis: Bool { true }
  public func begin(into text: inout TextBuffer) {}
  public func end(into text: inout TextBuffer) {}
}

extension Columns {
  /// Fills the Protocol and Info columns of a packet.
  ///
  /// - Parameters:
  ///   - remarks: Whether a wrong checksum is named at the end of the line, as tshark does not.
  public mutating func fill(
    _ dissection: borrowing Dissection, _ frame: RawSpan, remarks: Bool
  ) {
    info.removeAll()
    append(dissection, frame, remarks: remarks)
  }

  /// The same behind what stands in the Info column.
  @inline(__always)
  mutating func append(_ dissection: borrowing Dissection, _ frame: RawSpan, remarks: Bool) {
    let start = info.count
    if !dissection.messages.isEmpty {
      fillMessages(dissection, frame)
    } else if dissection.speaker > 0 {
      summarize(isCompatible ? speaker(dissection) : dissection.speaker, dissection, frame)
    } else {
      protocolName = "Unknown"
      info.append("Link type ")
      info.append(UInt64(dissection.frame.linkType.rawValue))
    }
    if let failure = dissection.failure { tell(failure, from: start, dissection, frame) }
    guard remarks, dissection.hasBadChecksum else { return }
    for index in dissection.findings.indices
    where dissection.findings[index].found != dissection.findings[index].expected {
      tell(dissection.findings[index], dissection)
    }
  }

  /// A wrong checksum is named.
  @inline(never)
  private mutating func tell(_ finding: Finding, _ dissection: borrowing Dissection) {
    guard finding.kind.group == .checksum, finding.kind.severity == .error else { return }
    info.append(" [bad ")
    info.append(dissection.layers[finding.layer].type.column)
    info.append(" checksum 0x")
    info.append(hex: finding.found, digits: 4)
    info.append("≠0x")
    info.append(hex: finding.expected, digits: 4)
    info.append("]")
  }

  /// The layer that tshark would name the packet by: the innermost of those that it has.
  private func speaker(_ dissection: borrowing Dissection) -> Int {
    var index = dissection.speaker
    while index > 0 {
      let type = dissection.layers[index].type
      if type.summarizes, type.isInWireshark { return index }
      index -= 1
    }
    return dissection.speaker
  }

  /// Fills the columns of one message.
  public mutating func fill(
    _ message: Message, _ dissection: borrowing Dissection, _ frame: RawSpan
  ) {
    info.removeAll()
    append(message, dissection, frame)
  }

  /// Messages of a packet that are named on its line; `netlab messages` shows all.
  private static let shown = 32

  /// A packet's messages, one behind the other. tshark shows the last one, of those protocols that
  /// it has.
  private mutating func fillMessages(_ dissection: borrowing Dissection, _ frame: RawSpan) {
    if isCompatible { return fillCompatible(dissection, frame) }
    preface(dissection, frame)
    // Not a copy of the messages: it would count references for each packet.
    let count = dissection.messages.count
    for position in 0..<min(count, Self.shown) {
      if position > 0 { info.append(" | ") }
      append(dissection.messages[position], dissection, frame)
    }
    if _slowPath(count > Self.shown) {
      info.append(" | and ")
      info.append(UInt64(count - Self.shown))
      info.append(" more")
    }
  }

  private mutating func fillCompatible(_ dissection: borrowing Dissection, _ frame: RawSpan) {
    let messages = dissection.messages
    for message in messages.reversed() where isCarried(message, dissection) {
      for index in message.layers.reversed() {
        let type = dissection.layers[index].type
        guard type.summarizes, type.isInWireshark else { continue }
        preface(dissection, frame)
        return summarize(index, dissection, frame)
      }
    }
    let first = messages.first?.layers.lowerBound ?? dissection.layers.count
    let below = (0..<first).last { dissection.layers[$0].type.summarizes }
    summarize(below ?? dissection.speaker, dissection, frame)
  }

  /// Whether the packet carries any of a message, rather than end what others carried.
  private func isCarried(_ message: Message, _ dissection: borrowing Dissection) -> Bool {
    let packets = dissection.packets(of: message)
    return packets.isEmpty || packets.contains(dissection.frame.number)
  }

  private mutating func append(
    _ message: Message, _ dissection: borrowing Dissection, _ frame: RawSpan
  ) {
    guard message.speaker < dissection.layers.count else { return }
    summarize(message.speaker, dissection, frame)
    if message.carrier >= 0 { remark(message.carrier, dissection, frame) }
    for index in message.layers where index != message.speaker {
      remark(index, dissection, frame)
    }
  }

  @inline(__always)
  private mutating func summarize(
    _ index: Int, _ dissection: borrowing Dissection, _ frame: RawSpan
  ) {
    let record = dissection.layers[index]
    if record.buffer == 0 {
      record.type.summarize(frame, record, in: dissection, into: &self)
    } else {
      dissection.withBytes(of: record.buffer, frame: frame) { bytes in
        record.type.summarize(bytes, record, in: dissection, into: &self)
      }
    }
  }

  /// What the layers below say in front of the messages.
  @inline(__always)
  private mutating func preface(_ dissection: borrowing Dissection, _ frame: RawSpan) {
    if _slowPath(!dissection.findings.isEmpty) { prefaceAll(dissection, frame) }
  }

  private mutating func prefaceAll(_ dissection: borrowing Dissection, _ frame: RawSpan) {
    for index in 0..<dissection.messages[0].layers.lowerBound {
      let record = dissection.layers[index]
      guard record.mayRemark else { continue }
      dissection.withBytes(of: record.buffer, frame: frame) { bytes in
        record.type.preface(bytes, record, in: dissection, into: &self)
      }
    }
  }

  @inline(__always)
  private mutating func remark(
    _ index: Int, _ dissection: borrowing Dissection, _ frame: RawSpan
  ) {
    // Asked for by itself: the record is copied for those that say something.
    guard dissection.layers[index].mayRemark else { return }
    let record = dissection.layers[index]
    dissection.withBytes(of: record.buffer, frame: frame) { bytes in
      record.type.remark(bytes, record, in: dissection, into: &self)
    }
  }

  /// The packet, or a message, ends before its layers do.
  ///
  /// - Parameter start: Where the packet's info begins.
  private mutating func tell(
    _ failure: Dissection.Failure, from start: Int, _ dissection: borrowing Dissection,
    _ frame: RawSpan
  ) {
    if isCompatible, !failure.type.isInWireshark { return }
    if !failure.isQuoted, !failure.isRecorded, failure.type.summarizes {
      protocolName = failure.type.column
      info.truncate(to: start)
      if let part = dissection.layers.last, part.isPart {
        dissection.withBytes(of: part.buffer, frame: frame) { bytes in
          part.type.summarizePart(bytes, part, into: &self)
        }
      }
    }
    info.append(
      failure.error.reason == .cut
        ? "[Packet size limited during capture]" : "[Malformed Packet]")
  }
}
