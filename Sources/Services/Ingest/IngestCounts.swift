// SPDX-License-Identifier: Apache-2.0

import Host
import Metrics

/// What the metrics say of the rows that were read and of what became of their batches.
struct IngestCounts: Sendable {
  private let accepted = Counter(.ingestEvents, "accepted")
  private let quarantined = Counter(.ingestEvents, "quarantined")
  private let duplicate = Counter(.ingestEvents, "duplicate")
  private let parked = Meter(.ingestParked)
  /// Results of workers that were found to be wrong.
  private let wrongResults = Counter(.ingestWrongResults)

  func add(accepted: Int, quarantined: Int, duplicates: Int) {
    self.accepted.increment(by: accepted)
    self.quarantined.increment(by: quarantined)
    duplicate.increment(by: duplicates)
  }

  func addWrongResult() { wrongResults.increment() }

  func setParked(_ count: Int) { parked.set(count) }
}
