import Glibc

/// Waits until a followed file has grown, by inotify(7); ends with the user's stop descriptor.
final class FileGrowth {
  enum Event {
    /// There may be more to read.
    case changed
    /// The stop descriptor became readable.
    case stopped
    /// This is no longer the file that was opened: how it went, for a message.
    case replaced(String)
  }

  /// Octets of the file read so far.
  var position: Int

  /// Seen once, to be told when the rest has been read.
  private var moved = false
  private let file: Int32
  private let notifier: Int32
  private let stop: Int32

  init(descriptor: Int32, stop: Int32) {
    file = descriptor
    self.stop = stop
    // Standard input may have been read by somebody else before.
    position = max(Int(lseek(descriptor, 0, SEEK_CUR)), 0)
    notifier = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
    guard notifier >= 0 else { return }
    // Through /proc, so that the file that is open is watched and not one put in its place since.
    // The watch stands before the first read: what is written later cannot be missed.
    let events = UInt32(IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF)
    inotify_add_watch(notifier, "/proc/self/fd/\(descriptor)", events)
  }

  deinit {
    if notifier >= 0 { close(notifier) }
  }

  /// Waits at the end of the file. What was written before it was renamed or removed is read first.
  func wait() -> Event {
    var sources = [
      pollfd(fd: notifier, events: Int16(POLLIN), revents: 0),
      pollfd(fd: stop, events: Int16(POLLIN), revents: 0),
    ]
    var events = [UInt8](repeating: 0, count: 4096)
    while true {
      // Some file systems (network ones, and where watches ran out) send no events.
      let ready = poll(&sources, 2, notifier >= 0 ? 1000 : 200)
      if ready < 0, errno != EINTR { return .changed }
      if ready > 0, sources[1].revents != 0 { return .stopped }
      if ready > 0, sources[0].revents != 0 {
        while case let count = read(notifier, &events, events.count), count > 0 {
          moved = moved || FileGrowth.tellsOfMove(events[..<count])
        }
      }
      var status = stat()
      guard fstat(file, &status) == 0 else { return .replaced("lost") }
      if status.st_size > position { return .changed }
      if status.st_size < position { return .replaced("cut short") }
      if status.st_nlink == 0 { return .replaced("removed") }
      if moved { return .replaced("renamed") }
    }
  }

  /// inotify(7): struct inotify_event is wd, mask, cookie, len, name[len], in host order.
  private static func tellsOfMove(_ events: ArraySlice<UInt8>) -> Bool {
    events.withUnsafeBytes { events in
      var offset = 0
      var moved = false
      while offset + 16 <= events.count {
        let mask = events.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
        let length = events.loadUnaligned(fromByteOffset: offset + 12, as: UInt32.self)
        if mask & UInt32(IN_MOVE_SELF) != 0 { moved = true }
        offset += 16 + Int(length)
      }
      return moved
    }
  }
}
