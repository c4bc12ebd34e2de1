import PacketCore

/// Wireshark's `-T json`: an array with one object a packet, every layer with its fields.
public final class JSONPrinter: PacketPrinter {
  private var isFirst = true
  private var sink = FieldSink()
  private var aliases = FieldAliases()

  public init() {}

  public func begin(into text: inout TextBuffer) { text.append("[") }

  public func end(into text: inout TextBuffer) { text.append(isFirst ? "]\n" : "\n]\n") }

  public func print(
    _ dissection: borrowing Dissection, _ frame: RawSpan, into text: inout TextBuffer
  ) {
    if !isFirst { text.append(",") }
    isFirst = false
    text.append("\n  {\n    \"_index\": \"packets-")
    text.append(day: dissection.frame.time)
    text.append("\",\n    \"_type\": \"doc\",\n    \"_score\": null,\n    \"_source\": {\n")
    text.append("      \"layers\": {")
    var isFirstLayer = true
    for (name, records) in dissection.recordsByName {
      if !isFirstLayer { text.append(",") }
      isFirstLayer = false
      text.append("\n        ")
      text.append(json: name)
      text.append(": ")
      if records.count > 1 { text.append("[") }
      for (position, index) in records.enumerated() {
        let record = dissection.layers[index]
        if position > 0 { text.append(", ") }
        dissection.withBytes(of: record.buffer, frame: frame) { bytes in
          sink.items.removeAll(keepingCapacity: true)
          record.type.collect(bytes, record, in: dissection, into: &sink)
          aliases.add(to: &sink.items, of: record.type)
          JSONTree(sink.items, dissection.findings.filter { $0.layer == index }, form: .indented)
            .write(in: bytes, indent: 8, to: &text)
        }
      }
      if records.count > 1 { text.append("]") }
    }
    text.append("\n      }\n    }\n  }")
  }
}

/// Wireshark's `-T ek`: two lines a packet, for Elasticsearch's bulk interface.
public final class ElasticPrinter: PacketPrinter {
  private var sink = FieldSink()
  private var aliases = FieldAliases()

  public init() {}

  public func print(
    _ dissection: borrowing Dissection, _ frame: RawSpan, into text: inout TextBuffer
  ) {
    let time = dissection.frame.time
    text.append("{\"index\":{\"_index\":\"packets-")
    text.append(day: time)
    text.append("\",\"_type\":\"doc\"}}\n{\"timestamp\":\"")
    let milliseconds = time.seconds.multipliedReportingOverflow(by: 1000)
    text.append(
      milliseconds.overflow
        ? 0 : milliseconds.partialValue &+ Int64(time.nanoseconds / 1_000_000))
    text.append("\",\"layers\":{")
    var isFirst = true
    for (name, records) in dissection.recordsByName {
      if !isFirst { text.append(",") }
      isFirst = false
      text.append(json: name)
      text.append(":")
      if records.count > 1 { text.append("[") }
      for (position, index) in records.enumerated() {
        let record = dissection.layers[index]
        if position > 0 { text.append(",") }
        dissection.withBytes(of: record.buffer, frame: frame) { bytes in
          sink.items.removeAll(keepingCapacity: true)
          record.type.collect(bytes, record, in: dissection, into: &sink)
          aliases.add(to: &sink.items, of: record.type)
          JSONTree(
            sink.items, dissection.findings.filter { $0.layer == index }, form: .flat(layer: name)
          ).write(in: bytes, indent: 0, to: &text)
        }
      }
      if records.count > 1 { text.append("]") }
    }
    text.append("}}\n")
  }
}

extension Dissection {
  /// The indices of the layers by protocol, in the order in which each first appears: no key twice in one object.
  var recordsByName: [(name: String, records: [Int])] {
    var result: [(name: String, records: [Int])] = []
    for (index, record) in layers.enumerated() {
      let name = record.type.description.name
      if let known = result.firstIndex(where: { $0.name == name }) {
        result[known].records.append(index)
      } else {
        result.append((name, [index]))
      }
    }
    return result
  }
}

extension TextBuffer {
  /// `2026-11-22`, local time, as Elasticsearch index names want it.
  mutating func append(day time: Timestamp) {
    append(date: CivilTime(time, isUTC: false))
    truncate(to: count - 1)
  }
}
