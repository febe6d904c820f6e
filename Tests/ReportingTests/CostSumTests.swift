// SPDX-License-Identifier: Apache-2.0

import CBOR
import Determinism
import Economics
import Reporting
import Testing

@Suite("Sums of cost")
struct CostSumTests {
  @Test(
    "Every column, alone and with others, beside the lines",
    arguments: [
      [], ["model"], ["product"], ["provider"], ["customer"], ["team"], ["operation"],
      ["log_type"], ["no_such_tag"], ["meter"], ["model", "meter"], ["meter", "product"],
      ["product", "model", "provider"], ["model", "model"],
    ], 0..<6 as Range<UInt64>)
  func dimensions(_ by: [String], _ seed: UInt64) throws {
    let oracle = CostOracle(seed: seed)
    let answer = try oracle.answer(CostQuery(by: by))
    let groups = Dictionary(grouping: oracle.lines) { line in
      by.map { $0 == "meter" ? line.meter.name : CostOracle.dimension($0, of: line) }
    }
    #expect(answer.by == by)
    #expect(Set(answer.rows.map(\.key)) == Set(groups.keys), "seed \(seed)")
    #expect(answer.rows.count == groups.count, "seed \(seed)")
    for row in answer.rows {
      #expect(CostOracle.agree(row.totals, groups[row.key] ?? []), "seed \(seed): \(row.key)")
    }
    #expect(CostOracle.agree(answer.total, oracle.lines), "seed \(seed)")
    let keys = answer.rows.map(\.key)
    #expect(keys == keys.sorted { $0.lexicographicallyPrecedes($1) }, "seed \(seed)")
    #expect(answer.firstTime == oracle.lines.map(\.bucket.start).min())
    #expect(answer.lastTime == oracle.lines.map(\.bucket.start).max())
  }

  @Test(
    "Every unit of time, in UTC, beside the calendar", arguments: TimeUnit.allCases,
    0..<4 as Range<UInt64>)
  func times(_ unit: TimeUnit, _ seed: UInt64) throws {
    let oracle = CostOracle(seed: seed, span: 40_000)
    let answer = try oracle.answer(CostQuery(by: [unit.rawValue]))
    let groups = Dictionary(grouping: oracle.lines) { line -> String in
      let text = Instant.text(line.bucket.start)
      switch unit {
      case .bucket: return text
      case .hour: return text.prefix(13) + ":00:00Z"
      case .day: return String(text.prefix(10))
      case .month: return String(text.prefix(7))
      case .week:
        // Counted on from Monday 2023-07-31, the first day of 2023-W31; 2024-W01 is a Monday too.
        let monday: Int64 = 19_569
        let week = (Instant.floorDivide(line.bucket.start, 86_400_000).quotient - monday) / 7
        let number = 31 + week
        return number <= 52
          ? "2023-W\(number)" : "2024-W\(number - 52 < 10 ? "0" : "")\(number - 52)"
      }
    }
    #expect(answer.rows.map(\.key) == groups.keys.sorted().map { [$0] }, "seed \(seed)")
    for row in answer.rows {
      #expect(CostOracle.agree(row.totals, groups[row.key[0]] ?? []), "seed \(seed): \(row.key)")
    }
  }

  @Test(
    "Filters",
    arguments: [
      ["model": "gpt-4"], ["model": "gpt-4", "product": "chat"], ["model": ""],
      ["log_type": "API log"], ["customer": "c-1"], ["team": "red"], ["no_such_tag": ""],
      ["no_such_tag": "x"], [:],
    ], 0..<4 as Range<UInt64>)
  func filters(_ filters: [String: String], _ seed: UInt64) throws {
    let oracle = CostOracle(seed: seed)
    let kept = oracle.lines.filter { line in
      filters.allSatisfy { CostOracle.dimension($0.key, of: line) == $0.value }
    }
    let answer = try oracle.answer(CostQuery(by: ["product"], filters: filters))
    #expect(CostOracle.agree(answer.total, kept), "seed \(seed)")
    #expect(
      Set(answer.rows.map { $0.key[0] })
        == Set(kept.map { CostOracle.dimension("product", of: $0) }))
    #expect(answer.firstTime == kept.map(\.bucket.start).min())
    // Filtering by a value is the row of that value.
    for row in try oracle.answer(CostQuery(by: ["model"])).rows {
      let only = try oracle.answer(CostQuery(filters: ["model": row.key[0]]))
      #expect(only.total == row.totals, "seed \(seed): \(row.key)")
    }
  }

  @Test(
    "A span covers the buckets that begin in it",
    arguments: [
      // since, until, bucket, is covered
      (nil, nil, 5, true), (900_000, nil, 0, false), (900_000, nil, 1, true),
      (nil, 900_000, 0, true), (nil, 900_000, 1, false), (0, 0, 0, false),
      (900_000, 1_800_000, 1, true), (1, nil, 0, false), (nil, 1, 0, true),
      (-900_000, 0, -1, true), (-900_000, 0, 0, false),
    ] as [(Int64?, Int64?, Int64, Bool)])
  func spans(_ since: Int64?, _ until: Int64?, _ bucket: Int64, _ covers: Bool) throws {
    let sum = try CostSum(CostQuery(since: since, until: until))
    #expect(sum.covers(TimeBucket(index: bucket)) == covers)
  }

  @Test("Two halves of time are the whole", arguments: 0..<10 as Range<UInt64>)
  func halves(_ seed: UInt64) throws {
    let oracle = CostOracle(seed: seed)
    let cut = oracle.lines[0].bucket.start
    var sum = try oracle.answer(CostQuery(until: cut)).total
    try sum.add(oracle.answer(CostQuery(since: cut)).total)
    #expect(sum == (try oracle.answer(CostQuery()).total), "seed \(seed)")
  }

  @Test("The order of lines changes nothing", arguments: 0..<10 as Range<UInt64>)
  func order(_ seed: UInt64) throws {
    var oracle = CostOracle(seed: seed)
    let query = CostQuery(by: ["day", "model", "meter"], zone: "Asia/Kathmandu")
    let answer = try oracle.answer(query)
    var random = SplitMix64(seed: seed)
    oracle.lines.shuffle(using: &random)
    #expect(try oracle.answer(query) == answer, "seed \(seed)")
  }

  @Test func nothingIsAnAnswerWithoutTimesAndCost() throws {
    let answer = try CostSum(CostQuery(by: ["day"])).answer(currency: nil)
    #expect(answer.rows.isEmpty && answer.firstTime == nil && answer.days == nil)
    #expect(!answer.total.hasPriced && answer.total.costPerRequest == nil)
  }

  @Test(
    "Days from the first usage to the last",
    arguments: [
      // first, last, days
      (0, 0, 1), (0, 86_399_999, 1), (0, 86_400_000, 2), (86_399_999, 86_400_000, 2), (-1, 0, 2),
      (1_690_848_000_000, 1_693_526_399_000, 31),
    ] as [(Int64, Int64, Int64)])
  func days(_ first: Int64, _ last: Int64, _ days: Int64) {
    var answer = CostAnswer(
      by: [], rows: [], total: CostTotals(), currency: nil, sequence: 0, chain: [],
      firstTime: first, lastTime: last)
    #expect(answer.days == days)
    answer.lastTime = nil
    #expect(answer.days == nil)
  }

  @Test func anUnknownZoneIsRefused() {
    #expect(throws: QueryError.self) { try CostSum(CostQuery(zone: "Europe/Atlantis")) }
  }
}

@Suite("Totals")
struct CostTotalsTests {
  @Test("They survive the wire", arguments: 0..<40 as Range<UInt64>)
  func roundTrip(_ seed: UInt64) throws {
    let lines = CostOracle(seed: seed, count: Int(seed % 8)).lines
    let totals = try CostOracle.totals(lines)
    #expect(CostOracle.agree(totals, lines), "seed \(seed)")
    let bytes = try CBOREncoder().encode(totals)
    let decoded = try CBORDecoder().decode(CostTotals.self, from: bytes)
    #expect(decoded == totals, "seed \(seed)")
    #expect(decoded.hasPriced == totals.hasPriced)
  }

  @Test("A sum of sums is the sum", arguments: 0..<20 as Range<UInt64>)
  func sums(_ seed: UInt64) throws {
    let lines = CostOracle(seed: seed, count: 60).lines
    let cut = Int(seed % 60)
    var left = try CostOracle.totals(Array(lines[..<cut]))
    try left.add(CostOracle.totals(Array(lines[cut...])))
    #expect(left == (try CostOracle.totals(lines)), "seed \(seed)")
  }

  @Test(
    "Cost per request is known where both are",
    arguments: [
      // requests, cost or nil, cost per request
      (4, "1", "0.25"), (3, "1", "0.333333333333333333333333"), (0, "1", nil), (4, nil, nil),
      (3, "0", "0"), (7, "0.000000000000000000000006", "0"),
    ] as [(UInt64, String?, String?)])
  func perRequest(_ requests: UInt64, _ cost: String?, _ expected: String?) throws {
    var totals = CostTotals()
    try totals.add(.requests, requests, .uncharged, .measured, .zero)
    if let cost {
      try totals.add(.inputTokens, 1, .priced, .measured, Money(decimal: cost))
    } else {
      try totals.add(.inputTokens, 1, .unpriced, .measured, .zero)
    }
    #expect(totals.costPerRequest?.decimal == expected)
  }

  @Test func tokensAreThreeMeters() throws {
    var totals = CostTotals()
    for (meter, quantity) in zip(Meter.allCases, [1, 10, 100, 1_000, 10_000, 100_000] as [UInt64]) {
      try totals.add(meter, quantity, .priced, .measured, .zero)
    }
    #expect(totals.tokens == (11_100, 11_100))
    try totals.add(.cachedInputTokens, 5, .unpriced, .measured, .zero)
    try totals.add(.images, 9, .unpriced, .measured, .zero)
    #expect(totals.tokens == (11_105, 11_100))
    #expect(totals.unpriced(.images) == 9 && totals.unpriced(.outputTokens) == 0)
  }

  @Test func aSumThatNoAmountHoldsIsRefused() throws {
    var totals = CostTotals()
    try totals.add(.images, 1, .priced, .measured, Money(quanta: .max))
    let more = totals
    #expect(throws: MoneyError.overflow) {
      try totals.add(.images, 1, .priced, .measured, Money(quanta: 1))
    }
    #expect(throws: MoneyError.overflow) { try totals.add(more) }
  }
}
