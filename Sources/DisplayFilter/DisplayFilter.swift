import PacketCore

/// A display filter in Wireshark's language, ready to be asked about packets.
///
/// Names and types are settled when it is made: a filter that exists can be run on any packet.
public struct DisplayFilter: PacketPredicate {
  /// The filter as it was written.
  public let text: String
  private let program: FilterProgram
  /// Where the names live, for the explanation.
  let index: FieldIndex
  let syntax: FilterSyntax?

  /// - Parameters:
  ///   - text: The filter; one of blanks alone is passed by every packet.
  ///   - registry: The protocols whose fields it may name.
  /// - Throws: `FilterError` that says what is wrong where.
  public init(_ text: String, registry: Registry) throws(FilterError) {
    try self.init(text, index: FieldIndex(registry))
  }

  /// The same with an index that is there already.
  public init(_ text: String, index: FieldIndex) throws(FilterError) {
    try self.init(text, index: index, direct: true)
  }

  /// - Parameter direct: False makes every field be decoded by its layer; for comparison.
  init(_ text: String, index: FieldIndex, direct: Bool) throws(FilterError) {
    self.text = text
    self.index = index
    let octets = Array(text.utf8)
    do throws(Fault) {
      syntax = try FilterParser.parse(octets) { index.entry($0) != nil }
      var test: FilterTest?
      if let syntax { test = try FilterCompiler(index, octets, direct: direct).test(syntax) }
      program = FilterProgram(test)
    } catch {
      throw FilterError(
        error.message, text: text, range: error.range ?? 0..<octets.count,
        suggestions: error.suggestions, command: error.command)
    }
  }

  /// Whether a packet passes.
  public func matches(_ dissection: borrowing Dissection, in frame: RawSpan) -> Bool {
    program.run(dissection, frame)
  }

  /// The names that it asks about.
  var names: [String] {
    guard let syntax else { return [] }
    return FilterWords(text: Array(text.utf8), index: index).names(syntax).map(\.name)
  }
}
