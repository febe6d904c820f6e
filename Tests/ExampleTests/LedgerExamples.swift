// SPDX-License-Identifier: Apache-2.0

import CBOR
import Economics
import Ledger
import Pricing
import TestSupport
import Testing

/// The examples in the doc comments of Ledger, compiled and run.
@Suite("Ledger examples")
struct LedgerExamples {
  @Test func aBatchCountsOnce() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/ledger.sqlite"
    let outcome = try Costing.price(ExampleData.job())
    let ledger = try Ledger(path: path)
    let bytes = try CBOREncoder().encode(outcome)
    let first = try ledger.commit([(outcome, bytes)]).results  // [.committed(sequence: 1)]
    let again = try ledger.commit([(outcome, bytes)]).results  // [.already(sequence: 1)]
    try ledger.close()
    #expect(first == [.committed(sequence: 1)] && again == [.already(sequence: 1)])
  }
}
