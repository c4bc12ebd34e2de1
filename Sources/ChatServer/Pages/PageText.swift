import Mustache

/// Text that somebody typed, as a template puts it into a page, between tags or in a quoted
/// attribute.
///
/// The library's own way goes by `Character`, and a quotation mark with a combining mark behind it
/// is one of these: it would pass as it is, and end the attribute. A browser reads scalars.
struct PageText: MustacheContentType {
  /// The templates ask for it by this name, and are refused while it is unknown.
  private static let name = "PAGE"

  /// To be called before a template is read.
  static func register() {
    MustacheContentTypes.register(PageText(), named: name)
  }

  func escapeText(_ text: String) -> String {
    var escaped = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": escaped.append(contentsOf: "&amp;".unicodeScalars)
      case "<": escaped.append(contentsOf: "&lt;".unicodeScalars)
      case ">": escaped.append(contentsOf: "&gt;".unicodeScalars)
      case "\"": escaped.append(contentsOf: "&quot;".unicodeScalars)
      case "'": escaped.append(contentsOf: "&#39;".unicodeScalars)
      default: escaped.append(scalar)
      }
    }
    return String(escaped)
  }
}
