import Console
import Glibc
import Logging
import SocketServer

/// Log lines on stderr: time, level, message and metadata, one line each whatever is in them.
struct LogLines: LogHandler {
  var metadata: Logger.Metadata = [:]
  var logLevel: Logger.Level

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    write(
      standardError: Self.line(
        event.level, event.message.description, metadata.merging(event.metadata ?? [:]) { $1 },
        at: Self.now()))
  }

  /// The line with its end.
  static func line(
    _ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata, at time: String
  ) -> String {
    var line = "\(time) \(level) \(escaped(message))"
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
      line += " \(escaped(key))=\(quoted(value.description))"
    }
    return line + "\n"
  }

  /// A value that could be taken for more than one is put in quotes.
  private static func quoted(_ value: String) -> String {
    let text = escaped(value)
    let isPlain = !text.isEmpty && !text.contains { $0 == " " || $0 == "\"" || $0 == "=" }
    return isPlain ? text : "\"" + text + "\""
  }

  /// Nobody's name forges a log line, or the end of a value.
  private static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      if scalar == "\"" || scalar == "\\" { result += "\\" }
      result.unicodeScalars.append(scalar)
    }
    return LogText.escape(result)
  }

  /// RFC 3339, UTC.
  private static func now() -> String {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    var parts = tm()
    gmtime_r(&time.tv_sec, &parts)
    func digits(_ value: some BinaryInteger, _ count: Int) -> String {
      let text = String(value)
      return String(repeating: "0", count: max(0, count - text.count)) + text
    }
    return "\(parts.tm_year + 1900)-\(digits(parts.tm_mon + 1, 2))-\(digits(parts.tm_mday, 2))T"
      + "\(digits(parts.tm_hour, 2)):\(digits(parts.tm_min, 2)):\(digits(parts.tm_sec, 2))"
      + ".\(digits(time.tv_nsec / 1_000_000, 3))Z"
  }
}
