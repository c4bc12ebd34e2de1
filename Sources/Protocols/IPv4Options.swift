import PacketCore

/// One option of an IPv4 header. RFC 791 section 3.1, "Options".
///
/// ```
/// +----------+-----------+------------------ - -
/// | type, 1  | length, 1 | data               types 0 and 1 are one octet alone
/// +----------+-----------+------------------ - -
/// ```
public struct IPv4Option: Sendable, Equatable {
  /// Copy flag, class and number of the option.
  public var type: UInt8
  /// The length octet; nil for the two types that have none, and where the header ends before it.
  public var length: UInt8?
  /// Octets from the first option octet.
  public var start: Int
  /// Octets from the first option octet to behind this option.
  public var end: Int
  /// What stands behind the length octet.
  public var data: [UInt8]
  /// The length octet names less than itself, more than there is, or not what the type needs.
  public var isBroken: Bool

  static let endOfList: UInt8 = 0
  static let noOperation: UInt8 = 1
  static let recordRoute: UInt8 = 7
  static let timeStamp: UInt8 = 68
  static let traceRoute: UInt8 = 82
  static let security: UInt8 = 130
  static let looseRoute: UInt8 = 131
  static let streamIdentifier: UInt8 = 136
  static let strictRoute: UInt8 = 137
  static let routerAlert: UInt8 = 148

  static let names: ValueNames = [
    0: "End of Options List (EOL)", 1: "No-Operation (NOP)", 7: "Record Route",
    11: "MTU Probe", 12: "MTU Reply", 25: "Quick-Start", 68: "Time Stamp", 82: "Traceroute",
    130: "Security", 131: "Loose Source Route", 133: "Extended Security",
    134: "Commercial Security",
    136: "Stream ID", 137: "Strict Source Route", 148: "Router Alert",
  ]
  /// The option's number alone, without the copy flag and class.
  static let numbers: ValueNames = [
    0: "End of Option List (EOL)", 1: "No-Operation (NOP)", 2: "Security",
    3: "Loose source route", 4: "Time stamp", 5: "Extended security", 6: "Commercial IP security",
    7: "Record route", 8: "Stream identifier", 9: "Strict source route",
    10: "Experimental Measurement", 11: "MTU probe", 12: "MTU Reply",
    13: "Experimental flow control", 14: "Expermental access control", 18: "IP Traceroute",
    19: "Address extension", 20: "Router Alert", 21: "Selective Directed Broadcast",
    23: "Dynamic Packet State", 24: "Upstream Multicast Packet", 25: "Quick-Start",
    30: "RFC3692-style experiment",
  ]
  static let classes: ValueNames = [
    0: "Control", 1: "Reserved for future use", 2: "Debugging and measurement",
    3: "Reserved for future use",
  ]
  static let timeStampFlags: ValueNames = [
    0: "Time stamps only", 1: "Time stamp and address", 3: "Time stamps for prespecified addresses",
  ]

  var isRoute: Bool {
    type == Self.recordRoute || type == Self.looseRoute || type == Self.strictRoute
  }
  var hasPointer: Bool { (isRoute || type == Self.timeStamp) && !data.isEmpty }
  /// Octet of the option, counted from 1, where the next address or time stamp goes.
  var pointer: UInt8 { data.first ?? 0 }

  /// The line of the tree.
  var heading: String {
    let name = Self.names[type].map { "IP Option - \($0)" } ?? "IP Option - Unknown (\(type))"
    return end - start > 1 ? "\(name) (\(end - start) bytes)" : name
  }

  /// A number of `count` octets at `offset` behind the option's first octet.
  func number(at offset: Int, _ count: Int) -> UInt64? {
    let from = offset - 2
    guard from >= 0, from + count <= data.count else { return nil }
    return data[from..<from + count].reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// The addresses of a route option with their offsets in the option.
  func addresses() -> [(offset: Int, address: IPv4Address)] {
    guard isRoute else { return [] }
    return stride(from: 3, to: 2 + data.count - 3, by: 4).compactMap { offset in
      number(at: offset, 4).map { (offset, IPv4Address(UInt32(truncatingIfNeeded: $0))) }
    }
  }

  /// Octets that the type needs, length and type included; nil where any will do.
  static func isRightLength(_ type: UInt8, _ length: UInt8) -> Bool {
    switch type {
    case recordRoute, looseRoute, strictRoute: length >= 3
    case timeStamp, 11, 12, routerAlert, streamIdentifier:
      type == timeStamp ? length >= 4 : length == 4
    case traceRoute: length == 12
    case 25: length == 8
    default: length >= 2
    }
  }
}

extension HeaderOptions {
  /// Goes through an IPv4 header's options until their end, the list's or the first length that
  /// cannot be.
  func eachIPv4Option(_ body: (IPv4Option) -> Void) {
    var start = 0
    while start < count {
      let type = self[start]
      if type == IPv4Option.endOfList || type == IPv4Option.noOperation {
        body(
          IPv4Option(
            type: type, length: nil, start: start, end: start + 1, data: [], isBroken: false))
        if type == IPv4Option.endOfList { return }
        start += 1
        continue
      }
      guard start + 1 < count else {
        body(
          IPv4Option(
            type: type, length: nil, start: start, end: count, data: [], isBroken: true))
        return
      }
      let length = self[start + 1]
      let end = start + Int(length)
      let isUsable = length >= 2 && end <= count
      let last = isUsable ? end : count
      let data = (min(start + 2, last)..<last).map { self[$0] }
      body(
        IPv4Option(
          type: type, length: length, start: start, end: last, data: data,
          isBroken: !isUsable || !IPv4Option.isRightLength(type, length)))
      guard isUsable else { return }
      start = end
    }
  }
}

extension IPv4 {
  /// Where the packet goes in the end: behind a source route that is not used up, its last
  /// address. RFC 791, "Loose Source and Record Route".
  public var finalDestination: IPv4Address {
    guard options.count > 0 else { return destination }
    var final = destination
    options.eachIPv4Option { option in
      guard option.type == IPv4Option.looseRoute || option.type == IPv4Option.strictRoute,
        let length = option.length, option.pointer <= length, let last = option.addresses().last
      else { return }
      final = last.address
    }
    return final
  }

  func inspectOptions(at index: Int, in dissection: inout Dissection) {
    var noOperations = 0
    var broken: (type: UInt8, length: UInt8)?
    options.eachIPv4Option { option in
      noOperations = option.type == IPv4Option.noOperation ? noOperations + 1 : noOperations
      if option.isBroken, broken == nil { broken = (option.type, option.length ?? 0) }
    }
    if noOperations >= 4 { dissection.add(Self.fourNoOperations, at: index) }
    if let broken {
      dissection.add(
        Self.invalidOptionLength, at: index, found: UInt64(broken.type),
        expected: UInt64(broken.length))
    }
  }
}

extension IPv4Option {
  static let fields: [Field<IPv4Option>] = [
    .number(
      "ip.opt.type", "Type", at: 0..<1,
      children: [
        .flag("ip.opt.type.copy", "Copy on fragmentation", at: 0..<1, mask: 0x80) {
          $0.type & 0x80 != 0
        },
        .number(
          "ip.opt.type.class", "Class", at: 0..<1, mask: 0x60, label: classes.label
        ) { $0.type >> 5 & 3 },
        .number(
          "ip.opt.type.number", "Number", at: 0..<1, mask: 0x1f, label: numbers.label
        ) { $0.type & 31 },
      ]
    ) { $0.type },
    .number("ip.opt.len", "Length", bits: 8, at: { _ in 1..<2 }) { $0.length },
    .number("ip.opt.ptr", "Pointer", bits: 8, at: { _ in 2..<3 }) {
      $0.hasPointer ? $0.pointer : nil
    },
    .list("ip.rec_rt", "Recorded Route", .ipv4) { option, _, _, emit in
      for (offset, address) in option.addresses() where offset + 1 < Int(option.pointer) {
        emit(.ipv4(address), offset..<offset + 4)
      }
    },
    .list("ip.src_rt", "Source Route", .ipv4) { option, _, _, emit in
      guard option.type != recordRoute else { return }
      // The last address of a route that is not used up is the packet's destination.
      for (offset, address) in option.addresses().dropLast()
      where offset + 1 >= Int(option.pointer) {
        emit(.ipv4(address), offset..<offset + 4)
      }
    },
    .list("ip.empty_rt", "Empty Route", .ipv4) { option, _, _, emit in
      guard option.type == recordRoute else { return }
      for (offset, address) in option.addresses() where offset + 1 >= Int(option.pointer) {
        emit(.ipv4(address), offset..<offset + 4)
      }
    },
    .number("ip.opt.overflow", "Overflow", bits: 8, at: { _ in 3..<4 }) {
      $0.type == timeStamp ? $0.number(at: 3, 1).map { $0 >> 4 } : nil
    },
    .number(
      "ip.opt.flag", "Flag", bits: 8, base: .hexadecimal, label: timeStampFlags.label,
      at: { _ in 3..<4 }
    ) { $0.type == timeStamp ? $0.number(at: 3, 1).map { $0 & 15 } : nil },
    .list("ip.opt.time_stamp_addr", "Address", .ipv4) { option, _, _, emit in
      option.eachTimeStamp { place, address, _ in
        if let address { emit(.ipv4(address), place..<place + 4) }
      }
    },
    .list("ip.opt.time_stamp", "Time stamp", .unsigned) { option, _, _, emit in
      option.eachTimeStamp { place, address, time in
        let at = address == nil ? place : place + 4
        emit(.unsigned(time), at..<at + 4)
      }
    },
    .number("ip.opt.ra", "Router Alert", bits: 16, at: { _ in 2..<4 }) {
      $0.type == routerAlert ? $0.number(at: 2, 2) : nil
    },
    .number("ip.opt.sid", "Stream Identifier", bits: 16, at: { _ in 2..<4 }) {
      $0.type == streamIdentifier ? $0.number(at: 2, 2) : nil
    },
    .number("ip.opt.mtu", "MTU", bits: 16, at: { _ in 2..<4 }) {
      $0.type == 11 || $0.type == 12 ? $0.number(at: 2, 2) : nil
    },
    .number("ip.opt.id_number", "ID Number", bits: 16, at: { _ in 2..<4 }) {
      $0.type == traceRoute ? $0.number(at: 2, 2) : nil
    },
    .number("ip.opt.ohc", "Outbound Hop Count", bits: 16, at: { _ in 4..<6 }) {
      $0.type == traceRoute ? $0.number(at: 4, 2) : nil
    },
    .number("ip.opt.rhc", "Return Hop Count", bits: 16, at: { _ in 6..<8 }) {
      $0.type == traceRoute ? $0.number(at: 6, 2) : nil
    },
    .derived("ip.opt.originator", "Originator IP Address", .ipv4, at: { _ in 8..<12 }) {
      option, _, _ in
      option.type == traceRoute
        ? option.number(at: 8, 4).map { .ipv4(IPv4Address(UInt32(truncatingIfNeeded: $0))) } : nil
    },
    .octets("ip.opt.data", "Data") { option in
      option.type == security || names[option.type] == nil
        ? min(2, option.end - option.start)..<option.end - option.start : nil
    },
  ]

  /// Goes through a time stamp option's entries: place of the entry, its address when it has one,
  /// milliseconds since midnight UT. RFC 791, "Internet Timestamp".
  private func eachTimeStamp(_ body: (Int, IPv4Address?, UInt64) -> Void) {
    guard type == Self.timeStamp, let flags = number(at: 3, 1) else { return }
    let hasAddress = flags & 15 != 0
    var place = 4
    while let first = number(at: place, 4) {
      if hasAddress {
        guard let time = number(at: place + 4, 4) else { return }
        body(place, IPv4Address(UInt32(truncatingIfNeeded: first)), time)
        place += 8
      } else {
        body(place, nil, first)
        place += 4
      }
    }
  }
}
