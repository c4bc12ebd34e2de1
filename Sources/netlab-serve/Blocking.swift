import Capture
import Console
import Glibc

/// Commands that wait, on the thread that they were called on.
enum Blocking {
  /// Waits for something asynchronous.
  static func run<Value: Sendable>(
    _ body: @escaping @Sendable () async throws -> Value
  ) throws -> Value {
    let done = try LiveStop()
    let outcome = Outcome<Value>()
    Task.detached {
      do {
        outcome.result = .success(try await body())
      } catch {
        outcome.result = .failure(error)
      }
      done.signal()
    }
    wait(for: done)
    guard let result = outcome.result else {
      throw Failure(.internal, "a task ended without a result")
    }
    return try result.get()
  }

  /// Waits until `stop` is signalled.
  static func wait(for stop: LiveStop) {
    var ready = pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0)
    while poll(&ready, 1, -1) < 0, errno == EINTR {}
  }

  /// Written by the task before it signals, read behind that.
  private final class Outcome<Value: Sendable>: @unchecked Sendable {
    var result: Result<Value, any Error>?
  }
}
