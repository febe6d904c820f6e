// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Foundation
import Logging
import Synchronization
import ZeroMQ

/// Writes to another handler as much as ``LogGate`` lets through: who can make a service log something must not
/// be able to fill the disk that the journal is on.
struct BoundedLogHandler: LogHandler {
  private var base: any LogHandler
  private let limiter: LogLimiter

  init(_ base: any LogHandler, limiter: LogLimiter) {
    self.base = base
    self.limiter = limiter
  }

  var metadata: Logger.Metadata {
    get { base.metadata }
    set { base.metadata = newValue }
  }

  var metadataProvider: Logger.MetadataProvider? {
    get { base.metadataProvider }
    set { base.metadataProvider = newValue }
  }

  var logLevel: Logger.Level {
    get { base.logLevel }
    set { base.logLevel = newValue }
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { base[metadataKey: key] }
    set { base[metadataKey: key] = newValue }
  }

  func log(event: LogEvent) {
    if limiter.admits(event) { base.log(event: event) }
  }
}

/// The gate of a process's log, shared by all its loggers.
final class LogLimiter: Sendable {
  private let gate = Mutex(LogGate())
  private let base: any LogHandler

  /// - Parameter base: says what was left out.
  init(_ base: any LogHandler) { self.base = base }

  /// Whether a message is to be written.
  func admits(_ event: LogEvent) -> Bool {
    let kind = LogGate.Kind(level: event.level, message: event.message.description)
    let answer = gate.withLock { $0.message(kind, now: PollLoop.now()) }
    say(answer.over)
    if let time = answer.ticksAt {
      let deadline = DispatchTime(uptimeNanoseconds: time)
      DispatchQueue.global().asyncAfter(deadline: deadline) { [self] in
        say(gate.withLock { $0.tick(now: PollLoop.now()) })
      }
    }
    return answer.isWritten
  }

  /// Says what was left out until now.
  func end() { say(gate.withLock { $0.end() }) }

  private func say(_ omissions: [LogGate.Omission]) {
    for omission in omissions {
      let count = omission.count.formatted(.number.locale(Locale(identifier: "en_US")))
      base.log(
        event: LogEvent(
          level: omission.kind.level, message: "… \(count) more like this",
          metadata: ["message": "\(omission.kind.message)"], source: nil, file: #fileID,
          function: #function, line: #line))
    }
  }
}
