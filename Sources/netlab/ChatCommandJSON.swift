import ChatClient
import PacketCore
import Projection

/// `netlab chat -T jsonl`: one object a line.
struct ChatJSONPrinter: ChatPrinter {
  private let tool: String
  private let url: String
  private var received = 0
  private var delivered = 0
  private var undelivered = 0

  init(tool: String, url: String) {
    self.tool = tool
    self.url = url
  }

  mutating func begin(into text: inout TextBuffer) {
    text.append("{\"type\":\"header\",\"schema\":\"netlab/1\",\"tool\":")
    text.append(json: tool)
    member("source", url, &text)
    text.append("}\n")
  }

  mutating func end(into text: inout TextBuffer) {
    text.append("{\"type\":\"end\",\"received\":")
    text.append(UInt64(received))
    text.append(",\"delivered\":")
    text.append(UInt64(delivered))
    text.append(",\"undelivered\":")
    text.append(UInt64(undelivered))
    text.append("}\n")
  }

  mutating func print(_ event: ChatEvent, into text: inout TextBuffer) {
    switch event {
    case .joined(let room, let name, let isFirst, let hasEarlier):
      text.append("{\"type\":\"chat_room\"")
      member("room", room, &text)
      member("name", name, &text)
      text.append(isFirst ? ",\"is_first\":true" : ",\"is_first\":false")
      text.append(hasEarlier ? ",\"has_earlier\":true}\n" : ",\"has_earlier\":false}\n")
    case .message(let message, let isHistory): print(message, isHistory, &text)
    case .members(let names):
      text.append("{\"type\":\"chat_members\",\"members\":[")
      for (index, name) in names.enumerated() {
        if index > 0 { text.append(",") }
        text.append(json: name)
      }
      text.append("]}\n")
    case .delivered(let message, let id):
      delivered += 1
      delivery("delivered", message, id, nil, &text)
    case .delayed(let message): delivery("delayed", message, nil, nil, &text)
    case .refused(let message, let reason):
      undelivered += 1
      delivery("undelivered", message, nil, reason, &text)
    case .remark(let words):
      text.append("{\"type\":\"chat_remark\"")
      member("text", words, &text)
      text.append("}\n")
    case .lost(let reason, _): connection("lost", reason, &text)
    case .over(.left): connection("left", nil, &text)
    case .over(.refused(let words)): connection("refused", words, &text)
    case .over(.failed(let end)): connection("failed", end.words, &text)
    }
  }

  private mutating func print(
    _ message: ChatMessage, _ isHistory: Bool, _ text: inout TextBuffer
  ) {
    received += 1
    text.append("{\"type\":\"chat_message\",\"kind\":")
    text.append(message.isNotice ? "\"notice\"" : "\"message\"")
    identity(message.id, &text)
    if let time = message.time {
      let (seconds, left) = time.quotientAndRemainder(dividingBy: 1000)
      let isBefore = left < 0
      let moment = Timestamp(
        seconds: isBefore ? seconds - 1 : seconds,
        nanoseconds: UInt32(isBefore ? left + 1000 : left) * 1_000_000)
      text.append(",\"ts\":\"")
      text.append(rfc3339: moment)
      text.append("\",\"ts_s\":")
      text.append(moment.seconds)
      text.append(",\"ts_nsec\":")
      text.append(moment.nanoseconds)
    }
    member("sender", message.sender, &text)
    member("text", message.text, &text)
    text.append(message.isOwn ? ",\"is_own\":true" : ",\"is_own\":false")
    text.append(isHistory ? ",\"is_history\":true}\n" : ",\"is_history\":false}\n")
  }

  private func delivery(
    _ state: String, _ message: Outgoing, _ id: ChatMessageID?, _ reason: String?,
    _ text: inout TextBuffer
  ) {
    text.append("{\"type\":\"chat_delivery\"")
    member("state", state, &text)
    member("key", message.key, &text)
    identity(id, &text)
    member("text", message.text, &text)
    if let reason { member("reason", reason, &text) }
    text.append("}\n")
  }

  private func connection(_ state: String, _ reason: String?, _ text: inout TextBuffer) {
    text.append("{\"type\":\"chat_connection\"")
    member("state", state, &text)
    if let reason { member("reason", reason, &text) }
    text.append("}\n")
  }

  private func member(_ key: StaticString, _ value: String, _ text: inout TextBuffer) {
    text.append(",\"")
    text.append(key)
    text.append("\":")
    text.append(json: value)
  }

  private func identity(_ id: ChatMessageID?, _ text: inout TextBuffer) {
    if let id { member("id", id.text, &text) }
  }

  // Nobody asks in a stream of objects.
  mutating func who(into text: inout TextBuffer) {}
  mutating func help(into text: inout TextBuffer) {}
  mutating func note(_ words: String, into text: inout TextBuffer) {}
}
