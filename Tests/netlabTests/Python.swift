import Foundation
import Testing

/// Runs a Python program: what others wrote for a format is a better judge of it than we are. Python
/// and the packages that programs import are installed by `make test`; without them a test fails.
func python(
  _ program: String, _ arguments: [String] = [], input: Data? = nil
) throws -> ProgramResult {
  let python = try #require(Project.find("python3"), "python3 is not installed: make test-packages")
  let folder = try TemporaryFolder()
  let path = folder.path("program.py")
  try program.write(toFile: path, atomically: true, encoding: .utf8)
  let result = try run([path] + arguments, program: python, input: input)
  withExtendedLifetime(folder) {}
  return result
}
