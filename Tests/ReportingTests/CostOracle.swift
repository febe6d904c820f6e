// SPDX-License-Identifier: Apache-2.0

import Determinism
import Economics
import Reporting

/// Lines of usage from a seed, and sums of them made the slow way.
struct CostOracle {
  struct Line {
    var bucket: TimeBucket
    var series: Int
    var meter: Meter
    var quantity: UInt64
    var pricing: Pricing
    var evidence: Evidence
    var cost: Money
  }

  /// The dimensions of the series; a value that is empty is none.
  static let series: [[String: String]] = [
    ["model": "gpt-4", "product": "chat", "provider": "openai", "log_type": "API log"],
    ["model": "gpt-4", "product": "code", "provider": "azure"],
    ["model": "ada", "product": "chat", "provider": "openai", "team": "blue"],
    ["product": "chat", "customer": "c-1"],
    [:],
  ]

  var lines: [Line]

  /// - Parameter span: in buckets, from 2023-08-01.
  init(seed: UInt64, count: Int = 200, span: UInt64 = 4_000) {
    var random = SplitMix64(seed: seed)
    lines = (0..<count).map { _ in
      let meter = Meter.allCases[Int(random.below(6))]
      let pricing: Pricing =
        !meter.isChargeable ? .uncharged : random.below(4) == 0 ? .unpriced : .priced
      return Line(
        bucket: TimeBucket(index: 1_878_720 + Int64(random.below(span))),
        series: Int(random.below(5)), meter: meter, quantity: 1 + random.below(1_000_000),
        pricing: pricing, evidence: Evidence.allCases[Int(random.below(3))],
        cost: pricing == .priced
          ? Money(quanta: Int128(random.next()) * Int128(random.below(1 << 30))) : .zero)
    }
  }

  /// The totals of some lines, meter by meter.
  static func totals(_ lines: [Line]) throws -> CostTotals {
    var totals = CostTotals()
    for line in lines {
      try totals.add(line.meter, line.quantity, line.pricing, line.evidence, line.cost)
    }
    return totals
  }

  /// Whether totals say what the lines do, each figure added up by itself.
  static func agree(_ totals: CostTotals, _ lines: [Line]) -> Bool {
    for meter in Meter.allCases {
      let own = lines.filter { $0.meter == meter }
      let all = own.reduce(0) { $0 + $1.quantity }
      let unpriced = own.filter { $0.pricing == .unpriced }.reduce(0) { $0 + $1.quantity }
      guard totals.quantity(meter) == all, totals.unpriced(meter) == unpriced else { return false }
    }
    return totals.cost.quanta == lines.reduce(0) { $0 + $1.cost.quanta }
      && totals.hasPriced == lines.contains { $0.pricing == .priced }
      && totals.hasUnpriced == lines.contains { $0.pricing == .unpriced }
      && totals.evidence == (lines.map(\.evidence).max() ?? .measured)
  }

  static func dimension(_ name: String, of line: Line) -> String { series[line.series][name] ?? "" }

  func answer(_ query: CostQuery) throws -> CostAnswer {
    var sum = try CostSum(query)
    for line in lines where sum.covers(line.bucket) {
      try sum.add(
        bucket: line.bucket, series: Int64(line.series), meter: line.meter,
        quantity: line.quantity, pricing: line.pricing, evidence: line.evidence, cost: line.cost
      ) { Self.series[line.series] }
    }
    return sum.answer(currency: "USD")
  }
}
