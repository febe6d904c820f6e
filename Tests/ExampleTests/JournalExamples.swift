// SPDX-License-Identifier: Apache-2.0

import CBOR
import Economics
import Journal
import Synchronization
import TestSupport
import Testing

/// The examples in the doc comments of Journal, compiled and run.
@Suite("Journal examples")
struct JournalExamples {
  @Test func aBatchIsDurableBeforeItIsAcknowledged() throws {
    let temporary = try TemporaryDirectory()
    let directory = temporary.path + "/journal"
    let job = try CBOREncoder().encode(ExampleData.job())
    let acknowledged = Mutex<[UInt64]>([])
    let (journal, contents) = try Journal.open(directory: directory)
    let side = BatchMetadata(nextLine: 3, quarantined: [], contents: [])
    try journal.append(job: job, side: side) { sequence in
      acknowledged.withLock { $0.append(sequence) }  // on disk now
    }
    journal.flush()
    let toBook = contents.pending  // from earlier runs: batches that the ledger may lack
    #expect(acknowledged.withLock { $0 } == [1] && toBook.isEmpty)
  }
}
