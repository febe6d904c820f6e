// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import ServiceLifecycle

/// Writes a process's metrics to `DATA/metrics/NAME.prom` every five seconds, and once more at the end.
///
/// The file is complete whenever it is read: it is replaced as a whole. node_exporter's textfile
/// collector takes the directory as it is.
struct MetricsFile: Service {
  static let interval = Duration.seconds(5)

  let registry: MetricsRegistry
  let path: String
  let logger: Logger

  func run() async throws {
    await cancelWhenGracefulShutdown {
      var hasFailed = false
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
    try? write()
  }

  private func write() throws {
    try Data(registry.text().utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
  }
}
