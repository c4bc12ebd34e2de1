import PacketCore

/// What is wrong with a head by itself: one bit each, named by `HTTP.faultKinds`.
struct HTTPFaults: OptionSet, Equatable {
  let rawValue: UInt64
  static let leadingLines = HTTPFaults(rawValue: 1 << 0)
  static let bareLineFeed = HTTPFaults(rawValue: 1 << 1)
  static let startLine = HTTPFaults(rawValue: 1 << 2)
  static let version = HTTPFaults(rawValue: 1 << 3)
  static let folded = HTTPFaults(rawValue: 1 << 4)
  static let noColon = HTTPFaults(rawValue: 1 << 5)
  static let spaceBeforeColon = HTTPFaults(rawValue: 1 << 6)
  static let fieldName = HTTPFaults(rawValue: 1 << 7)
  static let fieldValue = HTTPFaults(rawValue: 1 << 8)
  static let hostMissing = HTTPFaults(rawValue: 1 << 9)
  static let hostRepeated = HTTPFaults(rawValue: 1 << 10)
  static let badLength = HTTPFaults(rawValue: 1 << 11)
  static let lengthRepeated = HTTPFaults(rawValue: 1 << 12)
  static let lengthConflict = HTTPFaults(rawValue: 1 << 13)
  static let codingAndLength = HTTPFaults(rawValue: 1 << 14)
  static let unknownCoding = HTTPFaults(rawValue: 1 << 15)
  static let codingInOldVersion = HTTPFaults(rawValue: 1 << 16)
  static let chunkedNotLast = HTTPFaults(rawValue: 1 << 17)
  static let bodyForbidden = HTTPFaults(rawValue: 1 << 18)
  // From here on: what is wrong with the body, or with the stream.
  static let headTooLong = HTTPFaults(rawValue: 1 << 19)
  static let headCut = HTTPFaults(rawValue: 1 << 20)
  static let bodyCut = HTTPFaults(rawValue: 1 << 21)
  static let bodyGap = HTTPFaults(rawValue: 1 << 22)
  static let chunkSize = HTTPFaults(rawValue: 1 << 23)
  static let chunkEnd = HTTPFaults(rawValue: 1 << 24)
  static let bodyTooLong = HTTPFaults(rawValue: 1 << 25)
  static let inflationFailed = HTTPFaults(rawValue: 1 << 26)
  static let inflationLimit = HTTPFaults(rawValue: 1 << 27)
  static let notHTTP = HTTPFaults(rawValue: 1 << 28)
  static let unasked = HTTPFaults(rawValue: 1 << 29)
  static let tooManyRequests = HTTPFaults(rawValue: 1 << 30)
  static let badJSONP = HTTPFaults(rawValue: 1 << 31)
}

extension HTTP {
  private static func kind(
    _ name: String, _ message: String, _ severity: FindingKind.Severity,
    _ group: FindingKind.Group = .protocolError
  ) -> FindingKind { FindingKind(name, message, severity, group) }

  /// The finding of each bit of `HTTPFaults`, in their order.
  static let faultKinds: [FindingKind] = [
    kind(
      "http.leading_crlf",
      "Leading CRLF previous message in the stream may have extra CRLF (RFC 9112 section 2.2)",
      .note),
    kind("http.bare_lf", "A line of the head ends in a bare LF (RFC 9112 section 2.2)", .note),
    kind(
      "http.bad_start_line",
      "The start line is neither method SP target SP version nor version SP code SP phrase"
        + " (RFC 9112 sections 3 and 4)", .warning),
    kind("http.bad_version", "The version is not HTTP/1.x (RFC 9112 section 2.3)", .warning),
    kind(
      "http.folded_line", "A field is continued on the next line (RFC 9112 section 5.2)", .warning),
    kind("http.no_colon", "A line of the head has no colon (RFC 9112 section 5)", .warning),
    kind(
      "http.space_before_colon",
      "Whitespace between field name and colon (RFC 9112 section 5.1: to be rejected)", .warning),
    kind("http.bad_header_name", "Illegal characters found in header name", .warning),
    kind(
      "http.bad_header_value", "Control characters in a field's value (RFC 9110 section 5.5)",
      .warning),
    kind("http.host_missing", "HTTP/1.1 request without Host (RFC 9112 section 3.2)", .warning),
    kind("http.host_repeated", "More than one Host field (RFC 9112 section 3.2)", .warning),
    kind(
      "http.bad_content_length", "Content-Length is not a number (RFC 9110 section 8.6)", .error),
    kind(
      "http.content_length_repeated",
      "Content-Length is there more than once with one value"
        + " (RFC 9110 section 8.6)", .note),
    kind(
      "http.content_length_conflict",
      "Content-Length is there more than once with different values, which may smuggle a request"
        + " (RFC 9112 section 6.3)", .error),
    kind(
      "http.te_and_length",
      "The Content-Length and Transfer-Encoding header must not be set together, which may smuggle"
        + " a request (RFC 9112 section 6.3)", .warning),
    kind(
      "http.te_unknown",
      "Unknown transfer coding name in Transfer-Encoding header (RFC 9112 section 7)", .warning),
    kind(
      "http.te_in_http10",
      "Transfer-Encoding in an HTTP/1.0 message: its framing is faulty (RFC 9112 section 6.1)",
      .warning),
    kind(
      "http.chunked_not_last",
      "chunked is not the last transfer coding, so the length is not known"
        + " (RFC 9112 section 6.3)", .warning),
    kind(
      "http.body_forbidden",
      "A 1xx or 204 response has Content-Length or Transfer-Encoding (RFC 9110 section 8.6)",
      .warning),
    kind(
      "http.head_too_long", "The head is longer than is followed; nothing after it is read",
      .warning, .reassemble),
    kind("http.head_cut", "The stream ends inside the head", .warning, .malformed),
    kind(
      "http.body_cut", "The stream ends before the body does (RFC 9112 section 8)", .warning,
      .malformed),
    kind(
      "http.body_gap", "Octets of the body were not captured; what follows them is not shown",
      .warning, .reassemble),
    kind(
      "http.bad_chunk_size",
      "Not a chunk size: from here on this direction is not followed (RFC 9112 section 7.1)",
      .error),
    kind("http.bad_chunk_end", "No CRLF after a chunk's data (RFC 9112 section 7.1)", .error),
    kind(
      "http.body_not_kept", "The body is longer than is kept: its end is not shown", .note,
      .reassemble),
    kind("http.decompression_failed", "Decompression failed", .warning),
    kind(
      "http.inflation_limit", "The body inflates to more than is followed: stopped there",
      .warning),
    kind(
      "http.not_http",
      "Neither a request nor a response begins here: this direction is not followed any further",
      .warning),
    kind("http.unasked", "A response that no request was seen for", .note, .sequence),
    kind(
      "http.too_many_requests", "More requests wait for an answer than are remembered", .warning,
      .sequence),
    kind(
      "http.bad_jsonp",
      "Not what polling by JSONP carries (___eio[N](\"…\"); or a form's d=…): no packets are read",
      .warning),
  ]

  /// Of a polling body with more packets than are taken.
  static let tooManyPackets = FindingKind(
    "http.too_many_packets", "The body holds more packets of Engine.IO than are followed", .warning,
    .reassemble
  ) { octets, _ in ": \(octets) octets are left" }

  /// Of a body whose coding is not undone here; names the coding.
  static let notDecoded = FindingKind(
    "http.not_decoded", "A coding of the body is not undone", .warning,
    .protocolError)

  /// Adds a finding for each bit.
  static func report(_ faults: HTTPFaults, at index: Int, into dissection: inout Dissection) {
    var rest = faults.rawValue
    while rest != 0 {
      let bit = rest.trailingZeroBitCount
      if faultKinds.indices.contains(bit) { dissection.add(faultKinds[bit], at: index) }
      rest &= rest &- 1
    }
  }
}
