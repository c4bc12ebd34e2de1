import Glibc

/// The system's words for an error number, such as `No space left on device`.
func systemMessage(_ number: Int32) -> String {
  guard let text = strerror(number) else { return "error \(number)" }
  return String(cString: text)
}
