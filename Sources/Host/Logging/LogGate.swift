// SPDX-License-Identifier: Apache-2.0

import Logging

/// How many lines a second a log takes. Decides only: time is an argument, and others write.
///
/// A second begins with the first message after the last one ended. Of each kind of message, its level and
/// its text, ``linesPerKind`` are written in it; what is left out is counted and said when it is over.
/// Metadata do not tell kinds apart, since others choose what is in them: names, ids, numbers.
///
///     in a second       written                              said afterwards
///     1 × "joined"      1 × "joined"
///     30 × "refused"    20 × "refused"                       "… 10 more like this", message=refused
///     40 other texts    32 - 2 of them, the rest as one kind
struct LogGate {
  struct Kind: Hashable {
    var level: Logger.Level
    var message: String
  }

  /// What was left out of a second.
  struct Omission: Equatable {
    var kind: Kind
    var count: Int
  }

  struct Answer: Equatable {
    /// To be said first: the second before is over.
    var over: [Omission] = []
    /// Whether the message is to be written.
    var isWritten = true
    /// When ``tick(now:)`` is to be called: at the end of a second of which something was left out.
    var ticksAt: UInt64?
  }

  static let linesPerKind = 20
  /// Texts that are told apart in a second; further ones count together, by level.
  static let kindsMax = 32
  private static let second: UInt64 = 1_000_000_000
  private static let other = "other messages"

  private var began: UInt64 = 0
  private var counts: [Kind: Int] = [:]
  private var hasOmitted = false

  /// A message comes.
  /// - Parameter now: nanoseconds on any clock that does not go back.
  mutating func message(_ kind: Kind, now: UInt64) -> Answer {
    var answer = Answer(over: tick(now: now))
    if counts.isEmpty { began = now }
    var kind = kind
    if counts[kind] == nil && counts.count >= Self.kindsMax { kind.message = Self.other }
    let count = counts[kind, default: 0] + 1
    counts[kind] = count
    answer.isWritten = count <= Self.linesPerKind
    if !answer.isWritten && !hasOmitted {
      hasOmitted = true
      answer.ticksAt = began &+ Self.second
    }
    return answer
  }

  /// Time has passed.
  /// - Returns: what is to be said when a second is over.
  mutating func tick(now: UInt64) -> [Omission] {
    now &- began >= Self.second ? end() : []
  }

  /// Ends the second early: nothing more will be logged.
  mutating func end() -> [Omission] {
    defer {
      counts.removeAll(keepingCapacity: true)
      hasOmitted = false
    }
    guard hasOmitted else { return [] }
    return counts.filter { $1 > Self.linesPerKind }
      .map { Omission(kind: $0, count: $1 - Self.linesPerKind) }
      .sorted { ($0.kind.level, $0.kind.message) < ($1.kind.level, $1.kind.message) }
  }
}
