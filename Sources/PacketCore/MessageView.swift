/// The findings of a packet by layer: a packet may have as many messages as octets, and each of them asks
/// for its own.
public struct FindingOrder: Sendable {
  /// Places in `Dissection.findings`, by layer, then in their order.
  private let places: [Int]

  public init(_ dissection: borrowing Dissection) {
    let findings = dissection.findings
    places =
      findings.isEmpty
      ? []
      : findings.indices.sorted {
        (findings[$0].layer, $0) < (findings[$1].layer, $1)
      }
  }

  /// Calls back with the place of each finding of these layers.
  fileprivate func each(
    of layers: Range<Int>, in findings: [Finding], _ body: (Int) -> Void
  ) {
    var low = 0
    var high = places.count
    while low < high {
      let middle = (low + high) / 2
      if findings[places[middle]].layer < layers.lowerBound {
        low = middle + 1
      } else {
        high = middle
      }
    }
    while low < places.count, findings[places[low]].layer < layers.upperBound {
      body(places[low])
      low += 1
    }
  }
}

extension Dissection {
  /// Makes this the dissection of one message: its own layers, those that carry it in its frame, and
  /// those of the other packets that it names, as far as they are known.
  ///
  /// It costs as much as the message, not as its packet: one segment may hold thousands.
  ///
  /// - Parameters:
  ///   - whole: The dissection of the frame that completes it.
  ///   - order: That one's findings.
  ///   - hasPackets: False leaves out the other packets.
  public mutating func show(
    _ message: Message, of whole: borrowing Dissection, findings order: FindingOrder,
    packets hasPackets: Bool = true
  ) {
    takeSurroundings(of: whole)
    let first = whole.messages.first?.layers.lowerBound ?? whole.layers.count
    let own = message.layers.clamped(to: 0..<whole.layers.count)
    let hasCarrier = message.carrier >= first && !own.contains(message.carrier)
    // In the order of the packet; what carries a message stands before it.
    for index in 0..<first { keep(index, of: whole) }
    if hasCarrier { keep(message.carrier, of: whole) }
    let start = records.count
    for index in own where index >= first { keep(index, of: whole) }
    func place(_ index: Int) -> Int? {
      if index < first { return index }
      if index == message.carrier, hasCarrier { return first }
      return own.contains(index) ? start + index - max(own.lowerBound, first) : nil
    }
    var shown = message
    shown.layers = start..<records.count
    shown.speaker = place(message.speaker) ?? speaking
    shown.carrier = message.carrier >= 0 ? place(message.carrier) ?? -1 : -1
    messages.append(shown)
    if !whole.findings.isEmpty {
      var found: [Int] = []
      order.each(of: 0..<first, in: whole.findings) { found.append($0) }
      if hasCarrier {
        order.each(of: message.carrier..<message.carrier + 1, in: whole.findings) {
          found.append($0)
        }
      }
      order.each(of: max(own.lowerBound, first)..<max(own.upperBound, first), in: whole.findings) {
        found.append($0)
      }
      findings = found.sorted().compactMap { position in
        let finding = whole.findings[position]
        return place(finding.layer).map { finding.moved(to: $0) }
      }
    }
    guard hasPackets, let packets = whole.traces(of: message) else { return }
    // The packet's own buffers stay as they are.
    ownBuffers = ownBuffers.copy()
    for packet in packets { adopt(packet) }
  }

  /// Takes over what is said about the packet as a whole, and its buffers; no layer, no message.
  private mutating func takeSurroundings(of whole: borrowing Dissection) {
    frame = whole.frame
    interfaceName = whole.interfaceName
    comments = whole.comments
    firstTime = whole.firstTime
    previousTime = whole.previousTime
    previousDisplayedTime = whole.previousDisplayedTime
    findings = whole.findings
    failure = whole.failure
    ends = whole.ends
    speaking = whole.speaking
    ownBuffers = whole.ownBuffers
    messagePackets = whole.messagePackets
    stream = whole.stream
    verdicts = whole.verdicts
    records.removeAll()
    messages.removeAll()
    notesCount = 0
  }

  /// Takes over a layer with its note.
  private mutating func keep(_ index: Int, of whole: borrowing Dissection) {
    var record = whole.records[index]
    let words = record.type.noteWords
    let from = Int(record.note)
    if record.note != LayerRecord.noNote, from + words <= whole.notesCount {
      while notesCount + words > records.places.noteWords { records.places.growNotes(notesCount) }
      (records.places.notes + notesCount * 8).copyMemory(
        from: whole.records.places.notes + from * 8, byteCount: words * 8)
      record.note = UInt32(truncatingIfNeeded: notesCount)
      notesCount += words
    }
    records.append(record)
  }

  /// What is kept of the other packets that carried a message; nil for nothing.
  private func traces(of message: Message) -> [PacketTrace]? {
    // In the order of the messages, and so of their layers.
    var low = 0
    var high = messageTraces.count
    while low < high {
      let middle = (low + high) / 2
      if messages[messageTraces[middle].message].layers.lowerBound < message.layers.lowerBound {
        low = middle + 1
      } else {
        high = middle
      }
    }
    while low < messageTraces.count {
      let other = messages[messageTraces[low].message]
      guard other.layers.lowerBound == message.layers.lowerBound else { return nil }
      if other.number == message.number, other.layers == message.layers {
        let packets = messageTraces[low].packets
        return packets.isEmpty ? nil : packets
      }
      low += 1
    }
    return nil
  }
}
