// SPDX-License-Identifier: Apache-2.0

import CBOR
import Determinism
import Economics
import Foundation
import GRDB
import Ledger
import Pricing
import Reporting
import Testing

@Suite("Ledger")
struct LedgerTests {
  final class TemporaryLedger {
    let path: String
    init() throws {
      let folder = NSTemporaryDirectory() + "/solvent-test-\(UUID().uuidString)"
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      path = folder + "/ledger.sqlite"
    }
    deinit {
      try? FileManager.default.removeItem(
        at: URL(fileURLWithPath: path).deletingLastPathComponent())
    }
  }

  static func outcome(
    _ start: UInt64, end: UInt64? = nil, source: String = "log", rows: Int = 10,
    price: String = "30", seed: UInt64? = nil, currency: String = "USD"
  ) throws -> (outcome: PricingOutcome, bytes: [UInt8]) {
    var random = SplitMix64(seed: seed ?? start)
    let batch = try UsageBatch(
      count: rows, baseTime: 1_690_848_000_000,
      timeDeltas: (0..<rows).map { _ in Int64(random.below(400_000)) },
      seriesTable: SeriesTable(
        count: 2,
        columns: [
          .init(dimension: "log_type", values: ["API log"], codes: [0, 0]),
          .init(dimension: "model", values: ["gpt-4", "mystery"], codes: [0, 1]),
        ]),
      series: (0..<rows).map { _ in UInt32(random.below(2)) },
      quantities: [
        .init(meter: .inputTokens, values: (0..<rows).map { _ in 1 + random.below(5_000) })
      ],
      evidence: .measured)
    let job = try PricingJob(
      key: BatchKey(source: source, stream: [1, 2], start: start, end: end ?? start + 100),
      rowsRead: rows + 1, rowsQuarantined: 1, rowsDuplicate: 0, batch: batch,
      rates: [
        RateCard(
          provider: "", model: "gpt-4",
          rates: [
            .init(
              from: TimeBucket(index: 0), until: nil, meter: .inputTokens,
              price: try Money(perMillion: price), evidence: .reported)
          ])
      ], book: [9], currency: currency)
    let outcome = try Costing.price(job)
    return (outcome, try CBOREncoder().encode(outcome))
  }

  @Test func aBatchCountsOnceHoweverOftenItArrives() throws {
    let folder = try TemporaryLedger()
    let ledger = try Ledger(path: folder.path)
    let batch = try Self.outcome(0)
    #expect(try ledger.commit([batch]).results == [.committed(sequence: 1)])
    #expect(
      try ledger.commit([batch, batch]).results == [
        .already(sequence: 1), .already(sequence: 1),
      ])
    #expect(try CostSum.answer(CostQuery(), from: ledger).total.quantity(.requests) == 10)
  }

  @Test func anotherResultForAKnownBatchIsAnAlarmAndChangesNothing() throws {
    let folder = try TemporaryLedger()
    let ledger = try Ledger(path: folder.path)
    _ = try ledger.commit([Self.outcome(0)])
    let before = try ledger.verify()
    let results = try ledger.commit([
      Self.outcome(0, price: "31"), Self.outcome(50), Self.outcome(200),
    ]).results
    guard case .refused(let other) = results[0], case .refused(let overlap) = results[1]
    else {
      Issue.record("\(results)")
      return
    }
    #expect(other.code == .conflict && overlap.code == .conflict)
    #expect(overlap.message.contains("overlaps"))
    // The good one beside them was taken.
    #expect(results[2] == .committed(sequence: 2))
    #expect(try ledger.verify().batches == before.batches + 1)
  }

  @Test func aLedgerIsKeptInOneCurrency() throws {
    let folder = try TemporaryLedger()
    let ledger = try Ledger(path: folder.path)
    _ = try ledger.commit([Self.outcome(0)])
    guard
      case .refused(let error) = try ledger.commit([Self.outcome(100, currency: "EUR")])
        .results[0]
    else {
      Issue.record("taken")
      return
    }
    #expect(error.code == .currency)
  }

  @Test func commitsAreDurableAndSurviveReopening() throws {
    let folder = try TemporaryLedger()
    do {
      let ledger = try Ledger(path: folder.path)
      _ = try ledger.commit([Self.outcome(0), Self.outcome(100)])
    }
    // The setting is asserted at open; a second connection sees the journal mode it left.
    let mode = try DatabaseQueue(path: folder.path).read {
      try String.fetchOne($0, sql: "PRAGMA journal_mode")
    }
    #expect(mode == "wal")
    let ledger = try Ledger(path: folder.path)
    #expect(ledger.head.sequence == 2)
    #expect(
      try ledger.commit([Self.outcome(100), Self.outcome(200)]).results == [
        .already(sequence: 2), .committed(sequence: 3),
      ])
    #expect(try ledger.verify().batches == 3)
  }

  @Test func equalFactsHaveEqualDigestsWhateverTheOrder() throws {
    var digests: Set<[UInt8]> = []
    for order in [[0, 100, 200, 300], [300, 0, 200, 100]] as [[UInt64]] {
      let folder = try TemporaryLedger()
      let ledger = try Ledger(path: folder.path)
      for start in order { _ = try ledger.commit([Self.outcome(start)]) }
      digests.insert(try ledger.verify().digest)
    }
    #expect(digests.count == 1)
  }

  @Test(
    "A change in any table is found",
    arguments: [
      // what, sql
      ("a quantity", "UPDATE postings SET quantity = quantity + 1 WHERE rowid = 3"),
      ("a cost", "UPDATE postings SET yocto = yocto + 1 WHERE rowid = 3"),
      ("a posting is gone", "DELETE FROM postings WHERE rowid = 3"),
      ("a posting is new", "INSERT INTO postings SELECT * FROM postings WHERE rowid = 3"),
      (
        "a posting of no batch",
        "INSERT INTO postings SELECT 99, bucket, series, meter, quantity, pricing, evidence, units, pico, yocto FROM postings WHERE rowid = 3"
      ),
      ("a name", "UPDATE series SET model = 'gpt-5' WHERE id = 1"),
      (
        "a count",
        "UPDATE batches SET rows_read = rows_read + 1, rows_accepted = rows_accepted + 1 WHERE sequence = 1"
      ),
      ("a batch is gone", "DELETE FROM batches WHERE sequence = 1"),
      ("a result", "UPDATE batches SET result = x'00' WHERE sequence = 2"),
    ])
  func tampering(_ what: String, _ sql: String) throws {
    let folder = try TemporaryLedger()
    do {
      let ledger = try Ledger(path: folder.path)
      _ = try ledger.commit([Self.outcome(0), Self.outcome(100), Self.outcome(200)])
      _ = try ledger.verify()
    }
    let tool = try DatabaseQueue(path: folder.path)
    // Without the triggers, as somebody with the file could.
    try tool.write { db in
      for trigger in ["postings_are_final", "postings_stay", "batches_are_final", "batches_stay"] {
        try db.execute(sql: "DROP TRIGGER \(trigger)")
      }
      try db.execute(sql: "PRAGMA foreign_keys = OFF")
    }
    try tool.inDatabase { db in
      try db.execute(sql: "PRAGMA foreign_keys = OFF")
      try db.execute(sql: sql)
    }
    let ledger = try Ledger(readingAt: folder.path)
    let error = #expect(throws: LedgerError.self) { try ledger.verify() }
    #expect(error?.code == .damaged)
  }

  @Test func postingsCannotBeChangedByAccident() throws {
    let folder = try TemporaryLedger()
    let ledger = try Ledger(path: folder.path)
    _ = try ledger.commit([Self.outcome(0)])
    let tool = try DatabaseQueue(path: folder.path)
    #expect(throws: DatabaseError.self) {
      try tool.write { try $0.execute(sql: "UPDATE postings SET quantity = 0") }
    }
    #expect(throws: DatabaseError.self) {
      try tool.write { try $0.execute(sql: "DELETE FROM batches") }
    }
  }

  @Test func aLedgerOfALaterReleaseIsLeftAlone() throws {
    let folder = try TemporaryLedger()
    _ = try Ledger(path: folder.path)
    try DatabaseQueue(path: folder.path).write {
      try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('99 from the future')")
    }
    let error = #expect(throws: LedgerError.self) { try Ledger(path: folder.path) }
    #expect(error?.code == .newerSchema)
  }

  // MARK: Questions

  @Test func unpricedUsageIsListedAndNeverZero() throws {
    let folder = try TemporaryLedger()
    let ledger = try Ledger(path: folder.path)
    _ = try ledger.commit([Self.outcome(0, rows: 200)])
    let answer = try CostSum.answer(CostQuery(by: ["model"]), from: ledger)
    let mystery = try #require(answer.rows.first { $0.key == ["mystery"] })
    #expect(!mystery.totals.hasPriced && mystery.totals.unpriced(.inputTokens) > 0)
    #expect(answer.total.hasPriced && answer.total.hasUnpriced)
    #expect(answer.total.tokens.priced < answer.total.tokens.all)
    // "Not known" survives the wire.
    let decoded = try CBORDecoder().decode(CostAnswer.self, from: CBOREncoder().encode(answer))
    #expect(decoded == answer)
  }

  @Test func sumsAreTheSameHoweverTheyAreSplit() throws {
    let folder = try TemporaryLedger()
    let ledger = try Ledger(path: folder.path)
    for start in stride(from: 0, to: 2_000, by: 100) as StrideTo<UInt64> {
      _ = try ledger.commit([Self.outcome(start, rows: 60)])
    }
    let total = try CostSum.answer(CostQuery(), from: ledger).total
    for by in [
      ["bucket"], ["hour", "model"], ["day"], ["week", "log_type"], ["month"], ["source"],
      ["meter"], ["nothing"],
    ] {
      for zone in ["UTC", "Asia/Kathmandu", "America/St_Johns"] {
        let answer = try CostSum.answer(CostQuery(by: by, zone: zone), from: ledger)
        var sum = CostTotals()
        for row in answer.rows { try sum.add(row.totals) }
        #expect(sum == total && answer.total == total, "\(by) \(zone)")
      }
    }
  }

  @Test func filtersAndSpansLeaveOutTheRest() throws {
    let folder = try TemporaryLedger()
    let ledger = try Ledger(path: folder.path)
    _ = try ledger.commit([Self.outcome(0, rows: 300)])
    let all = try CostSum.answer(CostQuery(by: ["hour"]), from: ledger)
    let first = try #require(all.rows.first)
    let hour = CostQuery(since: 1_690_848_000_000, until: 1_690_848_000_000 + 3_600_000)
    #expect(try CostSum.answer(hour, from: ledger).total == first.totals)
    let gpt = try CostSum.answer(CostQuery(filters: ["model": "gpt-4"]), from: ledger).total
    #expect(!gpt.hasUnpriced && gpt.quantity(.requests) < all.total.quantity(.requests))
    #expect(try CostSum.answer(CostQuery(filters: ["model": "none"]), from: ledger).rows.isEmpty)
  }

  // MARK: Streams

  @Test func aFollowerThatJoinsAnywhereShowsTheLedger() throws {
    let folder = try TemporaryLedger()
    let ledger = try Ledger(path: folder.path)
    var streams = try CostStreams(ledger)
    var log: [[CostStreams.Message]] = []
    var wholes: [[CostStreams.Message]] = []
    for start in stride(from: 0, to: 2_000, by: 100) as StrideTo<UInt64> {
      for change in try ledger.commit([Self.outcome(start, rows: 30)]).changes {
        try streams.add(change)
      }
      log.append(streams.takeChanges())
      wholes.append(streams.snapshots())
    }
    let fresh = try CostStreams(Ledger(readingAt: folder.path))
    var reference = CostStreamRows()
    var copy = fresh
    for message in copy.snapshots() { _ = reference.take(message.update, isSnapshot: true) }
    for join in log.indices {
      var follower = CostStreamRows()
      for message in wholes[join] { _ = follower.take(message.update, isSnapshot: true) }
      for messages in log[(join + 1)...] {
        for message in messages { _ = follower.take(message.update, isSnapshot: false) }
      }
      for topic in CostTopic.all {
        #expect(
          follower.rows(of: topic.name) == reference.rows(of: topic.name),
          "\(topic.name) from \(join)")
      }
    }
    // And the streams say what a question would.
    let days = reference.rows(of: "cost/day/total")
    var sum = CostTotals()
    for row in days { try sum.add(row.totals) }
    #expect(sum == (try CostSum.answer(CostQuery(), from: ledger).total))
  }
}
