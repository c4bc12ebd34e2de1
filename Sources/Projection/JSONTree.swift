import PacketCore

/// The fields of one layer as a JSON object in Wireshark's shape: values are strings, the fields
/// below a field stand in an object named after it with `_tree`, repeats become arrays.
struct JSONTree {
  /// How the two Wireshark forms differ.
  enum Form {
    /// `-T json`: indented, octets with colons.
    case indented
    /// `-T ek`: one line, names prefixed with the layer's and dots replaced, all levels flat.
    case flat(layer: String)
  }

  private let form: Form
  private let items: [FieldItem]
  private let findings: [Finding]

  /// - Parameter findings: What was found about the layer.
  init(_ items: [FieldItem], _ findings: [Finding], form: Form) {
    self.items = items
    self.findings = findings
    self.form = form
  }

  /// Writes the object, braces included.
  func write(in bytes: RawSpan, indent: Int, to text: inout TextBuffer) {
    switch form {
    case .indented: writeObject(items.indices, depth: 0, in: bytes, indent: indent, to: &text)
    case .flat(let layer): writeFlat(layer, in: bytes, to: &text)
    }
  }

  /// One level: the items of `depth` in `range`, each with what stands below it.
  private func writeObject(
    _ range: Range<Int>, depth: Int, in bytes: RawSpan, indent: Int, to text: inout TextBuffer
  ) {
    // Items of one name are gathered where the first of them stands: no key twice in one object.
    var names: [String] = []
    var groups: [String: [Int]] = [:]
    for index in range where items[index].depth == depth {
      let name = items[index].field.name
      if groups[name] == nil { names.append(name) }
      groups[name, default: []].append(index)
    }
    text.append("{")
    var isFirst = true
    for name in names {
      let members = groups[name] ?? []
      beginMember(name, &isFirst, indent, &text)
      writeValues(members, in: bytes, indent: indent + 2, to: &text)
      let parents = members.filter { !children(of: $0, in: range).isEmpty }
      guard !parents.isEmpty else { continue }
      beginMember(name + "_tree", &isFirst, indent, &text)
      writeList(parents, indent: indent + 2, to: &text) { index, indent, text in
        writeObject(
          children(of: index, in: range), depth: depth + 1, in: bytes, indent: indent, to: &text)
      }
    }
    if depth == 0, !findings.isEmpty {
      beginMember("_ws.expert", &isFirst, indent, &text)
      writeList(Array(findings.indices), indent: indent + 2, to: &text) { index, indent, text in
        let finding = findings[index]
        let numbers = finding.expertNumbers
        var isFirst = true
        text.append("{")
        for (name, value) in [
          (finding.kind.name, ""), ("_ws.expert.message", finding.text),
          ("_ws.expert.severity", "\(numbers.severity)"), ("_ws.expert.group", "\(numbers.group)"),
        ] {
          beginMember(name, &isFirst, indent, &text)
          text.append(json: value)
        }
        newLine(indent, &text)
        text.append("}")
      }
    }
    if !isFirst { newLine(indent, &text) }
    text.append("}")
  }

  private func children(of index: Int, in range: Range<Int>) -> Range<Int> {
    var end = index + 1
    while end < range.upperBound, items[end].depth > items[index].depth { end += 1 }
    return index + 1..<end
  }

  private func writeValues(
    _ members: [Int], in bytes: RawSpan, indent: Int, to text: inout TextBuffer
  ) {
    writeList(members, indent: indent, to: &text) { index, _, text in
      appendValue(items[index], in: bytes, to: &text)
    }
  }

  private func appendValue(_ item: FieldItem, in bytes: RawSpan, to text: inout TextBuffer) {
    let start = text.count
    FieldText.appendBare(item, in: bytes, octets: .colon, to: &text)
    text.quoteJSON(from: start)
  }

  /// One element alone, several as an array.
  private func writeList(
    _ members: [Int], indent: Int, to text: inout TextBuffer,
    _ write: (Int, Int, inout TextBuffer) -> Void
  ) {
    if members.count == 1 {
      write(members[0], indent, &text)
      return
    }
    text.append("[")
    for (position, member) in members.enumerated() {
      if position > 0 { text.append(",") }
      newLine(indent + 2, &text)
      write(member, indent + 2, &text)
    }
    newLine(indent, &text)
    text.append("]")
  }

  private func beginMember(
    _ name: String, _ isFirst: inout Bool, _ indent: Int, _ text: inout TextBuffer
  ) {
    if !isFirst { text.append(",") }
    isFirst = false
    newLine(indent + 2, &text)
    text.append(json: name)
    text.append(": ")
  }

  private func newLine(_ indent: Int, _ text: inout TextBuffer) {
    text.append("\n")
    text.append(byte: 32, times: indent)
  }

  private func writeFlat(_ layer: String, in bytes: RawSpan, to text: inout TextBuffer) {
    var names: [String] = []
    var groups: [String: [FieldItem]] = [:]
    for item in items {
      let name = layer + "_" + item.field.name.map { $0 == "." ? "_" : String($0) }.joined()
      if groups[name] == nil { names.append(name) }
      groups[name, default: []].append(item)
    }
    text.append("{")
    for (position, name) in names.enumerated() {
      if position > 0 { text.append(",") }
      text.append(json: name)
      text.append(":")
      let members = groups[name] ?? []
      if members.count > 1 { text.append("[") }
      for (number, item) in members.enumerated() {
        if number > 0 { text.append(",") }
        switch item.value {
        case .present where item.line == nil: text.append("null")
        case .boolean(let isSet): text.append(isSet ? "true" : "false")
        case .time(let time):
          text.append("\"")
          text.append(rfc3339: time)
          text.append("\"")
        default: appendValue(item, in: bytes, to: &text)
        }
      }
      if members.count > 1 { text.append("]") }
    }
    writeFlatFindings(layer, isFirst: names.isEmpty, to: &text)
    text.append("}")
  }

  private func writeFlatFindings(_ layer: String, isFirst: Bool, to text: inout TextBuffer) {
    guard !findings.isEmpty else { return }
    text.append(isFirst ? "\"_ws_expert\":" : ",\"_ws_expert\":")
    if findings.count > 1 { text.append("[") }
    for (number, finding) in findings.enumerated() {
      if number > 0 { text.append(",") }
      text.append("{")
      text.append(
        json: layer + "_" + finding.kind.name.map { $0 == "." ? "_" : String($0) }.joined())
      text.append(":null,\"_ws_expert__ws_expert_message\":")
      text.append(json: finding.text)
      text.append(",\"_ws_expert__ws_expert_severity\":\"")
      text.append(finding.expertNumbers.severity)
      text.append("\",\"_ws_expert__ws_expert_group\":\"")
      text.append(finding.expertNumbers.group)
      text.append("\"}")
    }
    if findings.count > 1 { text.append("]") }
  }
}

/// The names that stand for several fields (`ip.addr`): Wireshark's JSON has them beside the fields.
struct FieldAliases {
  /// By protocol, and by the name of the field that they stand for.
  private var known: [ObjectIdentifier: [String: [FieldInfo]]] = [:]

  /// Adds the aliases of the fields of a layer, each behind the field whose value it has.
  mutating func add(to items: inout [FieldItem], of type: any ErasedLayer.Type) {
    let aliases = of(type)
    guard !aliases.isEmpty else { return }
    var added: [FieldItem] = []
    added.reserveCapacity(items.count * 2)
    for item in items {
      added.append(item)
      for alias in aliases[item.field.name] ?? [] {
        added.append(
          FieldItem(
            field: alias, value: item.value, place: item.place, buffer: item.buffer,
            depth: item.depth))
      }
    }
    items = added
  }

  private mutating func of(_ type: any ErasedLayer.Type) -> [String: [FieldInfo]] {
    if let found = known[ObjectIdentifier(type)] { return found }
    var found: [String: [FieldInfo]] = [:]
    for entry in type.description.fields {
      for member in entry.info.members { found[member, default: []].append(entry.info) }
    }
    known[ObjectIdentifier(type)] = found
    return found
  }
}
