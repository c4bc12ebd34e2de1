import Testing

@testable import ChatServer

/// What somebody typed ends no attribute and begins no tag.
struct PageTextTests {
  @Test(arguments: [
    ("<b>\"'&", "&lt;b&gt;&quot;&#39;&amp;"),
    // One Character each, of two scalars.
    ("\"\u{301} x=", "&quot;\u{301} x="),
    ("<\u{338}'\u{20e3}>\u{338}&\u{308}", "&lt;\u{338}&#39;\u{20e3}&gt;\u{338}&amp;\u{308}"),
    ("\r\n\u{1f469}\u{200d}\u{1f52c} مرحبا", "\r\n\u{1f469}\u{200d}\u{1f52c} مرحبا"),
  ])
  func isEscapedByScalars(_ typed: String, _ expected: String) {
    #expect(Array(PageText().escapeText(typed).unicodeScalars) == Array(expected.unicodeScalars))
  }
}
