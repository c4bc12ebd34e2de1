import PacketCore
import Projection

/// Statistics for programs: one JSON document, an object for each question. Keys are
/// lower_snake_case, numbers are numbers, times are seconds with nine decimals; a row of a table
/// takes a line.
public final class JSONReport: Report {
  private var text = TextBuffer(capacity: 1 << 16)
  private let passOn: (borrowing TextBuffer) throws -> Void
  private var depth = 1
  private var isEmpty = false

  /// - Parameters:
  ///   - tool: Name and version of the program.
  ///   - source: The capture.
  ///   - passOn: Takes the text, whenever some has gathered.
  public init(
    tool: String, source: String, passOn: @escaping (borrowing TextBuffer) throws -> Void
  ) {
    self.passOn = passOn
    text.append("{\n  \"type\": \"stats\",\n  \"schema\": \"netlab/1\",\n  \"tool\": ")
    text.append(json: tool)
    text.append(",\n  \"source\": ")
    text.append(json: source)
  }

  public func begin(_ key: String, _ title: String) {
    member(key)
    text.append("{")
    depth += 1
    isEmpty = true
  }

  public func end() {
    depth -= 1
    if !isEmpty { newLine() }
    text.append("}")
    isEmpty = false
  }

  public func value(_ key: String, _ title: String, _ value: Value) {
    member(key)
    text.append(json: value)
  }

  public func table(_ table: Table, count: Int, row: (Int, (Value) -> Void) -> Void) throws {
    member(table.key)
    text.append("[")
    let columns = table.columns
    for index in 0..<count {
      text.append(index == 0 ? "\n" : ",\n")
      text.append(byte: 32, times: depth * 2 + 2)
      text.append("{")
      var place = 0
      row(index) { value in
        if place > 0 { text.append(", ") }
        append(columns[place], value)
        place += 1
      }
      text.append("}")
      if text.count > 1 << 16 { try passAll() }
    }
    if count > 0 { newLine() }
    text.append("]")
  }

  public func finish() throws {
    text.append("\n}\n")
    try passAll()
  }

  private func append(_ column: Table.Column, _ value: Value) {
    text.append(json: column.hasPort ? column.key + "_address" : column.key)
    text.append(": ")
    text.append(json: value)
    guard column.hasPort, case .end(_, let port?) = value else { return }
    text.append(", ")
    text.append(json: column.key + "_port")
    text.append(": ")
    text.append(port)
  }

  private func member(_ key: String) {
    if !isEmpty { text.append(",") }
    isEmpty = false
    newLine()
    text.append(json: key)
    text.append(": ")
  }

  private func newLine() {
    text.append("\n")
    text.append(byte: 32, times: depth * 2)
  }

  private func passAll() throws {
    try passOn(text)
    text.removeAll()
  }
}

/// The tables of statistics for programs: CSV after RFC 4180, a heading before each table, an
/// empty line between two.
public final class CSVReport: Report {
  private var text = TextBuffer(capacity: 1 << 16)
  private let passOn: (borrowing TextBuffer) throws -> Void
  private var isFirst = true

  /// - Parameter passOn: Takes the text, whenever some has gathered.
  public init(passOn: @escaping (borrowing TextBuffer) throws -> Void) { self.passOn = passOn }

  public func begin(_ key: String, _ title: String) {}
  public func end() {}
  public func value(_ key: String, _ title: String, _ value: Value) {}

  public func table(_ table: Table, count: Int, row: (Int, (Value) -> Void) -> Void) throws {
    if !isFirst { text.append("\r\n") }
    isFirst = false
    let columns = table.columns
    let keys = columns.flatMap { $0.hasPort ? [$0.key + "_address", $0.key + "_port"] : [$0.key] }
    text.append(keys.joined(separator: ","))
    text.append("\r\n")
    for index in 0..<count {
      var place = 0
      row(index) { value in
        if place > 0 { text.append(",") }
        text.append(csv: value)
        if columns[place].hasPort {
          text.append(",")
          if case .end(_, let port?) = value { text.append(port) }
        }
        place += 1
      }
      text.append("\r\n")
      if text.count > 1 << 16 { try finish() }
    }
  }

  public func finish() throws {
    try passOn(text)
    text.removeAll()
  }
}
