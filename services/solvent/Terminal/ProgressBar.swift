// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// A bar on standard error, drawn only when that is a terminal.
final class ProgressBar: Sendable {
  private let label: String
  private let isDrawn: Bool
  private let last = Mutex(ContinuousClock.now - .seconds(1))

  init(_ label: String, quiet: Bool) {
    self.label = label
    isDrawn = Terminal.isErrorTerminal && !quiet
  }

  func update(permille: Int, _ detail: String) {
    guard isDrawn else { return }
    let isDue = last.withLock { last in
      guard ContinuousClock.now - last > .milliseconds(80) else { return false }
      last = .now
      return true
    }
    guard isDue else { return }
    let filled = max(0, min(24, permille * 24 / 1_000))
    let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: 24 - filled)
    Terminal.write("\r\u{1B}[K\(label)  [\(bar)] \(permille / 10)%  \(detail)", to: 2)
  }

  func finish() {
    if isDrawn { Terminal.write("\r\u{1B}[K", to: 2) }
  }
}
