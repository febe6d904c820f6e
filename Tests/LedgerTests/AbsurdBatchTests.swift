// SPDX-License-Identifier: Apache-2.0

import Economics
import Foundation
import Ledger
import Pricing
import Testing

/// What a damaged or hostile sender can put into a batch ends in a refusal, not in a trap.
@Suite("Absurd batches")
struct AbsurdBatchTests {
  @Test func aPlaceBeyondTheFileSystemIsRefused() async {
    await withKnownIssue("the ledger traps on a range beyond 2^63") {
      await #expect(processExitsWith: .success) {
        let folder = try LedgerTests.TemporaryLedger()
        let ledger = try Ledger(path: folder.path)
        var made = try LedgerTests.outcome(0)
        made.outcome.key.end = .max
        _ = try ledger.commit([made])
      }
    }
  }

  @Test func fewerThanNoSeriesAreRefused() async {
    await withKnownIssue("the ledger traps on a table with -1 series") {
      await #expect(processExitsWith: .success) {
        let folder = try LedgerTests.TemporaryLedger()
        let ledger = try Ledger(path: folder.path)
        let made = try LedgerTests.outcome(0)
        var outcome = made.outcome
        outcome.seriesTable = SeriesTable(count: -1, columns: [])
        (outcome.buckets, outcome.series, outcome.meters, outcome.quantities) = ([], [], [], [])
        (outcome.pricings, outcome.evidences, outcome.costs) = ([], [], MoneyColumn())
        _ = try ledger.commit([(outcome, made.bytes)])
      }
    }
  }

  @Test func countsOfRowsThatCannotBeAddedAreRefused() async {
    await withKnownIssue("validate() traps on counts beyond 64 bits") {
      await #expect(processExitsWith: .success) {
        var outcome = try LedgerTests.outcome(0).outcome
        outcome.rowsAccepted = .max
        outcome.rowsDuplicate = .max
        try? outcome.validate()
      }
    }
  }

  @Test func aTimeThatNoBucketHasIsRefused() async {
    await withKnownIssue("pricing traps on the first instant that 64 bits hold") {
      await #expect(processExitsWith: .success) {
        let batch = UsageBatch(
          count: 1, baseTime: .min, timeDeltas: [0],
          seriesTable: SeriesTable(count: 1, columns: []), series: [0], quantities: [],
          evidence: .measured)
        _ = try? Costing.price(
          PricingJob(
            key: BatchKey(source: "s", stream: [], start: 0, end: 1), rowsRead: 1,
            rowsQuarantined: 0, rowsDuplicate: 0, batch: batch, rates: [], book: [],
            currency: "USD"))
      }
    }
  }
}
