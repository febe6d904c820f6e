// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import ServiceLifecycle

/// Writes a process's metrics to `DATA/metrics/NAME.prom` every five seconds, and once more at the end.
///
/// The file stays when the process has ended; a cluster that starts removes those of the one before. It
/// is complete whenever it is read: it is replaced as a whole. node_exporter's textfile
/// collector takes the directory as it is.
struct MetricsFile: Service {
  static let interval = Duration.seconds(5)

  let registry: MetricsRegistry
  let path: String
  let logger: Logger

  func run() async throws {
    await cancelWhenGracefulShutdown {
      var hasFailed = false
      // The services have something to say a moment after their start.
      try? await Task.sleep(for: .milliseconds(1_500))
      while !Task.isCancelled {
        do {
          try write()
          hasFailed = false
        } catch {
          // Once, not every five seconds: on a full disk there are other things to log.
          if !hasFailed {
            logger.warning("metrics cannot be written", metadata: ["error": "\(error)"])
          }
          hasFailed = true
        }
        try? await Task.sleep(for: Self.interval)
      }
    }
    do {
      try write()
    } catch {
      logger.warning("the last metrics were not written", metadata: ["error": "\(error)"])
    }
  }

  private func write() throws {
    let text = registry.text()
    // Right after the start nothing has been counted.
    guard !text.isEmpty else { return }
    try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
  }
}
