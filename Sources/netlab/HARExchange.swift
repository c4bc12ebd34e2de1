import PacketCore
import Projection
import Protocols

/// The objects of HTTP Archive 1.2 for one request and its response.
extension TextBuffer {
  /// `"request":{…}`.
  ///
  /// - Parameters:
  ///   - url: The whole address.
  ///   - body: All codings undone; nil where there is none, or it was not kept.
  mutating func append(
    harRequest head: HTTP, url: String, _ record: LayerRecord, body: [UInt8]?
  ) {
    append("\"request\":{\"method\":")
    append(json: head.method)
    append(",\"url\":")
    append(json: url)
    append(",\"httpVersion\":")
    append(json: head.version)
    let fields = head.fields
    append(",\"cookies\":[")
    var isFirst = true
    for field in fields where field.name.lowercased() == "cookie" {
      for pair in field.value.split(separator: ";") {
        append(harPair: pair, separator: "=", &isFirst)
      }
    }
    append("]")
    append(harHeaders: fields)
    append(",\"queryString\":[")
    isFirst = true
    if let question = head.target.firstIndex(of: "?") {
      for pair in head.target[question...].dropFirst().split(separator: "&") {
        append(harPair: pair, separator: "=", &isFirst)
      }
    }
    append("]")
    if let body {
      let type = head.value(of: "content-type") ?? ""
      append(",\"postData\":{\"mimeType\":")
      append(json: type)
      append(",\"params\":[")
      isFirst = true
      let text = String(validating: body, as: UTF8.self)
      if let text, type.lowercased().hasPrefix("application/x-www-form-urlencoded") {
        for pair in text.split(separator: "&") {
          append(harPair: pair, separator: "=", &isFirst)
        }
      }
      append("],\"text\":")
      if let text {
        append(json: text)
      } else {
        append("\"")
        append(base64: body.span.bytes)
        append("\",\"_encoding\":\"base64\"")
      }
      append("}")
    }
    append(harSizes: head, record)
    append("}")
  }

  /// `"response":{…}`.
  mutating func append(harResponse head: HTTP, _ record: LayerRecord, body: [UInt8]?) {
    append("\"response\":{\"status\":")
    append(UInt64(head.code))
    append(",\"statusText\":")
    append(json: head.phrase)
    append(",\"httpVersion\":")
    append(json: head.version)
    let fields = head.fields
    append(",\"cookies\":[")
    var isFirst = true
    for field in fields where field.name.lowercased() == "set-cookie" {
      guard let pair = field.value.split(separator: ";").first else { continue }
      append(harPair: pair, separator: "=", &isFirst)
    }
    append("]")
    append(harHeaders: fields)
    let size = record.reportedPayloadLength
    append(",\"content\":{\"size\":")
    append(UInt64(body?.count ?? size))
    if let body, body.count != size {
      append(",\"compression\":")
      append(Int64(body.count - size))
    }
    append(",\"mimeType\":")
    append(json: head.value(of: "content-type") ?? "x-unknown")
    if let body {
      append(",\"text\":")
      if let text = String(validating: body, as: UTF8.self) {
        append(json: text)
      } else {
        append("\"")
        append(base64: body.span.bytes)
        append("\",\"encoding\":\"base64\"")
      }
    } else if size > 0 {
      append(",\"comment\":\"the body was not kept\"")
    }
    append("},\"redirectURL\":")
    append(json: head.value(of: "location") ?? "")
    append(harSizes: head, record)
    append("}")
  }

  /// The response of a request that has none, as browsers write it.
  mutating func appendHARNoResponse() {
    append("\"response\":{\"status\":0,\"statusText\":\"\",\"httpVersion\":\"\",\"cookies\":[],")
    append("\"headers\":[],\"content\":{\"size\":0,\"mimeType\":\"x-unknown\"},")
    append("\"redirectURL\":\"\",\"headersSize\":-1,\"bodySize\":-1,\"comment\":\"none was seen\"}")
  }

  /// `"time":…,"timings":{…}`, from nanoseconds; -1 where there is nothing to tell.
  mutating func append(harTimings send: Int64, wait: Int64, receive: Int64) {
    append("\"time\":")
    append(milliseconds: max(send, 0) + max(wait, 0) + max(receive, 0))
    append(",\"timings\":{\"send\":")
    append(milliseconds: max(send, 0))
    append(",\"wait\":")
    append(milliseconds: max(wait, 0))
    append(",\"receive\":")
    append(milliseconds: max(receive, 0))
    append("}")
  }

  private mutating func append(milliseconds nanoseconds: Int64) {
    append(UInt64(nanoseconds / 1_000_000))
    append(".")
    append(UInt64(nanoseconds % 1_000_000), zeroPaddedTo: 6)
  }

  private mutating func append(harHeaders fields: [(name: String, value: String)]) {
    append(",\"headers\":[")
    for (position, field) in fields.enumerated() {
      append(position > 0 ? ",{\"name\":" : "{\"name\":")
      append(json: field.name)
      append(",\"value\":")
      append(json: field.value)
      append("}")
    }
    append("]")
  }

  /// Octets as they were on the wire: the head with its empty line, the body with its codings.
  private mutating func append(harSizes head: HTTP, _ record: LayerRecord) {
    append(",\"headersSize\":")
    append(UInt64(record.headerLength))
    append(",\"bodySize\":")
    append(UInt64(record.reportedPayloadLength))
  }

  private mutating func append(
    harPair pair: Substring, separator: Character, _ isFirst: inout Bool
  ) {
    let parts = pair.split(separator: separator, maxSplits: 1, omittingEmptySubsequences: false)
    let name = (parts.first ?? "").drop { $0 == " " }
    append(isFirst ? "{\"name\":" : ",{\"name\":")
    isFirst = false
    append(json: String(name))
    append(",\"value\":")
    append(json: parts.count > 1 ? String(parts[1]) : "")
    append("}")
  }
}
