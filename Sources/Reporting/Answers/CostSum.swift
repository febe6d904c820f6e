// SPDX-License-Identifier: Apache-2.0

public import Economics
public import Ledger

/// Adds up lines by the columns of a query: the same code for a ledger and for a file.
///
/// ```swift
/// var sum = try CostSum(CostQuery(by: ["day", "model"]))
/// try sum.add(outcome, seriesBase: 0)
/// let answer = sum.answer(currency: "USD")
/// let row = answer.rows[0]  // key ["2023-08-01", "gpt-4"], cost 0.03
/// ```
/// The example is compiled in `Tests/ExampleTests/ReportingExamples.swift`.
public struct CostSum {
  private enum Column {
    case time(TimeUnit)
    case meter
    case dimension(String)
  }

  private let query: CostQuery
  private let columns: [Column]
  private let clock: ZoneClock
  private var groups: [[String]: Int] = [:]
  private var keys: [[String]] = []
  private var sums: [CostTotals] = []
  private var total = CostTotals()
  private var first: TimeBucket?
  private var last: TimeBucket?

  // Labels are made once for each bucket, dimension keys once for each series.
  private var timeKeys: [TimeBucket: [String]] = [:]
  private var groupOfLine: [LineKey: Int] = [:]
  // The meters of a bucket and series follow each other.
  private var lastLine: (key: LineKey, group: Int)?
  private let byMeter: Bool

  private struct LineKey: Hashable {
    var bucket: TimeBucket
    var series: Int64
    var meter: Int
  }

  /// - Throws: ``QueryError`` for a column or zone that does not exist.
  public init(_ query: CostQuery) throws {
    self.query = query
    clock = try ZoneClock(query.zone)
    byMeter = query.by.contains("meter")
    columns = query.by.map { name in
      if let unit = TimeUnit(rawValue: name) { return .time(unit) }
      return name == "meter" ? .meter : .dimension(name)
    }
  }

  /// Whether the query covers a bucket.
  public func covers(_ bucket: TimeBucket) -> Bool {
    (query.since.map { $0 <= bucket.start } ?? true)
      && (query.until.map { bucket.start < $0 } ?? true)
  }

  /// Adds a line.
  /// - Parameters:
  ///   - series: a number that stands for `dimensions`.
  ///   - dimensions: called at most once for each series and bucket.
  /// - Throws: ``MoneyError/overflow``, after which the sum is not usable.
  public mutating func add(
    bucket: TimeBucket, series: Int64, meter: Meter, quantity: UInt64, pricing: Pricing,
    evidence: Evidence, cost: Money, dimensions: () -> [String: String]
  ) throws {
    let line = LineKey(bucket: bucket, series: series, meter: byMeter ? meter.rawValue : 0)
    let group: Int
    if let lastLine, lastLine.key == line {
      group = lastLine.group
    } else if let known = groupOfLine[line] {
      group = known
    } else {
      group = self.group(bucket, meter, dimensions())
      groupOfLine[line] = group
    }
    lastLine = (line, group)
    guard group >= 0 else { return }
    try sums[group].add(meter, quantity, pricing, evidence, cost)
    try total.add(meter, quantity, pricing, evidence, cost)
    first = min(first ?? bucket, bucket)
    last = max(last ?? bucket, bucket)
  }

  /// Adds all lines of a batch's outcome.
  /// - Throws: ``MoneyError/overflow``, after which the sum is not usable.
  public mutating func add(_ outcome: PricingOutcome, seriesBase: Int64) throws {
    for index in 0..<outcome.lineCount {
      guard let bucket = TimeBucket(exactly: outcome.buckets[index]), covers(bucket),
        let meter = Meter(rawValue: Int(outcome.meters[index])),
        let pricing = Pricing(rawValue: Int(outcome.pricings[index])),
        let evidence = Evidence(rawValue: Int(outcome.evidences[index]))
      else { continue }
      let series = Int(outcome.series[index])
      try add(
        bucket: bucket, series: seriesBase + Int64(series), meter: meter,
        quantity: outcome.quantities[index], pricing: pricing, evidence: evidence,
        cost: outcome.costs.money(index)
      ) {
        var dimensions = outcome.seriesTable.dimensions(of: series)
        dimensions[Dimension.source] = outcome.key.source
        return dimensions
      }
    }
    // The numbers of series mean another table in the next batch.
    groupOfLine.removeAll(keepingCapacity: true)
    lastLine = nil
  }

  /// The group of a line, or -1 when a filter leaves it out.
  private mutating func group(
    _ bucket: TimeBucket, _ meter: Meter, _ dimensions: [String: String]
  ) -> Int {
    for (name, value) in query.filters where (dimensions[name] ?? "") != value { return -1 }
    let times = timeKeys[bucket] ?? makeTimeKeys(bucket)
    var time = times.makeIterator()
    let key = columns.map { column in
      switch column {
      case .time: time.next() ?? ""
      case .meter: meter.name
      case .dimension(let name): dimensions[name] ?? ""
      }
    }
    if let known = groups[key] { return known }
    groups[key] = keys.count
    keys.append(key)
    sums.append(CostTotals())
    return keys.count - 1
  }

  private mutating func makeTimeKeys(_ bucket: TimeBucket) -> [String] {
    let made = columns.compactMap { column -> String? in
      if case .time(let unit) = column { clock.label(bucket, unit) } else { nil }
    }
    timeKeys[bucket] = made
    return made
  }

  /// The answer to the query.
  public func answer(currency: String?, sequence: Int64 = 0, chain: [UInt8] = []) -> CostAnswer {
    let rows = zip(keys, sums).map { CostAnswer.Row(key: $0, totals: $1) }
      .sorted { $0.key.lexicographicallyPrecedes($1.key) }
    return CostAnswer(
      by: query.by, rows: rows, total: total, currency: currency, sequence: sequence,
      chain: chain, firstTime: first?.start, lastTime: last?.start)
  }

  /// Answers from a ledger.
  /// - Throws: ``QueryError`` for a question without an answer, or what reading the ledger throws.
  public static func answer(_ query: CostQuery, from ledger: Ledger) throws -> CostAnswer {
    var sum = try CostSum(query)
    let hasSource = query.by.contains(Dimension.source) || query.filters[Dimension.source] != nil
    let view = try ledger.read(
      from: query.since.map { TimeBucket(nearest: $0) },
      until: query.until.flatMap { TimeBucket(beginningAtOrAfter: $0) }
    ) { view, posting in
      guard sum.covers(posting.bucket) else { return }
      // Source is of the batch, not of the series: then the two together make the number.
      let series = hasSource ? posting.series << 32 | posting.batch : posting.series
      try sum.add(
        bucket: posting.bucket, series: series, meter: posting.meter, quantity: posting.quantity,
        pricing: posting.pricing, evidence: posting.evidence, cost: posting.cost
      ) {
        var dimensions = view.dimensions(of: posting.series)
        if hasSource { dimensions[Dimension.source] = view.source(ofBatch: posting.batch) }
        return dimensions
      }
    }
    return sum.answer(currency: view.currency, sequence: view.sequence, chain: view.chain)
  }
}
