import PacketCore

/// Every name that a registry's packets can be asked for, and where its values live: fields,
/// aliases, protocols and findings. Behind the display filter, `-e` and `netlab fields`.
public struct FieldIndex: Sendable {
  /// What one name stands for.
  public struct Entry: Sendable {
    /// The kinds of names.
    public enum Sort: String, Sendable {
      case field
      /// Several fields under one name.
      case alias
      case `protocol`
      /// A remark about a packet.
      case finding
    }

    /// The name in filters and `-e`.
    public let name: String
    /// The title in the tree; what a remark says.
    public let title: String
    /// Which kind of name it is.
    public let sort: Sort
    /// The type in Wireshark's words: "unsigned integer, 2 bytes".
    public let type: String
    /// The name of the protocol that declares it; empty for what belongs to none.
    public let layer: String
    /// The protocol's full name.
    public let layerTitle: String
    /// The protocol's specification.
    public let reference: String
    /// For an alias, the fields it stands for.
    public let members: [String]
    var sources: [FieldSource]
    var kind: ValueKind
    /// False when the sources have values of different types, so that they can only be there.
    var isUniform = true
  }

  /// All names, protocol by protocol in the order of their declaration.
  public private(set) var entries: [Entry] = []
  private var positions: [String: Int] = [:]
  /// Protocols of messages, above the transport.
  private var messageLayers: Set<String> = []

  /// - Parameter registry: The protocols whose names are wanted.
  public init(_ registry: Registry) {
    for layer in registry.layers {
      let description = layer.description
      // What no number of a packet leads to stands on a stream, or in a message.
      if layer.carriedBy.allSatisfy({ $0.space == .message }), layer.summarizes {
        messageLayers.insert(description.name)
      }
      add(
        description.name, description.title, .protocol, description,
        .layer(layer, FieldInfo(description.name, description.title, .octets)))
      // Places count from the layer's first octet only where every line above has such a place.
      var fixed: [Bool] = []
      for entry in description.fields where entry.info.members.isEmpty {
        fixed = Array(fixed.prefix(entry.depth))
        let isFixed = entry.info.place != nil && fixed.allSatisfy { $0 }
        fixed.append(isFixed)
        add(
          entry.info.name, entry.info.title, .field, description,
          .field(layer, entry.info, isFixed: isFixed))
      }
      for finding in description.findings {
        add(finding.name, finding.message, .finding, description, .finding(finding))
      }
    }
    for finding in FindingKind.general {
      add(finding.name, finding.message, .finding, nil, .finding(finding))
    }
    for part in ExpertField.allCases {
      add(part.info.name, part.info.title, .finding, nil, .expert(part))
    }
    // Aliases last: their members may be declared after them, or by another protocol.
    for layer in registry.layers {
      let description = layer.description
      for entry in description.fields where !entry.info.members.isEmpty {
        for member in entry.info.members {
          guard let position = positions[member], entries[position].sort != .alias else { continue }
          for source in entries[position].sources {
            add(
              entry.info.name, entry.info.title, .alias, description, source,
              members: entry.info.members)
          }
        }
      }
    }
  }

  private mutating func add(
    _ name: String, _ title: String, _ sort: Entry.Sort, _ description: LayerDescription?,
    _ source: FieldSource, members: [String] = []
  ) {
    let kind = ValueKind(source.info.type)
    if let position = positions[name] {
      entries[position].sources.append(source)
      if kind != entries[position].kind { entries[position].isUniform = false }
      return
    }
    positions[name] = entries.count
    entries.append(
      Entry(
        name: name, title: title, sort: sort,
        type: sort == .protocol ? "protocol" : Self.title(of: source.info),
        layer: description?.name ?? "", layerTitle: description?.title ?? "",
        reference: description?.reference ?? "", members: members, sources: [source], kind: kind))
  }

  /// Whether a name belongs to a protocol of messages.
  func isAboveTransport(_ name: String) -> Bool {
    entry(name).map { messageLayers.contains($0.layer) } ?? false
  }

  private static func title(of info: FieldInfo) -> String {
    let kind = ValueKind(info.type)
    guard kind.isInteger, let bits = width(of: info) else { return kind.title }
    return "\(kind.title), \(bits / 8) \(bits == 8 ? "byte" : "bytes")"
  }

  /// Bits of a number's octets, where they are declared. A mask does not narrow them, since what
  /// is shown may be more than the masked bits: IPv4's header length, four bits, goes to 60.
  static func width(of info: FieldInfo) -> Int? {
    if let place = info.place { return place.count * 8 }
    return info.bits > 0 ? (info.bits + 7) / 8 * 8 : nil
  }

  /// What `name` stands for; nil when nothing has that name.
  public func entry(_ name: String) -> Entry? { positions[name].map { entries[$0] } }

  /// The names that begin with `pattern`, or where none does, those whose name or title holds it;
  /// `*` and `?` in the pattern stand for any octets and any one. Case does not count.
  public func entries(matching pattern: String) -> [Entry] {
    let wanted = Array(pattern.lowercased().utf8)
    if wanted.contains(42) || wanted.contains(63) {
      return entries.filter { Self.glob(wanted, Array($0.name.lowercased().utf8)) }
    }
    let exact = entries.filter {
      $0.name.lowercased() == pattern.lowercased() || $0.name.hasPrefix(pattern.lowercased() + ".")
    }
    if !exact.isEmpty { return exact }
    let beginning = entries.filter { $0.name.lowercased().hasPrefix(pattern.lowercased()) }
    if !beginning.isEmpty { return beginning }
    return entries.filter {
      contains(Array($0.name.lowercased().utf8), wanted)
        || contains(Array($0.title.lowercased().utf8), wanted)
    }
  }

  private func contains(_ text: [UInt8], _ part: [UInt8]) -> Bool {
    guard part.count <= text.count else { return false }
    return (0...text.count - part.count).contains { text[$0..<$0 + part.count].elementsEqual(part) }
  }

  /// Shell patterns, by remembering only the last star.
  private static func glob(_ pattern: [UInt8], _ text: [UInt8]) -> Bool {
    var at = 0
    var position = 0
    var star: (pattern: Int, text: Int)?
    while position < text.count {
      if at < pattern.count, pattern[at] == 42 {
        star = (at, position)
        at += 1
      } else if at < pattern.count, pattern[at] == 63 || pattern[at] == text[position] {
        at += 1
        position += 1
      } else if let last = star {
        star = (last.pattern, last.text + 1)
        at = last.pattern + 1
        position = last.text + 1
      } else {
        return false
      }
    }
    return pattern[at...].allSatisfy { $0 == 42 }
  }
}
