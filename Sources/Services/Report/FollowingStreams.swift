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
  }

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
    do {
      for change in changes { try streams.add(change) }
      return .followed
    } catch {
      let reason = "\(error)"
      do {
        // New streams count from the beginning: in the old epoch, subscribers would take them for old.
        self = try FollowingStreams(ledger)
        return .remade(because: reason)
      } catch {
        return .stale(because: "\(reason); \(error)")
      }
    }
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
