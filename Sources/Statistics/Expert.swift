import PacketCore

/// What the protocols found wrong or worth a remark, the gravest first: tshark's `-z expert`.
/// Remarks that name values are told apart by them as long as there are few.
public final class Expert: Statistic {
  private struct Key: TableKey {
    var kind: FindingKind
    var found: UInt64
    var expected: UInt64
    var words = ""

    static func == (one: Key, other: Key) -> Bool {
      one.kind === other.kind && one.found == other.found && one.expected == other.expected
        && one.words == other.words
    }

    var hash: UInt64 {
      let kind = UInt64(UInt(bitPattern: ObjectIdentifier(kind)))
      var hash = (kind ^ found) &* 0x9E37_79B9_7F4A_7C15
      hash ^= hash &>> 32 ^ expected
      if !words.isEmpty { hash ^= UInt64(truncatingIfNeeded: words.hashValue) }
      return hash &* 0xBF58_476D_1CE4_E5B9
    }
  }

  /// What was counted of one remark.
  private struct Group {
    var count: UInt64 = 0
    var firstFrame: Int
    var layer: any ErasedLayer.Type
  }

  /// Different values of one remark that are shown; more are shown as one.
  static let mostDetails = 8
  /// Different remarks and values counted apart.
  static let mostGroups = 4096

  @exclusivity(unchecked) private var groups = BoundedTable<Key, Group>(limit: mostGroups)
  /// Those of the remarks whose values found no room, by kind alone.
  @exclusivity(unchecked) private var others = BoundedTable<Key, Group>(limit: mostGroups)

  /// Nothing counted yet.
  public init() {}

  public func take(_ dissection: borrowing Dissection, _ frame: RawSpan) {
    if dissection.findings.isEmpty { return }
    for finding in dissection.findings { count(finding, dissection) }
  }

  private func count(_ finding: Finding, _ dissection: borrowing Dissection) {
    let hasDetail = finding.kind.detail != nil
    var key = Key(
      kind: finding.kind, found: hasDetail ? finding.found : 0,
      expected: hasDetail ? finding.expected : 0, words: finding.words)
    let new = Group(
      firstFrame: dissection.frame.number, layer: dissection.layers[finding.layer].type)
    if let position = groups.position(of: key, orAppend: new) {
      groups[position].count &+= 1
      return
    }
    key.found = 0
    key.expected = 0
    key.words = ""
    if let position = others.position(of: key, orAppend: new) { others[position].count &+= 1 }
  }

  /// One line of the report.
  struct Row {
    var kind: FindingKind
    var summary: String
    var count: UInt64
    var firstFrame: Int
    var protocolName: String
  }

  /// The remarks, the gravest first, then the most frequent.
  var rows: [Row] {
    var kinds: [(kind: FindingKind, rows: [Row])] = []
    for (key, group) in groups.entries + others.entries {
      let detail = key.kind.detail.map { $0(key.found, key.expected) } ?? ""
      let row = Row(
        kind: key.kind, summary: key.kind.message + detail + key.words, count: group.count,
        firstFrame: group.firstFrame, protocolName: group.layer.column.description)
      if let place = kinds.firstIndex(where: { $0.kind === key.kind }) {
        kinds[place].rows.append(row)
      } else {
        kinds.append((key.kind, [row]))
      }
    }
    var all: [Row] = []
    for (kind, rows) in kinds {
      guard rows.count > Self.mostDetails, var sum = rows.first else {
        all += rows
        continue
      }
      sum.summary = kind.message + " (\(rows.count) different)"
      sum.count = rows.reduce(0) { $0 + $1.count }
      sum.firstFrame = rows.map(\.firstFrame).min() ?? 0
      all.append(sum)
    }
    return all.sorted {
      $0.kind.severity != $1.kind.severity
        ? $0.kind.severity > $1.kind.severity
        : $0.count != $1.count ? $0.count > $1.count : $0.firstFrame < $1.firstFrame
    }
  }

  /// Remarks of one severity.
  func count(_ severity: FindingKind.Severity) -> UInt64 {
    (groups.entries + others.entries).reduce(0) {
      $0 + ($1.key.kind.severity == severity ? $1.value.count : 0)
    }
  }

  /// The severities, the gravest first, with their names for programs and for people.
  static let severities: [(severity: FindingKind.Severity, key: String, title: String)] = [
    (.error, "errors", "Errors"), (.warning, "warnings", "Warnings"), (.note, "notes", "Notes"),
    (.chat, "chats", "Chats"), (.comment, "comments", "Comments"),
  ]

  public func write(to report: any Report) throws {
    report.begin("expert", "Expert findings")
    let rows = rows
    for (severity, key, title) in Self.severities {
      report.value(key, title, .number(count(severity)))
    }
    let table = Table(
      "findings", "",
      lines: [
        .number("count", "count"), .number("first_frame", "first"),
        .words("severity", "severity"), .words("group", "group"),
        .words("protocol", "protocol"), .words("summary", "summary"),
      ])
    try report.table(table, count: rows.count) { index, add in
      let row = rows[index]
      add(.number(row.count))
      add(.number(UInt64(row.firstFrame)))
      add(.text("\(row.kind.severity)"))
      add(.text(row.kind.group.rawValue))
      add(.text(row.protocolName))
      add(.text(row.summary))
    }
    report.end()
  }
}
