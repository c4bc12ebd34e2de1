import Protocols

/// Messages that came after a loss, kept back while those before them are fetched: a server sends only
/// the newest of the room by itself.
struct ChatGap {
  /// The last message that was told before the loss.
  let known: Int64
  /// Oldest first.
  private(set) var messages: [ChatMessage]
  /// The acknowledgment that brings the next page.
  var ackID: UInt64?
  private var pages = 0

  /// Pages that are fetched for one loss.
  private static let mostPages = 100

  init(known: Int64, _ messages: [ChatMessage]) {
    self.known = known
    self.messages = messages
  }

  /// Where the page that is missing ends; nil when none is.
  var before: Int64? {
    guard pages < Self.mostPages, let first = messages.first?.id?.value.integer,
      first > known + 1
    else { return nil }
    return first
  }

  /// A message that came meanwhile.
  mutating func append(_ message: ChatMessage) { messages.append(message) }

  /// A page came.
  ///
  /// - Returns: Whether there is another to fetch.
  mutating func take(_ page: [ChatMessage], isCut: Bool) -> Bool {
    pages += 1
    let missing = page.filter { ($0.id?.value.integer).map { $0 > known } ?? false }
    // A server that repeats itself must not be asked for ever.
    let isOlder = (missing.first?.id?.value.integer ?? .max) < (before ?? .min)
    guard isOlder else { return false }
    messages = missing + messages
    return isCut && missing.count == page.count && before != nil
  }
}
