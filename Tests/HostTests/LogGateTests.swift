// SPDX-License-Identifier: Apache-2.0

import Logging
import Synchronization
import Testing

@testable import Host

@Suite("Lines a second")
struct LogGateTests {
  static let second: UInt64 = 1_000_000_000
  static let refused = LogGate.Kind(level: .warning, message: "refused")

  /// Sends so many messages at one time.
  /// - Returns: how many are written, and what is said of the second before.
  static func send(
    _ count: Int, _ kind: LogGate.Kind = refused, at now: UInt64, _ gate: inout LogGate
  ) -> (written: Int, over: [LogGate.Omission], ticksAt: [UInt64]) {
    var (written, over, ticks) = (0, [LogGate.Omission](), [UInt64]())
    for _ in 0..<count {
      let answer = gate.message(kind, now: now)
      written += answer.isWritten ? 1 : 0
      over += answer.over
      if let time = answer.ticksAt { ticks.append(time) }
    }
    return (written, over, ticks)
  }

  @Test(
    "Twenty of a kind are written in a second, and the rest is counted",
    arguments: [
      // messages, written, left out
      (1, 1, 0), (20, 20, 0), (21, 20, 1), (9_861, 20, 9_841),
    ])
  func aFlood(_ count: Int, _ written: Int, _ left: Int) {
    var gate = LogGate()
    let start = 5 * Self.second
    let sent = Self.send(count, at: start, &gate)
    #expect(sent.written == written && sent.over == [])
    // One wake-up a second, and none when all was written.
    #expect(sent.ticksAt == (left > 0 ? [start + Self.second] : []))
    #expect(gate.tick(now: start + Self.second - 1) == [])
    let said = gate.tick(now: start + Self.second)
    #expect(said == (left > 0 ? [.init(kind: Self.refused, count: left)] : []))
    #expect(gate.tick(now: start + 2 * Self.second) == [])
  }

  @Test func theNextSecondIsNewAndSaysWhatTheLastOneLacks() {
    var gate = LogGate()
    _ = Self.send(30, at: Self.second, &gate)
    let next = Self.send(25, at: 2 * Self.second, &gate)
    #expect(next.written == 20 && next.over == [.init(kind: Self.refused, count: 10)])
    #expect(next.ticksAt == [3 * Self.second])
    #expect(gate.end() == [.init(kind: Self.refused, count: 5)])
    #expect(gate.end() == [])
  }

  @Test func aFloodOfOneKindLeavesTheOthersAlone() {
    var gate = LogGate()
    _ = Self.send(1_000, at: Self.second, &gate)
    for kind in [
      LogGate.Kind(level: .error, message: "refused"), .init(level: .warning, message: "lost"),
    ] {
      #expect(Self.send(1, kind, at: Self.second + 1, &gate).written == 1)
    }
  }

  @Test func textsWithoutEndCountTogether() {
    var gate = LogGate()
    var written = 0
    for number in 0..<10_000 {
      written +=
        Self.send(1, .init(level: .error, message: "at \(number)"), at: Self.second, &gate).written
    }
    #expect(written == LogGate.kindsMax + LogGate.linesPerKind)
    #expect(
      gate.tick(now: 2 * Self.second) == [
        .init(kind: .init(level: .error, message: "other messages"), count: 10_000 - written)
      ])
  }

  /// A handler that keeps what it is told.
  struct Memory: LogHandler {
    final class Lines: Sendable {
      let held = Mutex<[String]>([])
    }
    let lines = Lines()
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.notice

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let metadata = event.metadata.map { $0.map { "\($0)=\($1)" }.joined() } ?? ""
      lines.held.withLock { $0.append("\(event.level) \(event.message) \(metadata)") }
    }
  }

  @Test func aLoggerKeepsItsLevelAndItsMetadata() {
    let memory = Memory()
    let limiter = LogLimiter(memory)
    var logger = Logger(label: "test") { _ in BoundedLogHandler(memory, limiter: limiter) }
    logger.logLevel = .warning
    logger[metadataKey: "a"] = "b"
    #expect(logger.logLevel == .warning && logger[metadataKey: "a"] == "b")
    logger.notice("not at this level")
    // However slow the machine: of so many, even at 20 a second, most are left out.
    for _ in 0..<9_861 { logger.warning("refused", metadata: ["peer": "7"]) }
    limiter.end()
    let lines = memory.lines.held.withLock { $0 }
    #expect(lines.first == "warning refused peer=7" && lines.count < 9_861)
    #expect(lines.last?.contains("more like this message=refused") == true, "\(lines.last ?? "")")
  }
}
