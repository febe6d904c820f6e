// SPDX-License-Identifier: Apache-2.0

import CBOR
import Determinism
import Economics
import Pricing
import Testing

/// Costing beside the sum row by row, for batches of every shape.
@Suite("Costing by seed")
struct CostingPropertyTests {
  struct Row {
    var time: Int64
    var series: Int
    var quantities: [Meter: UInt64]
  }

  struct Case {
    var rows: [Row] = []
    var cards: [RateCard] = []
    var meters: [Meter]
    var evidence: Evidence
    static let models = ["m0", "m1", "m2", "m3"]
    static let providers = ["p", "q"]

    init(seed: UInt64) {
      var random = SplitMix64(seed: seed)
      evidence = Evidence.allCases[Int(random.below(4))]
      // Sometimes requests are counted by the source, sometimes each row is one.
      meters = Meter.allCases.filter { _ in random.below(3) > 0 }
      let span: UInt64 = [3_600_000, 86_400_000, 100_000_000_000][Int(random.below(3))]
      rows = (0..<(1 + random.below(120))).map { _ in
        Row(
          time: Int64(random.below(span)) - 40_000_000, series: Int(random.below(8)),
          quantities: Dictionary(
            uniqueKeysWithValues: meters.map { ($0, random.below(4) * random.below(50_000)) }))
      }
      for (place, model) in Self.models.enumerated() where place > 0 {
        for provider in Self.providers where random.below(4) > 0 {
          var rates: [RateCard.Rate] = []
          for meter in Meter.allCases where random.below(2) == 0 {
            let cut = Int64(random.below(200)) - 60
            // Two rates that meet at a bucket, and nothing after the second, or a gap.
            for (from, until) in [(-1_000_000, cut), (cut + Int64(random.below(2)) * 5, cut + 90)] {
              rates.append(
                .init(
                  from: TimeBucket(index: from), until: TimeBucket(index: until), meter: meter,
                  price: Money(quanta: Int128(random.next())),
                  evidence: Evidence.allCases[Int(random.below(4))]))
            }
          }
          cards.append(RateCard(provider: provider, model: model, rates: rates))
        }
      }
    }

    func job(_ range: Range<Int>, timeUnit: Int64 = 1) throws -> PricingJob {
      let part = rows[range]
      var last = part.first?.time ?? 0
      let codes = Array(0..<8 as Range<UInt32>)
      let batch = try UsageBatch(
        count: part.count, baseTime: last,
        timeDeltas: part.map { row in
          defer { last = row.time }
          return (row.time - last) / timeUnit
        },
        seriesTable: SeriesTable(
          count: 8,
          columns: [
            .init(dimension: "model", values: Self.models, codes: codes.map { $0 / 2 }),
            .init(dimension: "provider", values: Self.providers, codes: codes.map { $0 % 2 }),
          ]), series: part.map { UInt32($0.series) },
        quantities: meters.map { meter in
          .init(meter: meter, values: part.map { $0.quantities[meter] ?? 0 })
        }, evidence: evidence, timeUnit: timeUnit)
      return try PricingJob(
        key: BatchKey(source: "s", stream: [], start: UInt64(range.lowerBound), end: 1_000),
        rowsRead: part.count, rowsQuarantined: 0, rowsDuplicate: 0, batch: batch, rates: cards,
        book: [], currency: "USD")
    }

    struct Line: Equatable {
      var quantity: UInt64 = 0
      var cost: Int128 = 0
      var pricing: Pricing
      var evidence: Evidence
    }

    /// Row by row: the rate is looked up for each quantity.
    func oracle() -> [String: Line] {
      var lines: [String: Line] = [:]
      for row in rows {
        let bucket = Int64((Double(row.time) / 900_000).rounded(.down))
        var quantities = row.quantities
        if !meters.contains(.requests) { quantities[.requests] = 1 }
        for (meter, quantity) in quantities where quantity > 0 {
          let card = cards.first {
            $0.model == Self.models[row.series / 2] && $0.provider == Self.providers[row.series % 2]
          }
          func find(_ meter: Meter) -> RateCard.Rate? {
            card?.rates.first {
              $0.meter == meter && $0.from.index <= bucket && bucket < ($0.until?.index ?? .max)
            }
          }
          var rate = find(meter)
          if rate == nil && meter == .cachedInputTokens { rate = find(.inputTokens) }
          let isKnown =
            card?.rates.contains { $0.from.index <= bucket && bucket < ($0.until?.index ?? .max) }
            == true
          let isFree = meter == .failedRequests || (meter == .requests && isKnown)
          var line =
            lines["\(bucket) \(row.series) \(meter.rawValue)"]
            ?? Line(
              pricing: rate != nil ? .priced : isFree ? .uncharged : .unpriced, evidence: evidence)
          line.quantity += quantity
          line.cost += (rate?.price.quanta ?? 0) * Int128(quantity)
          if let rate { line.evidence = max(line.evidence, rate.evidence) }
          lines["\(bucket) \(row.series) \(meter.rawValue)"] = line
        }
      }
      return lines
    }
  }

  static func lines(_ outcomes: [PricingOutcome]) throws -> [String: Case.Line] {
    var lines: [String: Case.Line] = [:]
    for outcome in outcomes {
      var keys: [(Int64, UInt32, UInt16)] = []
      for index in 0..<outcome.lineCount {
        let key = "\(outcome.buckets[index]) \(outcome.series[index]) \(outcome.meters[index])"
        let pricing = try #require(Pricing(rawValue: Int(outcome.pricings[index])))
        let evidence = try #require(Evidence(rawValue: Int(outcome.evidences[index])))
        let cost = outcome.costs.money(index)
        // What has no price costs nothing *here*, and is marked.
        #expect(pricing == .priced || cost == .zero)
        var line = lines[key] ?? Case.Line(pricing: pricing, evidence: evidence)
        #expect(line.pricing == pricing && line.evidence == evidence, "\(key)")
        line.quantity += outcome.quantities[index]
        line.cost += cost.quanta
        lines[key] = line
        keys.append((outcome.buckets[index], outcome.series[index], outcome.meters[index]))
      }
      #expect(zip(keys, keys.dropFirst()).allSatisfy { $0 < $1 })
    }
    return lines
  }

  @Test(
    "Whole, in parts and in any order it is the sum of the rows", arguments: 0..<60 as Range<UInt64>
  )
  func sums(_ seed: UInt64) throws {
    var world = Case(seed: seed)
    let expected = world.oracle()
    #expect(
      try Self.lines([Costing.price(world.job(0..<world.rows.count))]) == expected, "seed \(seed)")
    var random = SplitMix64(seed: seed &+ 1_000)
    world.rows.shuffle(using: &random)
    // Cut anywhere, also into batches without rows.
    var cuts = [0, world.rows.count]
    for _ in 0..<random.below(8) { cuts.append(Int(random.below(UInt64(world.rows.count + 1)))) }
    cuts.sort()
    let outcomes = try zip(cuts, cuts.dropFirst()).map {
      try Costing.price(world.job($0..<$1))
    }
    #expect(try Self.lines(outcomes.shuffled(using: &random)) == expected, "seed \(seed)")
  }

  @Test("Equal jobs give equal bytes, also after the wire", arguments: 0..<20 as Range<UInt64>)
  func bytes(_ seed: UInt64) throws {
    let world = Case(seed: seed)
    let job = try world.job(0..<world.rows.count)
    let sent = try CBOREncoder().encode(job)
    let received = try CBORDecoder().decode(PricingJob.self, from: sent)
    #expect(received == job, "seed \(seed)")
    let (here, there) = (try Costing.price(job), try Costing.price(received))
    #expect(try CBOREncoder().encode(here) == CBOREncoder().encode(there), "seed \(seed)")
    #expect(
      try CBORDecoder().decode(PricingOutcome.self, from: CBOREncoder().encode(here)) == here,
      "seed \(seed)")
  }

  @Test("Evidence is the weaker of the two", arguments: Evidence.allCases, Evidence.allCases)
  func evidence(_ usage: Evidence, _ rate: Evidence) throws {
    var world = Case(seed: 1)
    (world.evidence, world.meters) = (usage, [.inputTokens, .outputTokens])
    world.rows = [Row(time: 0, series: 2, quantities: [.inputTokens: 1, .outputTokens: 1])]
    world.cards = [
      RateCard(
        provider: "p", model: "m1",
        rates: [
          .init(
            from: TimeBucket(index: 0), until: nil, meter: .inputTokens, price: Money(quanta: 1),
            evidence: rate)
        ])
    ]
    let outcome = try Costing.price(world.job(0..<1))
    #expect(outcome.meters == [1, 3, 5] && outcome.pricings == [0, 1, 2])
    #expect(
      outcome.evidences.map(Int.init) == [
        usage.rawValue, max(usage.rawValue, rate.rawValue), usage.rawValue,
      ])
  }

  @Test func aCostThatNoAmountHoldsIsRefused() throws {
    var world = Case(seed: 1)
    world.meters = [.inputTokens]
    world.rows = [Row(time: 0, series: 2, quantities: [.inputTokens: 3])]
    world.cards = [
      RateCard(
        provider: "p", model: "m1",
        rates: [
          .init(
            from: TimeBucket(index: 0), until: nil, meter: .inputTokens,
            price: Money(quanta: .max / 2), evidence: .reported)
        ])
    ]
    #expect(throws: MoneyError.overflow) { try Costing.price(world.job(0..<1)) }
  }

  @Test("Whole seconds are a thousand milliseconds", arguments: 0..<10 as Range<UInt64>)
  func timeUnits(_ seed: UInt64) throws {
    var world = Case(seed: seed)
    for index in world.rows.indices {
      world.rows[index].time = world.rows[index].time / 1_000 * 1_000
    }
    let rows = 0..<world.rows.count
    #expect(
      try Costing.price(world.job(rows, timeUnit: 1_000)) == Costing.price(world.job(rows)),
      "seed \(seed)")
  }
}
