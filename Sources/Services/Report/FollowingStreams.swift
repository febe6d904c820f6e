// SPDX-License-Identifier: Apache-2.0

import Economics
import Ledger
import Reporting

/// The streams beside the ledger: they follow its commits, and are rebuilt from it when they cannot.
struct FollowingStreams {
  /// How the streams took a commit.
  enum Outcome: Equatable {
    case followed
    /// They could not, and were rebuilt from the ledger: everything is to be published.
    case remade(because: String)
    /// They could not be rebuilt either, and show what they showed before.
    case stale(because: String)
    /// As before: rebuilding reads the whole ledger, so it is not tried at each commit.
    case waiting
  }

  /// Commits to pass over before the next try, and how many after one that fails.
  private var pause = (left: 0, next: 1)

  private(set) var streams: CostStreams
  /// A publisher's run: subscribers drop what they have when a higher one comes.
  private(set) var epoch: UInt64

  /// - Throws: `LedgerError`, `MoneyError`, or GRDB's `DatabaseError`.
  init(_ ledger: Ledger) throws {
    streams = try CostStreams(ledger)
    epoch = try ledger.nextEpoch()
  }

  /// Takes what was committed.
  mutating func follow(_ changes: [Ledger.Change], of ledger: Ledger) -> Outcome {
    guard pause.left == 0 else {
      pause.left -= 1
      return .waiting
    }
    do {
      // After a failure they lack commits, so adding the next would not make them right.
      guard pause.next == 1 else { throw Lagging() }
      for change in changes { try streams.add(change) }
      return .followed
    } catch {
      let reason = "\(error)"
      do {
        // New streams count from the beginning: in the old epoch, subscribers would take them for old.
        self = try FollowingStreams(ledger)
        return .remade(because: reason)
      } catch {
        pause = (pause.next, min(1_024, 2 * pause.next))
        return .stale(because: "\(reason); \(error)")
      }
    }
  }

  private struct Lagging: Error, CustomStringConvertible {
    var description: String { "the streams lack earlier commits" }
  }

  /// All topics, for whoever has nothing.
  mutating func snapshots() -> (messages: [CostStreams.Message], epoch: UInt64) {
    (streams.snapshots(), epoch)
  }

  /// What changed since the last call.
  mutating func changes() -> (messages: [CostStreams.Message], epoch: UInt64) {
    (streams.takeChanges() + streams.snapshots(onlyDue: true), epoch)
  }
}
