// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging

/// Logs to standard error, so many lines a second (``LogGate``): lines for people, or JSON lines.
struct ServiceLog {
  let logger: Logger
  private let limiter: LogLimiter

  init(_ name: String, _ options: ServiceOptions) {
    let base: any LogHandler =
      options.logJson ? JSONLogHandler(name: name) : StreamLogHandler.standardError(label: name)
    let limiter = LogLimiter(base)
    var logger = Logger(label: name) { _ in BoundedLogHandler(base, limiter: limiter) }
    logger.logLevel = Logger.Level(rawValue: options.logLevel) ?? .notice
    self.logger = logger
    self.limiter = limiter
  }

  /// Says what was left out of the last second.
  func end() { limiter.end() }
}

/// One JSON object a line: `ts`, `level`, `svc`, `msg`, and the metadata.
struct JSONLogHandler: LogHandler {
  let name: String
  var metadata: Logger.Metadata = [:]
  var logLevel: Logger.Level = .notice

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  init(name: String) { self.name = name }

  func log(event: LogEvent) {
    var fields = [
      "ts": Date().formatted(.iso8601), "level": event.level.rawValue, "svc": name,
      "msg": "\(event.message)",
    ]
    for (key, value) in metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 }) {
      fields[key] = "\(value)"
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard var line = try? encoder.encode(fields) else { return }
    line.append(0x0A)
    FileHandle.standardError.write(line)
  }
}
