import ArgumentParser
import Capture
import Console
import PacketCore

/// `netlab interfaces`: what can be captured on.
struct InterfacesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "interfaces",
    abstract: "List what can be captured on. Needs no privilege.",
    discussion: """
      Examples:
        netlab interfaces
        sudo netlab capture -i 2
      """)

  func run() throws {
    let list = try InterfaceList.current().interfaces
    var output = StandardOutput()
    let nameWidth = list.map(\.name.count).max() ?? 0
    for interface in list {
      append(interface, nameWidth, to: &output.buffer)
    }
    // One obstacle for all of them is told once.
    if let obstacle = list.first?.obstacle, list.allSatisfy({ $0.obstacle != nil }) {
      output.buffer.append("\n\(obstacle.message)\n  \(obstacle.remedy)\n")
    }
    try output.flush()
  }

  private func append(
    _ interface: NetworkInterface, _ nameWidth: Int, to text: inout TextBuffer
  ) {
    var start = text.count
    text.append(UInt64(interface.number))
    text.alignRight(from: start, to: 2)
    text.append(". ")
    start = text.count
    text.append(interface.name)
    text.pad(from: start, to: nameWidth)
    text.append("  ")
    start = text.count
    let state = [
      interface.isUp ? "up" : "down", interface.isRunning ? "running" : "",
      interface.isLoopback ? "loopback" : "", interface.isWireless ? "wireless" : "",
    ].filter { !$0.isEmpty }
    text.append(state.joined(separator: " "))
    text.pad(from: start, to: 20)
    var isFirst = true
    for address in interface.addresses where address.family != .none {
      text.append(isFirst ? "  " : ", ")
      isFirst = false
      text.append(address)
    }
    if isFirst, !interface.description.isEmpty {
      text.append("  ")
      text.append(interface.description)
    }
    text.append("\n")
  }
}
