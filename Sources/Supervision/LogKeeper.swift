// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Synchronization

/// Looks at the logs of running processes once a second, and keeps them small.
final class LogKeeper: Sendable {
  private let files: [LogFile]
  private let report: @Sendable (String) -> Void
  /// Those of which it was said that they cannot be kept small: once, until they can.
  private let failing = Mutex<Set<LogFile>>([])

  init(_ files: [LogFile], report: @escaping @Sendable (String) -> Void) {
    self.files = files
    self.report = report
  }

  /// Runs `body` and looks meanwhile, on a thread of Dispatch: it blocks on files.
  func whileRunning(_ body: () async -> Void) async {
    let timer = DispatchSource.makeTimerSource(queue: .global())
    timer.schedule(deadline: .now() + 1, repeating: 1, leeway: .milliseconds(250))
    timer.setEventHandler { [self] in look() }
    timer.resume()
    await body()
    timer.cancel()
  }

  func look() {
    for file in files {
      do {
        try file.trim()
        failing.withLock { _ = $0.remove(file) }
      } catch {
        guard failing.withLock({ $0.insert(file).inserted }) else { continue }
        report("\(file.path) cannot be kept small: \(error)")
      }
    }
  }
}
