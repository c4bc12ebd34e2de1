import Glibc
import Protocols

/// Where others put down what became of messages that they were handed, from any thread; the
/// receiving end takes it from there.
public final class ReceivingDecisions: @unchecked Sendable {
  // A lock of its own place in memory, as pthread_mutex_lock(3) wants it. All else is behind it.
  private let lock: UnsafeMutablePointer<pthread_mutex_t>
  private var waiting: [(id: CraftedMessage.ID, decision: DeliveryDecision)] = []
  private let wake: @Sendable () -> Void

  /// - Parameter wake: Called after each decision, on the thread that made it: may end the wait of
  ///   a port.
  init(wake: @escaping @Sendable () -> Void) {
    self.wake = wake
    lock = .allocate(capacity: 1)
    lock.initialize(to: pthread_mutex_t())
    pthread_mutex_init(lock, nil)
  }

  deinit {
    pthread_mutex_destroy(lock)
    lock.deinitialize(count: 1)
    lock.deallocate()
  }

  /// Says what became of a message. Only the first word on it counts.
  public func decide(_ id: CraftedMessage.ID, _ decision: DeliveryDecision) {
    pthread_mutex_lock(lock)
    waiting.append((id, decision))
    pthread_mutex_unlock(lock)
    wake()
  }

  /// All that was put down since the last time, in its order.
  func takeAll() -> [(id: CraftedMessage.ID, decision: DeliveryDecision)] {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    defer { waiting.removeAll(keepingCapacity: true) }
    return waiting
  }
}
