import PacketCore

/// One form of output: turns dissected packets into text. Every form is a projection of what the
/// layers declare; forms are peers.
public protocol PacketPrinter: AnyObject {
  /// What stands before the first packet.
  func begin(into text: inout TextBuffer)
  /// One packet.
  func print(_ dissection: borrowing Dissection, _ frame: RawSpan, into text: inout TextBuffer)
  /// What stands after the last packet.
  func end(into text: inout TextBuffer)
}

extension PacketPrinter {
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
    if dissection.speaker > 0 {
      let record = dissection.layers[dissection.speaker]
      if record.buffer == 0 {
        record.type.summarize(frame, record, in: dissection, into: &self)
      } else {
        dissection.withBytes(of: record.buffer, frame: frame) { bytes in
          record.type.summarize(bytes, record, in: dissection, into: &self)
        }
      }
    } else {
      protocolName = "Unknown"
      info.append("Link type ")
      info.append(UInt64(dissection.frame.linkType.rawValue))
    }
    if let failure = dissection.failure {
      if !failure.isQuoted, !failure.isRecorded, failure.type.summarizes {
        protocolName = failure.type.column
        info.removeAll()
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
    guard remarks, !dissection.findings.isEmpty else { return }
    for finding in dissection.findings
    where finding.kind.group == .checksum && finding.kind.severity == .error
      && finding.found != finding.expected
    {
      info.append(" [bad ")
      info.append(dissection.layers[finding.layer].type.column)
      info.append(" checksum 0x")
      info.append(hex: finding.found, digits: 4)
      info.append("≠0x")
      info.append(hex: finding.expected, digits: 4)
      info.append("]")
    }
  }
}
