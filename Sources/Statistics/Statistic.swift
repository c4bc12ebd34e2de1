import PacketCore

/// One question about a whole capture, answered in one pass over its packets: what `netlab stats`
/// can be asked. A statistic more is a file more with a conforming type.
///
/// `take` runs for every packet: no String, Array or class instance is made in it, and what it
/// keeps is bounded.
public protocol Statistic: AnyObject {
  /// Counts one packet.
  ///
  /// - Parameters:
  ///   - dissection: The packet, dissected.
  ///   - frame: The frame's octets.
  func take(_ dissection: borrowing Dissection, _ frame: RawSpan)

  /// The capture has ended: takes the messages that its end completes. No packet is counted.
  ///
  /// - Parameters:
  ///   - dissection: Those messages, in the place of the last packet.
  ///   - frame: No octets.
  func end(_ dissection: borrowing Dissection, _ frame: RawSpan)

  /// Writes what was counted.
  /// - Throws: What the report's destination throws, and `StatisticError`.
  func write(to report: any Report) throws
}

extension Statistic {
  public func end(_ dissection: borrowing Dissection, _ frame: RawSpan) {}
}

/// Why a statistic cannot be given.
public struct StatisticError: Error {
  /// What is wrong, a sentence without a full stop.
  public let message: String
  /// What to do about it.
  public let remedy: String
}

/// Where statistics are written: text, JSON or CSV. The same values stand behind all of them.
public protocol Report: AnyObject {
  /// Begins the part that answers one question.
  ///
  /// - Parameters:
  ///   - key: Its name for programs, lower_snake_case.
  ///   - title: Its heading for people.
  func begin(_ key: String, _ title: String)
  /// Ends that part.
  func end()
  /// One value with its name.
  func value(_ key: String, _ title: String, _ value: Value)
  /// Rows of values.
  ///
  /// - Parameters:
  ///   - count: How many rows there are.
  ///   - row: Hands the values of the row with this number to its second argument, one for each
  ///     column; called more than once for the same row.
  /// - Throws: What the destination throws.
  func table(_ table: Table, count: Int, row: (Int, (Value) -> Void) -> Void) throws
  /// Ends the report and passes all of it on.
  /// - Throws: What the destination throws.
  func finish() throws
}

/// One value in a report.
public enum Value: Sendable {
  /// A count.
  case number(UInt64)
  /// Words.
  case text(String)
  /// Several words; programs get them apart.
  case list([String])
  /// Words in a tree of this depth; programs get the words alone.
  case indented(String, by: Int)
  /// An address, and a port where it has one; programs get the two apart.
  case end(Address, port: UInt16?)
  /// Nanoseconds; people see seconds with six decimals, programs seconds with nine.
  case seconds(Int64)
  /// Nanoseconds; people see milliseconds with three decimals, programs seconds with nine.
  case milliseconds(Int64)
  /// A part of a whole, in percent with two decimals.
  case share(UInt64, of: UInt64)
  /// A moment, RFC 3339.
  case moment(Timestamp)
  /// No value.
  case nothing
}

/// The columns of a table.
public struct Table {
  /// One column: a value of each row.
  public struct Column {
    /// Its name for programs, lower_snake_case.
    public let key: String
    /// Its heading for people.
    public let title: String
    /// Words and addresses stand to the left, numbers to the right.
    public let isWords: Bool
    /// Whether its values are addresses with a port, two columns for programs.
    public let hasPort: Bool

    /// A column of numbers.
    public static func number(_ key: String, _ title: String) -> Column {
      Column(key: key, title: title, isWords: false, hasPort: false)
    }
    /// A column of words or addresses.
    public static func words(_ key: String, _ title: String, hasPort: Bool = false) -> Column {
      Column(key: key, title: title, isWords: true, hasPort: hasPort)
    }
  }

  /// Its name for programs, lower_snake_case.
  public let key: String
  /// Its heading for people; none when empty.
  public let title: String
  /// The lines of text that one row takes, each a column or a gap in each place, so that what
  /// belongs together stands one below the other.
  public let lines: [[Column?]]
  /// Columns that people do not need.
  public let forPrograms: [Column]

  /// See the properties.
  public init(_ key: String, _ title: String, lines: [Column?]..., forPrograms: [Column] = []) {
    self.key = key
    self.title = title
    self.lines = lines
    self.forPrograms = forPrograms
  }

  /// All columns in the order in which rows hand over their values: line by line, then those for
  /// programs.
  public var columns: [Column] { lines.flatMap { $0.compactMap { $0 } } + forPrograms }
}
