import NIOCore
import Protocols

/// Sockets that get the same: a room. A message is encoded once, and its frame is the same octets for
/// all who get it uncompressed.
///
/// A socket that is gone has left. Only on the server's event loop.
public final class SocketGroup {
  private var members: [Socket] = []
  private var links: [SocketLink] = []
  private var places: [ObjectIdentifier: Int] = [:]

  public init() {}

  public var count: Int { members.count }
  public var isEmpty: Bool { members.isEmpty }
  /// In no order.
  public var sockets: [Socket] { members }

  public func contains(_ socket: Socket) -> Bool {
    guard let link = socket.link?.value else { return false }
    return places[ObjectIdentifier(link)] != nil
  }

  /// Takes a socket in, once.
  public func join(_ socket: Socket) {
    guard let link = socket.link?.value, link.isConnected, link.session != nil,
      places[ObjectIdentifier(link)] == nil
    else { return }
    places[ObjectIdentifier(link)] = members.count
    members.append(socket)
    links.append(link)
    link.groups.append(self)
  }

  public func leave(_ socket: Socket) {
    guard let link = socket.link?.value else { return }
    link.groups.removeAll { $0 === self }
    forget(link)
  }

  /// Lets all go.
  public func removeAll() {
    for link in links { link.groups.removeAll { $0 === self } }
    members = []
    links = []
    places = [:]
  }

  func forget(_ link: SocketLink) {
    guard let place = places.removeValue(forKey: ObjectIdentifier(link)) else { return }
    let last = members.count - 1
    if place < last {
      members.swapAt(place, last)
      links.swapAt(place, last)
      places[ObjectIdentifier(links[place])] = place
    }
    members.removeLast()
    links.removeLast()
  }

  /// Sends an event to all.
  ///
  /// - Parameter socket: Gets nothing.
  public func emit(
    _ event: String, _ arguments: [JSONValue], except socket: Socket? = nil
  ) {
    send(except: socket) { .event(event, arguments, namespace: $0) }
  }

  /// Sends an event on as it came: its JSON text is not read or written again.
  public func relay(_ event: SocketEvent, except socket: Socket? = nil) {
    guard let payload = event.payload else {
      return emit(event.name, event.arguments, except: socket)
    }
    send(except: socket, payload: payload) { .event(event.name, [], namespace: $0) }
  }

  private func send(
    except: Socket?, payload: [UInt8]? = nil, _ packet: (String) -> SocketIOPacket
  ) {
    guard let first = members.first else { return }
    var namespace = first.namespace
    var shared = Self.shared(namespace, payload, packet)
    for place in members.indices {
      let member = members[place]
      if let except, member === except { continue }
      if member.namespace != namespace {
        namespace = member.namespace
        shared = Self.shared(namespace, payload, packet)
      }
      links[place].session?.engine?.send(&shared)
    }
  }

  private static func shared(
    _ namespace: String, _ payload: [UInt8]?, _ packet: (String) -> SocketIOPacket
  ) -> EngineSession.Shared {
    if let payload {
      var text: [UInt8] = [0x34, 0x32]
      if namespace != "/" { text += Array(namespace.utf8) + [0x2c] }
      return EngineSession.Shared(text: text + payload)
    }
    let encoded = packet(namespace).encoded
    return EngineSession.Shared(text: [0x34] + encoded.text, attachments: encoded.attachments)
  }
}
