/// At most five of `words` that are near `word` by edit distance or begin like it, the nearest
/// first: what somebody may have meant.
public func nearestWords(to word: String, among words: [String]) -> [String] {
  let wanted = Array(word.lowercased().utf8.prefix(64))
  guard !wanted.isEmpty else { return [] }
  let bound = max(2, wanted.count / 3)
  var found: [(word: String, distance: Int)] = []
  for candidate in words {
    let octets = Array(candidate.lowercased().utf8.prefix(64))
    let distance = editDistance(wanted, octets, bound: bound)
    if distance <= bound {
      found.append((candidate, distance))
    } else if wanted.count >= 3, octets.starts(with: wanted) {
      found.append((candidate, bound + 1 + octets.count - wanted.count))
    } else if let dot = wanted.firstIndex(of: 46),
      octets.starts(with: wanted[...dot]), octets.count > dot + 1,
      tail(octets, after: dot, overlaps: wanted)
    {
      found.append((candidate, bound + 64))
    }
  }
  found.sort { $0.distance != $1.distance ? $0.distance < $1.distance : $0.word < $1.word }
  var unique: [String] = []
  for match in found where !unique.contains(match.word) {
    unique.append(match.word)
    if unique.count == 5 { break }
  }
  return unique
}

/// Whether two names of one protocol share three letters at the start of their second part.
private func tail(_ octets: [UInt8], after dot: Int, overlaps wanted: [UInt8]) -> Bool {
  let left = octets[(dot + 1)...].prefix(3)
  let right = wanted[(dot + 1)...].prefix(3)
  return right.count == 3 && left.elementsEqual(right)
}

/// Insertions, deletions, substitutions and exchanges of neighbours that lead from one text to the
/// other; any number above `bound` when there are more than that.
private func editDistance(_ left: [UInt8], _ right: [UInt8], bound: Int) -> Int {
  guard abs(left.count - right.count) <= bound else { return bound + 1 }
  var before = [Int](repeating: 0, count: right.count + 1)
  var previous = Array(0...right.count)
  for row in 0..<left.count {
    var current = [row + 1]
    for column in 0..<right.count {
      let same = left[row] == right[column]
      var best = min(
        previous[column] + (same ? 0 : 1), previous[column + 1] + 1, current[column] + 1)
      if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
        best = min(best, before[column - 1] + 1)
      }
      current.append(best)
    }
    before = previous
    previous = current
  }
  return previous[right.count]
}
