import PacketCore

/// Which protocols carried which, with packets and octets: tshark's `-z io,phs`. Works off the
/// layers that a dissection records, whatever they are; a packet that another quotes is part of
/// that one, and what could not be read stands under `_ws.malformed` or, where the capture was
/// cut, `_ws.short`.
public final class Hierarchy: Statistic {
  /// A protocol at one place in the hierarchy.
  struct Node {
    /// Nil for what could not be read.
    let type: (any ErasedLayer.Type)?
    let isCut: Bool
    let parent: Int32
    let depth: Int
    var child: Int32 = none
    var sibling: Int32 = none
    var traffic = Traffic()
    /// The packet counted last: several messages of one protocol are one packet.
    var frame = 0

    static let none: Int32 = -1

    var name: String {
      type.map { $0.description.name }
        ?? (isCut ? FindingKind.cut.name : FindingKind.malformed.name)
    }
  }

  /// Places at most: a stranger can nest protocols in as many ways as there are packets.
  static let mostNodes = 4096

  /// The root stands for all packets.
  @exclusivity(unchecked) private(set) var nodes: ContiguousArray<Node> = [
    Node(type: nil, isCut: false, parent: Node.none, depth: -1)
  ]
  /// Packets of which some layers found no place.
  @exclusivity(unchecked) private var leftOut: UInt64 = 0

  /// Nothing counted yet.
  public init() {}

  public func take(_ dissection: borrowing Dissection, _ frame: RawSpan) {
    let octets = UInt64(truncatingIfNeeded: dissection.frame.originalLength)
    nodes[0].traffic.add(octets)
    let layers = dissection.layers
    let messages = dissection.messages
    let number = dissection.frame.number
    var isWhole = true
    // What comes before the first message carries all of them, and each stands for itself.
    let carriers = messages.isEmpty ? layers.count : messages[0].layers.lowerBound
    var place = 0
    walk(layers, 1..<max(carriers, 1), &place, &isWhole, octets, number)
    var end = place
    for message in messages where isWhole {
      end = place
      walk(layers, message.layers, &end, &isWhole, octets, number)
    }
    if isWhole, let failure = dissection.failure {
      isWhole = enter(&end, nil, isCut: failure.error.reason == .cut, octets, number)
    }
    if !isWhole { leftOut &+= 1 }
  }

  /// Goes from a place on through layers, and counts the packet in each.
  @inline(__always)
  private func walk(
    _ layers: LayerRecords, _ range: Range<Int>, _ place: inout Int, _ isWhole: inout Bool,
    _ octets: UInt64, _ number: Int
  ) {
    for index in range {
      let record = layers[index]
      if record.isQuoted || record.isPart { return }
      guard enter(&place, record.type, isCut: false, octets, number) else {
        isWhole = false
        return
      }
    }
  }

  /// Goes to the place of a protocol below, and counts the packet there once.
  @inline(__always)
  private func enter(
    _ place: inout Int, _ type: (any ErasedLayer.Type)?, isCut: Bool, _ octets: UInt64,
    _ number: Int
  ) -> Bool {
    guard let next = child(of: place, type, isCut: isCut) else { return false }
    place = next
    if nodes[next].frame != number {
      nodes[next].frame = number
      nodes[next].traffic.add(octets)
    }
    return true
  }

  /// The place of a protocol below another, made when it is new; nil when there is no room.
  @inline(__always)
  private func child(of parent: Int, _ type: (any ErasedLayer.Type)?, isCut: Bool) -> Int? {
    var place = nodes[parent].child
    while place != Node.none {
      let node = nodes[Int(place)]
      if Self.isSame(node.type, type), node.isCut == isCut { return Int(place) }
      place = node.sibling
    }
    return append(to: parent, type, isCut)
  }

  @inline(__always)
  private static func isSame(
    _ one: (any ErasedLayer.Type)?, _ other: (any ErasedLayer.Type)?
  ) -> Bool {
    switch (one, other) {
    case (let one?, let other?): ObjectIdentifier(one) == ObjectIdentifier(other)
    case (nil, nil): true
    default: false
    }
  }

  @inline(never)
  private func append(to parent: Int, _ type: (any ErasedLayer.Type)?, _ isCut: Bool) -> Int? {
    guard nodes.count < Self.mostNodes else { return nil }
    let place = Int32(nodes.count)
    nodes.append(
      Node(type: type, isCut: isCut, parent: Int32(parent), depth: nodes[parent].depth + 1))
    // Behind its elders, so that protocols stand in the order of their coming.
    guard nodes[parent].child != Node.none else {
      nodes[parent].child = place
      return Int(place)
    }
    var elder = Int(nodes[parent].child)
    while nodes[elder].sibling != Node.none { elder = Int(nodes[elder].sibling) }
    nodes[elder].sibling = place
    return Int(place)
  }

  /// Places in the order of the tree, without the root.
  var order: [Int] {
    var order: [Int] = []
    func add(_ first: Int32) {
      var place = first
      while place != Node.none {
        order.append(Int(place))
        add(nodes[Int(place)].child)
        place = nodes[Int(place)].sibling
      }
    }
    add(nodes[0].child)
    return order
  }

  /// The names from the outermost protocol to this place.
  func path(_ place: Int) -> String {
    var names: [String] = []
    var place = place
    while place > 0 {
      names.append(nodes[place].name)
      place = Int(nodes[place].parent)
    }
    return names.reversed().joined(separator: ":")
  }

  public func write(to report: any Report) throws {
    report.begin("hierarchy", "Protocol hierarchy")
    let order = order
    let all = nodes[0].traffic
    let table = Table(
      "protocols", "",
      lines: [
        .words("protocol", "protocol"), .number("packets", "packets"),
        .number("packets_percent", "%"), .number("octets", "octets"),
        .number("octets_percent", "%"),
      ], forPrograms: [.words("path", "path")])
    try report.table(table, count: order.count) { index, add in
      let node = nodes[order[index]]
      add(.indented(node.name, by: node.depth))
      add(.number(node.traffic.packets))
      add(.share(node.traffic.packets, of: all.packets))
      add(.number(node.traffic.octets))
      add(.share(node.traffic.octets, of: all.octets))
      add(.text(path(order[index])))
    }
    if leftOut > 0 { report.value("packets_left_out", "packets cut short", .number(leftOut)) }
    report.end()
  }
}
