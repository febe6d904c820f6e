// SPDX-License-Identifier: Apache-2.0

import Economics

/// What the examples work on.
enum ExampleData {
  /// One request of 1,000 input tokens on 2023-08-01, at 30 dollars per million.
  static func job() throws -> PricingJob {
    let batch = try UsageBatch(
      count: 1, baseTime: 1_690_848_000_000, timeDeltas: [0],
      seriesTable: SeriesTable(
        count: 1, columns: [.init(dimension: Dimension.model, values: ["gpt-4"], codes: [0])]),
      series: [0], quantities: [.init(meter: .inputTokens, values: [1_000])], evidence: .measured)
    let rate = RateCard.Rate(
      from: TimeBucket(index: 0), until: nil, meter: .inputTokens,
      price: try Money(perMillion: "30"), evidence: .reported)
    return try PricingJob(
      key: BatchKey(source: "gateway", stream: [1], start: 0, end: 90), rowsRead: 1,
      rowsQuarantined: 0, rowsDuplicate: 0, batch: batch,
      rates: [RateCard(provider: "", model: "gpt-4", rates: [rate])], book: [1], currency: "USD")
  }
}
