import PacketCore

extension FieldIndex {
  /// At most five names that `name` may have been meant to be, the nearest first.
  public func nearest(to name: String) -> [String] {
    nearestWords(to: name, among: entries.map(\.name))
  }

  /// The command that lists the fields around `name`.
  func command(for name: String) -> String {
    let first = name.lowercased().split(separator: ".", maxSplits: 1).first.map(String.init) ?? ""
    if !first.isEmpty, entry(first) != nil { return "netlab fields \(first)" }
    if let near = nearest(to: name).first, let layer = entry(near)?.layer, !layer.isEmpty {
      return "netlab fields \(layer)"
    }
    return "netlab fields"
  }
}
