// SPDX-License-Identifier: Apache-2.0

import Determinism
import Economics
import Pricing
import Testing

@Suite("Costing")
struct CostingTests {
  struct Row {
    var time: Int64
    var series: UInt32
    var input: UInt64
    var output: UInt64
  }

  static let models = ["gpt-4", "ada", "mystery"]

  static func job(_ rows: [Row]) throws -> PricingJob {
    var last = rows.first?.time ?? 0
    let batch = try UsageBatch(
      count: rows.count, baseTime: rows.first?.time ?? 0,
      timeDeltas: rows.map { row in
        defer { last = row.time }
        return row.time - last
      },
      seriesTable: SeriesTable(
        count: 3, columns: [.init(dimension: "model", values: models, codes: [0, 1, 2])]),
      series: rows.map(\.series),
      quantities: [
        .init(meter: .inputTokens, values: rows.map(\.input)),
        .init(meter: .outputTokens, values: rows.map(\.output)),
      ], evidence: .measured)
    func rate(_ meter: Meter, _ from: Int64, _ until: Int64?, _ price: String) throws
      -> RateCard.Rate
    {
      .init(
        from: TimeBucket(index: from), until: until.map { TimeBucket(index: $0) }, meter: meter,
        price: try Money(perMillion: price), evidence: .reported)
    }
    return try PricingJob(
      key: BatchKey(source: "s", stream: [], start: 0, end: UInt64(rows.count)),
      rowsRead: rows.count, rowsQuarantined: 0, rowsDuplicate: 0, batch: batch,
      rates: [
        RateCard(
          provider: "", model: "gpt-4",
          rates: [
            try rate(.inputTokens, 0, 2, "30"), try rate(.inputTokens, 2, nil, "10"),
            try rate(.outputTokens, 0, nil, "60"),
          ]),
        RateCard(provider: "", model: "ada", rates: [try rate(.inputTokens, 0, nil, "0.4")]),
      ], book: [], currency: "USD")
  }

  /// Line by line, without any of the batch's shortcuts.
  static func oracle(_ rows: [Row]) throws -> [String: (UInt64, Int128, Int)] {
    var sums: [String: (UInt64, Int128, Int)] = [:]
    for row in rows {
      let bucket = Int64((Double(row.time) / 900_000).rounded(.down))
      for (meter, quantity) in [
        (Meter.requests, 1), (.inputTokens, row.input), (.outputTokens, row.output),
      ]
      where quantity > 0 {
        let perMillion: Int128? =
          switch (models[Int(row.series)], meter) {
          case ("gpt-4", .inputTokens): bucket < 2 ? 30_000 : 10_000
          case ("gpt-4", .outputTokens): 60_000
          case ("ada", .inputTokens): 400
          default: nil
          }
        // Thousandths of a unit per million are 10^15 quanta each.
        let cost = (perMillion ?? 0) * 1_000_000_000_000_000 * Int128(quantity)
        let pricing = perMillion != nil ? 1 : meter == .requests && row.series < 2 ? 0 : 2
        let key = "\(bucket) \(row.series) \(meter.rawValue)"
        let before = sums[key] ?? (0, 0, pricing)
        sums[key] = (before.0 + quantity, before.1 + cost, pricing)
      }
    }
    return sums
  }

  static func sums(_ outcomes: [PricingOutcome]) throws -> [String: (UInt64, Int128, Int)] {
    var sums: [String: (UInt64, Int128, Int)] = [:]
    for outcome in outcomes {
      for line in 0..<outcome.lineCount {
        let key = "\(outcome.buckets[line]) \(outcome.series[line]) \(outcome.meters[line])"
        let cost = outcome.costs.money(line)
        let before = sums[key] ?? (0, 0, Int(outcome.pricings[line]))
        sums[key] = (
          before.0 + outcome.quantities[line], before.1 + cost.quanta,
          Int(outcome.pricings[line])
        )
      }
    }
    return sums
  }

  static func rows(seed: UInt64, span: UInt64) -> [Row] {
    var random = SplitMix64(seed: seed)
    return (0..<400).map { _ in
      Row(
        time: Int64(random.below(span)), series: UInt32(random.below(3)),
        input: random.below(30_000), output: random.below(3) == 0 ? 0 : random.below(5_000))
    }
  }

  @Test("Sums of a batch equal those of its rows, whole or in parts", arguments: 0..<30)
  func againstTheRows(_ seed: Int) throws {
    // Spans from an hour to three years: dense and sparse grouping.
    let span: UInt64 = seed % 3 == 0 ? 3_600_000 : seed % 3 == 1 ? 86_400_000 : 94_608_000_000
    let rows = Self.rows(seed: UInt64(seed), span: span)
    let expected = try Self.oracle(rows)
    for parts in [1, 2, 7] {
      let size = (rows.count + parts - 1) / parts
      let outcomes = try stride(from: 0, to: rows.count, by: size).map {
        try Costing.price(Self.job(Array(rows[$0..<min($0 + size, rows.count)])))
      }
      let sums = try Self.sums(outcomes)
      #expect(sums.keys.sorted() == expected.keys.sorted())
      for (key, value) in expected { #expect(sums[key]! == value, "\(key)") }
    }
  }

  @Test func whatHasNoRateIsUnpricedNotFree() throws {
    let outcome = try Costing.price(Self.job([Row(time: 0, series: 2, input: 5, output: 7)]))
    #expect(outcome.meters == [1, 3, 5])
    // Nothing of it has a price: neither has the call.
    #expect(outcome.pricings == [2, 2, 2])
    #expect(outcome.quantities == [1, 5, 7])
  }

  @Test("A call is charged by its tokens where they have a price; else it is unpriced")
  func calls() throws {
    func pricings(_ series: UInt32, at time: Int64 = 0) throws -> [UInt16] {
      try Costing.price(Self.job([Row(time: time, series: series, input: 0, output: 0)])).pricings
    }
    #expect(try pricings(0) == [0])
    #expect(try pricings(1) == [0])
    #expect(try pricings(2) == [2])
    // Before the first rate there is none.
    #expect(try pricings(0, at: -900_000) == [2])
  }

  @Test func aRateChangesOnItsBucket() throws {
    let rows = [
      Row(time: 1_799_999, series: 0, input: 1, output: 0),
      Row(time: 1_800_000, series: 0, input: 1, output: 0),
    ]
    let outcome = try Costing.price(Self.job(rows))
    let costs = outcome.meters.indices.filter { outcome.meters[$0] == 3 }.map {
      outcome.costs.money($0).decimal
    }
    #expect(costs == ["0.00003", "0.00001"])
  }

  @Test func evidenceIsTheWeakest() throws {
    let outcome = try Costing.price(Self.job([Row(time: 0, series: 0, input: 1, output: 0)]))
    #expect(outcome.evidences == [1, 2])  // Requests are measured, the cost is by a reported price.
  }

  @Test func aBatchWhoseSumsNoOutcomeHoldsIsRefused() throws {
    var job = try Self.job([Row(time: 0, series: 0, input: 1 << 57, output: 0)])
    #expect(throws: BatchError.self) { try Costing.price(job) }
    job = try Self.job([
      Row(time: 0, series: 0, input: .max, output: 0), Row(time: 0, series: 0, input: 1, output: 0),
    ])
    #expect(throws: BatchError.self) { try Costing.price(job) }
  }
}
