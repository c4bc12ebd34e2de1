import PacketCore
import Protocols
import Testing

/// Laws that hold for every protocol of the registry, those of later work included: nothing here
/// names a protocol unless it is excused from a rule.
@Suite struct LayerLaws {
  /// Calls back with every layer of every packet of every capture.
  private func eachLayer(
    _ body: (CaptureFolder.Packet, LayerRecord, [UInt8], borrowing Walk) -> Void
  ) {
    for (_, packets) in CaptureFolder.captures {
      var walk = Walk()
      for packet in packets {
        walk.take(packet)
        for record in walk.dissection.layers {
          body(packet, record, walk.octets(of: record, frame: packet.octets), walk)
        }
      }
    }
  }

  @Test func thereAreCaptures() {
    #expect(CaptureFolder.captures.count >= 10)
    #expect(CaptureFolder.captures.allSatisfy { !$0.packets.isEmpty })
  }

  @Test func everyLayerIsMet() {
    var met: Set<String> = []
    eachLayer { _, record, _, _ in met.insert(record.type.description.name) }
    // Of Fernet only what `-d` names is a token yet.
    for layer in Registry.standard.layers where layer.description.name != "fernet" {
      #expect(met.contains(layer.description.name), "no capture holds \(layer.description.name)")
    }
  }

  @Test func writingIsTheInverseOfReading() {
    eachLayer { packet, record, bytes, walk in
      guard !record.isPart else { return }
      let name = record.type.description.name
      let header = Array(bytes[record.header])
      let written = record.type.rewrite(bytes.span.bytes, record)
      #expect(
        written == header,
        "\(packet.capture) frame \(walk.dissection.frame.number): \(name) is written differently")
    }
  }

  @Test func layersLieInsideTheirBuffers() {
    eachLayer { packet, record, bytes, walk in
      #expect(
        record.range.upperBound <= bytes.count, "\(packet.capture) \(walk.dissection.frame.number)")
    }
  }

  /// Fields whose octets stand behind the header, where the payload or a trailer is.
  private static let beyondHeader: Set<String> = [
    "eth.padding", "eth.trailer", "eth.fcs", "vlan.trailer", "udp.payload", "tcp.payload",
    "tcp.segment_data", "http.file_data", "http.chunked",
    "http.chunk", "http.chunk_size", "http.chunk_data", "http.chunk_boundary",
    "http.chunked_trailer_part", "websocket.masked_payload", "websocket.payload",
    "websocket.payload.continue", "websocket.payload.text", "websocket.payload.binary",
    "websocket.payload.close", "websocket.payload.close.status_code",
    "websocket.payload.close.reason", "websocket.payload.ping", "websocket.payload.pong",
    "eio_binary.data", "sio.event", "sio.arg", "sio.data", "sio.sid",
    "sio.error", "sio_attachment.data", "chat.room", "chat.sender", "chat.message", "chat.notice",
    "chat.member", "chat.error",
  ]

  @Test func fieldsLieInsideTheirHeaders() {
    eachLayer { packet, record, bytes, walk in
      for item in walk.fields(of: record, frame: packet.octets) {
        guard let place = item.place else { continue }
        let room = Self.beyondHeader.contains(item.field.name) ? 0..<bytes.count : record.header
        #expect(
          place.lowerBound >= room.lowerBound && place.upperBound <= room.upperBound,
          "\(packet.capture) frame \(walk.dissection.frame.number): \(item.field.name) at \(place)")
      }
    }
  }

  @Test func fieldsWithAFixedPlaceSayWhatStandsThere() {
    eachLayer { packet, record, bytes, walk in
      for item in walk.fields(of: record, frame: packet.octets) {
        guard item.field.place != nil, let place = item.place, place.count <= 16 else { continue }
        let octets = Array(bytes[place])
        let found = Self.number(octets.suffix(8))
        let mask = item.field.mask ?? .max
        let masked = (found & mask) >> UInt64(truncatingIfNeeded: mask.trailingZeroBitCount)
        let agrees: Bool =
          switch item.value {
          case .unsigned(let value): value == masked
          case .boolean(let value): value == (masked != 0)
          case .ipv4(let address): UInt64(address.value) == found
          case .mac(let address): address.value == found
          case .ipv6(let address):
            address.high == Self.number(octets.prefix(8)) && address.low == found
          default: true
          }
        #expect(
          agrees,
          "\(packet.capture) frame \(walk.dissection.frame.number): \(item.field.name) is \(item.value)"
        )
      }
    }
  }

  private static func number(_ octets: ArraySlice<UInt8>) -> UInt64 {
    octets.reduce(0) { $0 << 8 | UInt64($1) }
  }

  @Test func askingForOneFieldGivesWhatAllGive() {
    eachLayer { packet, record, bytes, walk in
      let all = walk.fields(of: record, frame: packet.octets)
      for field in Set(all.map { ObjectIdentifier($0.field) }) {
        guard let wanted = all.first(where: { ObjectIdentifier($0.field) == field })?.field else {
          continue
        }
        var sink = FieldSink(wanted: wanted)
        record.type.collect(bytes.span.bytes, record, in: walk.dissection, into: &sink)
        #expect(
          sink.items.map(\.value) == all.filter { $0.field === wanted }.map(\.value),
          "\(packet.capture) frame \(walk.dissection.frame.number): \(wanted.name)")
      }
    }
  }

  @Test func namesBelongToOneProtocol() {
    var owners: [String: String] = [:]
    for layer in Registry.standard.layers {
      let description = layer.description
      // A name for other fields may be another protocol's own: `ip.version` is IPv6's too.
      let fields = description.fields.filter { $0.info.members.isEmpty }
      for name in fields.map(\.info.name) + description.findings.map(\.name) {
        let owner = owners.updateValue(description.name, forKey: name)
        #expect(owner == nil, "\(name) is declared by \(owner ?? "") and \(description.name)")
      }
    }
  }

  @Test func namesThatStandForOthersNameFieldsThatExist() {
    var names: Set<String> = []
    for layer in Registry.standard.layers {
      names.formUnion(layer.description.fields.map(\.info.name))
    }
    for layer in Registry.standard.layers {
      for field in layer.description.fields.map(\.info) {
        for member in field.members {
          #expect(names.contains(member), "\(field.name) stands for \(member)")
        }
      }
    }
  }

  @Test func protocolNamesAreUnique() {
    let names = Registry.standard.layers.map { $0.description.name }
    #expect(Set(names).count == names.count)
  }

  @Test func findingsAreDeclared() {
    eachLayer { packet, _, _, walk in
      for finding in walk.dissection.findings {
        let layer = walk.dissection.layers[finding.layer].type.description
        let known = layer.findings + FindingKind.general
        #expect(
          known.contains { $0 === finding.kind }, "\(packet.capture): \(finding.kind.name)")
      }
    }
  }

  @Test func everyPacketHasAHeadingForEveryLayer() {
    eachLayer { packet, record, bytes, walk in
      var text = TextBuffer(capacity: 256)
      record.type.writeHeading(bytes.span.bytes, record, in: walk.dissection, into: &text)
      #expect(text.count > 0, "\(packet.capture) \(record.type.description.name)")
    }
  }
}
