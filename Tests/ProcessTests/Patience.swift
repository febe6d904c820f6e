// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Waits for what another process does and says nothing of: asks again until it is so.
enum Patience {
  /// How long a test that fails asks. One that passes does not depend on it, however slow the machine.
  private static let limit = Duration.seconds(60)

  /// Whether the condition came to hold.
  static func until(_ holds: () throws -> Bool) rethrows -> Bool {
    let deadline = ContinuousClock.now + limit
    // Nobody signals it: it only gives the processor away between two questions.
    let pause = DispatchSemaphore(value: 0)
    while try !holds() {
      guard ContinuousClock.now < deadline else { return false }
      _ = pause.wait(timeout: .now() + .milliseconds(10))
    }
    return true
  }

  /// Whether something that ends by itself has ended.
  static func ended(_ done: DispatchSemaphore) -> Bool {
    done.wait(timeout: .now() + .seconds(60)) == .success
  }
}
