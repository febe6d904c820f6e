// SPDX-License-Identifier: Apache-2.0

import Determinism
import Economics
import Ledger
import Reporting
import Testing

/// A question to a ledger has the answer of the outcomes that are in it, whatever is asked.
@Suite("Questions by seed")
struct QueryAgreementTests {
  static let sources = ["log", "Log", "büro", ""]

  static func outcomes(_ random: inout SplitMix64) throws -> [(
    outcome: PricingOutcome, bytes: [UInt8]
  )] {
    try (0..<6 as Range<UInt64>).map { number in
      try LedgerTests.outcome(
        number * 100, source: sources[Int(random.below(4))], rows: Int(1 + random.below(60)),
        price: "\(1 + random.below(90))", seed: random.next())
    }
  }

  @Test(
    "From a ledger and from its outcomes",
    arguments: [
      [], ["source"], ["source", "day"], ["model", "source"], ["log_type"], ["meter", "hour"],
      ["bucket", "model"], ["month", "meter", "source"], ["week"], ["no_such_tag"],
    ], 0..<3 as Range<UInt64>)
  func agreement(_ by: [String], _ seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let folder = try LedgerTests.TemporaryLedger()
    let ledger = try Ledger(path: folder.path)
    let outcomes = try Self.outcomes(&random)
    for outcome in outcomes {
      #expect(try ledger.commit([outcome]).changes.count == 1)
    }
    let start: Int64 = 1_690_848_000_000
    for filters in [[:], ["source": "log"], ["source": ""], ["model": "gpt-4", "source": "Log"]] {
      for (since, until) in [
        (nil, nil), (start + 3_600_000, nil), (nil, start + 7_200_000),
        (start + 900_000, start + 9_000_000),
      ] as [(Int64?, Int64?)] {
        let query = CostQuery(
          by: by, since: since, until: until, zone: "Asia/Kathmandu", filters: filters)
        var sum = try CostSum(query)
        for (index, made) in outcomes.enumerated() {
          try sum.add(made.outcome, seriesBase: Int64(index) * 100)
        }
        let here = sum.answer(currency: "USD")
        let there = try CostSum.answer(query, from: ledger)
        #expect(there.rows == here.rows, "seed \(seed): \(query)")
        #expect(there.total == here.total, "seed \(seed): \(query)")
        #expect(there.firstTime == here.firstTime && there.lastTime == here.lastTime)
        #expect(there.currency == "USD" && there.sequence == 6 && there.chain == ledger.head.chain)
      }
    }
  }

  @Test func namesAreToldApartByTheirBytes() throws {
    // The same name to people, spelled with one scalar and with two.
    let folder = try LedgerTests.TemporaryLedger()
    let ledger = try Ledger(path: folder.path)
    for (index, source) in ["b\u{FC}ro", "bu\u{308}ro"].enumerated() {
      let made = try LedgerTests.outcome(UInt64(index) * 100, source: source)
      #expect(try ledger.commit([made]).results == [.committed(sequence: Int64(index) + 1)])
    }
    #expect(try ledger.verify().batches == 2)
    let reader = try Ledger(readingAt: folder.path)
    let total = try CostSum.answer(CostQuery(), from: reader).total
    let rows = try CostSum.answer(CostQuery(by: ["source"]), from: reader).rows
    var sum = CostTotals()
    for row in rows { try sum.add(row.totals) }
    #expect(sum == total && total.quantity(.requests) == 20)
  }

  @Test func anEmptyLedgerHasNoAnswerButNothing() throws {
    let folder = try LedgerTests.TemporaryLedger()
    let answer = try CostSum.answer(CostQuery(by: ["day"]), from: Ledger(path: folder.path))
    #expect(answer.rows.isEmpty && answer.total == CostTotals() && answer.currency == nil)
    #expect(answer.sequence == 0 && answer.firstTime == nil)
  }
}
