// SPDX-License-Identifier: Apache-2.0

import Determinism
import Economics
import Foundation
import GRDB
import Ledger
import Testing

/// Whoever has the file can change any value of any row: `verify` finds it.
@Suite("Tampering")
struct TamperingTests {
  /// A ledger with three batches, changed by `sql` behind its back; what `verify` says of it.
  static func verify(after sql: String) throws -> LedgerError? {
    let folder = try LedgerTests.TemporaryLedger()
    do {
      let ledger = try Ledger(path: folder.path)
      _ = try ledger.commit([
        LedgerTests.outcome(0), LedgerTests.outcome(100), LedgerTests.outcome(200),
      ])
    }
    let tool = try DatabaseQueue(path: folder.path)
    try tool.inDatabase { db in
      for trigger in ["postings_are_final", "postings_stay", "batches_are_final", "batches_stay"] {
        try db.execute(sql: "DROP TRIGGER \(trigger)")
      }
      try db.execute(sql: "PRAGMA foreign_keys = OFF")
      try db.execute(sql: sql)
      #expect(db.changesCount == 1, "\(sql)")
    }
    do {
      _ = try Ledger(readingAt: folder.path).verify()
      return nil
    } catch let error as LedgerError {
      return error
    }
  }

  @Test(
    "Any column of any posting",
    arguments: [
      "batch", "bucket", "series", "meter", "quantity", "pricing", "evidence", "units", "pico",
      "yocto",
    ], [1, 7, 20])
  func postings(_ column: String, _ row: Int) throws {
    // Values stay plausible: another meter, pricing, evidence or series that there is.
    let change =
      switch column {
      case "series", "pricing", "evidence": "3 - \(column)"
      case "meter": "4 - meter"
      case "batch": "1 + batch % 3"
      default: "\(column) + 1"
      }
    let error = try Self.verify(
      after: "UPDATE postings SET \(column) = \(change) WHERE rowid = \(row)")
    #expect(error?.code == .damaged, "\(column) of \(row)")
  }

  @Test(
    "Any column of any batch",
    arguments: [
      // column, value
      ("source", "'other'"), ("stream", "x'0103'"), ("start", "start + 1"),
      ("\"end\"", "\"end\" + 1"), ("rows_read", "rows_read + 1"),
      ("rows_accepted", "rows_accepted + 1"), ("rows_quarantined", "rows_quarantined + 1"),
      ("rows_duplicate", "rows_duplicate + 1"), ("book", "x'08'"), ("result", "zeroblob(32)"),
      ("postings", "zeroblob(32)"), ("chain", "zeroblob(32)"), ("sequence", "sequence + 10"),
    ], [1, 2, 3])
  func batches(_ change: (column: String, value: String), _ row: Int) throws {
    let error = try Self.verify(
      after: "UPDATE batches SET \(change.column) = \(change.value) WHERE sequence = \(row)")
    #expect(error?.code == .damaged, "\(change.column) of \(row)")
  }

  @Test(
    "Any name of a series",
    arguments: ["provider", "model", "product", "customer", "team", "operation", "tags"])
  func series(_ column: String) throws {
    let error = try Self.verify(after: "UPDATE series SET \(column) = 'x' WHERE id = 1")
    #expect(error?.code == .damaged, "\(column)")
  }

  @Test(
    "Rows that go, come or move",
    arguments: [
      "DELETE FROM postings WHERE rowid = 1", "DELETE FROM postings WHERE rowid = 20",
      "DELETE FROM batches WHERE sequence = 1", "DELETE FROM batches WHERE sequence = 3",
      "DELETE FROM series WHERE id = 2",
      "INSERT INTO postings SELECT * FROM postings WHERE rowid = 5",
      "INSERT INTO batches SELECT 4, source, stream, 900, 950, rows_read, rows_accepted, "
        + "rows_quarantined, rows_duplicate, book, result, postings, chain FROM batches "
        + "WHERE sequence = 3",
      "UPDATE postings SET rowid = 9999 WHERE rowid = 1",
    ])
  func rows(_ sql: String) throws {
    #expect(try Self.verify(after: sql)?.code == .damaged)
  }

  @Test func aByteThatMovesToTheNextColumnIsFound() throws {
    // The stream is 01 02 and the book 09: their bytes follow each other in the chain.
    let error = try Self.verify(
      after: "UPDATE batches SET stream = x'01', book = x'0209' WHERE sequence = 3")
    withKnownIssue("the chain has no border between stream and book") {
      #expect(error?.code == .damaged)
    }
  }

  @Test func whatWasNotTouchedIsWhole() throws {
    // The bench itself finds nothing where a value is replaced by itself.
    #expect(
      try Self.verify(after: "UPDATE postings SET quantity = quantity WHERE rowid = 1") == nil)
  }
}

@Suite("Commits by seed")
struct CommitTests {
  @Test("Any order and any repetition is the same ledger", arguments: 0..<8 as Range<UInt64>)
  func repetition(_ seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let starts = Array(stride(from: 0, to: 800, by: 100)) as [UInt64]
    let reference = try LedgerTests.TemporaryLedger()
    let first = try Ledger(path: reference.path)
    _ = try first.commit(starts.map { try LedgerTests.outcome($0) })
    let expected = try first.verify()

    let folder = try LedgerTests.TemporaryLedger()
    var ledger = try Ledger(path: folder.path)
    var committed: [UInt64: Int64] = [:]
    var waiting = starts.shuffled(using: &random)
    for _ in 0..<60 {
      // Some that are new and some that were committed before, in one transaction or several.
      var group: [UInt64] = []
      for _ in 0..<(1 + random.below(3)) {
        if random.below(2) == 0, let next = waiting.popLast() {
          group.append(next)
        } else {
          group.append(starts[Int(random.below(8))])
          waiting.removeAll { $0 == group.last }
        }
      }
      let results = try ledger.commit(group.map { try LedgerTests.outcome($0) }).results
      for (start, result) in zip(group, results) {
        if let sequence = committed[start] {
          #expect(result == .already(sequence: sequence), "seed \(seed): \(start)")
        } else {
          committed[start] = Int64(committed.count) + 1
          #expect(result == .committed(sequence: committed[start]!), "seed \(seed): \(start)")
        }
      }
      if random.below(8) == 0 { ledger = try Ledger(path: folder.path) }
    }
    let left = try waiting.map { try LedgerTests.outcome($0) }
    _ = try ledger.commit(left)
    let found = try ledger.verify()
    #expect(found.batches == 8 && found.batches == expected.batches, "seed \(seed)")
    #expect(found.digest == expected.digest, "seed \(seed)")
    // The chain is that of the bookings in their order.
    let again = try Ledger(readingAt: folder.path).head
    #expect(ledger.head.sequence == 8 && again == ledger.head)
  }

  @Test(
    "A range that overlaps one that is booked is refused",
    arguments: [
      // start, end, is refused (booked are 100..<200 and 300..<400)
      (0, 100, false), (0, 101, true), (0, 150, true), (150, 160, true), (199, 250, true),
      (200, 300, false), (200, 301, true), (0, 500, true), (400, 500, false), (100, 199, true),
      (101, 200, true), (100, 400, true), (100, 200, true),
    ] as [(UInt64, UInt64, Bool)])
  func overlaps(_ start: UInt64, _ end: UInt64, _ isRefused: Bool) throws {
    let folder = try LedgerTests.TemporaryLedger()
    let ledger = try Ledger(path: folder.path)
    _ = try ledger.commit([LedgerTests.outcome(100), LedgerTests.outcome(300)])
    var other = try LedgerTests.outcome(start, end: end, seed: 1_000)
    let result = try ledger.commit([other]).results[0]
    if case .refused(let error) = result {
      #expect(isRefused && error.code == .conflict, "\(error)")
    } else {
      #expect(!isRefused && result == .committed(sequence: 3))
    }
    // Another source or stream has bytes of its own.
    other = try LedgerTests.outcome(start, end: end, source: "other", seed: 1_000)
    #expect(try ledger.commit([other]).results != [result] || !isRefused)
  }

  @Test(
    "A ledger keeps the currency of its first batch",
    arguments: [
      // currencies in the order of commits, which are taken
      (["USD", "USD"], [true, true]), (["USD", "EUR", "USD"], [true, false, true]),
      (["EUR", "USD", "EUR"], [true, false, true]), (["USD", "usd"], [true, false]),
    ])
  func currencies(_ currencies: [String], _ taken: [Bool]) throws {
    // In one transaction, and in one each with the ledger opened anew.
    for isTogether in [true, false] {
      let folder = try LedgerTests.TemporaryLedger()
      let outcomes = try currencies.enumerated().map { index, currency in
        try LedgerTests.outcome(UInt64(index) * 100, currency: currency)
      }
      var results: [Ledger.CommitResult] = []
      if isTogether {
        results = try Ledger(path: folder.path).commit(outcomes).results
      } else {
        for outcome in outcomes {
          results += try Ledger(path: folder.path).commit([outcome]).results
        }
      }
      for (result, isTaken) in zip(results, taken) {
        if case .refused(let error) = result {
          #expect(!isTaken && error.code == .currency)
        } else {
          #expect(isTaken)
        }
      }
      let ledger = try Ledger(readingAt: folder.path)
      #expect(ledger.currency == currencies[0])
      #expect(try ledger.verify().batches == taken.count { $0 })
    }
  }

  @Test func epochsRiseForEver() throws {
    let folder = try LedgerTests.TemporaryLedger()
    var epochs: [UInt64] = []
    for _ in 0..<3 {
      let ledger = try Ledger(path: folder.path)
      epochs += [try ledger.nextEpoch(), try ledger.nextEpoch()]
    }
    #expect(epochs == [1, 2, 3, 4, 5, 6])
  }
}
