/// When each connection's next frame is due: a binary heap, the earliest first, of equal times the
/// one with the lower place.
struct Agenda: Sendable {
  struct Entry: Sendable {
    var time: Int64
    var place: Int

    func precedes(_ other: Entry) -> Bool {
      time != other.time ? time < other.time : place < other.place
    }
  }

  private var entries: [Entry] = []

  var first: Entry? { entries.first }

  mutating func insert(_ time: Int64, _ place: Int) {
    entries.append(Entry(time: time, place: place))
    var index = entries.count - 1
    while index > 0, entries[index].precedes(entries[(index - 1) / 2]) {
      entries.swapAt(index, (index - 1) / 2)
      index = (index - 1) / 2
    }
  }

  /// Gives the earliest another time, not before its own.
  mutating func replaceFirst(_ time: Int64) {
    guard !entries.isEmpty else { return }
    entries[0].time = time
    sink()
  }

  mutating func removeFirst() {
    guard let last = entries.popLast(), !entries.isEmpty else { return }
    entries[0] = last
    sink()
  }

  private mutating func sink() {
    var index = 0
    while true {
      var least = index
      for child in [2 * index + 1, 2 * index + 2]
      where child < entries.count && entries[child].precedes(entries[least]) {
        least = child
      }
      if least == index { return }
      entries.swapAt(index, least)
      index = least
    }
  }
}
