import NIOCore

/// Whoever wants to be called at a time.
protocol DeadlineOwner: AnyObject {
  func deadlineCame(_ now: NIODeadline)
}

/// One time that its owner waits for.
final class Deadline {
  fileprivate(set) var time = NIODeadline.distantFuture
  fileprivate var place = -1
  weak var owner: (any DeadlineOwner)?

  var isSet: Bool { place >= 0 }
}

/// All times that a server waits for: a binary heap whose entries know their places, so that moving
/// and cancelling one of ten thousand costs a few steps. The event loop's own timers search.
struct DeadlineHeap {
  private var entries: [Deadline] = []

  /// The next time; nil when nothing is waited for.
  var first: NIODeadline? { entries.first?.time }

  /// Sets or moves.
  mutating func set(_ deadline: Deadline, to time: NIODeadline) {
    if deadline.place < 0 {
      deadline.time = time
      deadline.place = entries.count
      entries.append(deadline)
      rise(deadline.place)
    } else {
      let before = deadline.time
      deadline.time = time
      if time < before { rise(deadline.place) } else { sink(deadline.place) }
    }
  }

  mutating func cancel(_ deadline: Deadline) {
    let place = deadline.place
    guard place >= 0 else { return }
    let last = entries.count - 1
    swap(place, last)
    entries.removeLast()
    deadline.place = -1
    if place < last {
      rise(place)
      sink(place)
    }
  }

  /// Takes out what is due.
  mutating func next(due now: NIODeadline) -> Deadline? {
    guard let first = entries.first, first.time <= now else { return nil }
    cancel(first)
    return first
  }

  private mutating func swap(_ one: Int, _ other: Int) {
    entries.swapAt(one, other)
    entries[one].place = one
    entries[other].place = other
  }

  private mutating func rise(_ from: Int) {
    var place = from
    while place > 0 {
      let parent = (place - 1) / 2
      guard entries[place].time < entries[parent].time else { return }
      swap(place, parent)
      place = parent
    }
  }

  private mutating func sink(_ from: Int) {
    var place = from
    while true {
      var least = place
      for child in [2 * place + 1, 2 * place + 2]
      where child < entries.count && entries[child].time < entries[least].time { least = child }
      guard least != place else { return }
      swap(place, least)
      place = least
    }
  }
}
