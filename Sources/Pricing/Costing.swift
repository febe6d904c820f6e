// SPDX-License-Identifier: Apache-2.0

public import Economics

/// Prices a batch: sums first, then multiplies each sum once.
///
/// Cost is linear in the quantity once the rate is chosen, and the rate depends only on the series
/// and the bucket. So the integer quantities of equal (bucket, series) are added, and each sum is
/// multiplied by its rate: exact, the same in any order, and one multiplication for thousands of
/// rows.
public enum Costing {
  /// Prices a batch.
  ///
  /// ```swift
  /// let outcome = try Costing.price(job)
  /// var cost = Money.zero
  /// for line in 0..<outcome.lineCount {
  ///   cost = try cost.adding(outcome.costs.money(line))  // 0 where the line has no price
  /// }
  /// ```
  /// The example is compiled in `Tests/ExampleTests/PricingExamples.swift`.
  /// - Throws: ``BatchError`` when a sum exceeds what an outcome holds, ``MoneyError`` when an amount
  ///   leaves the range.
  public static func price(_ job: PricingJob) throws -> PricingOutcome {
    var lines = PricingOutcome.Lines()
    let groups = Grouping(job.batch)
    let sums = try Sums(job.batch, groups)
    let cards = cardOfSeries(job)
    for group in groups.order {
      let bucket = groups.bucket(of: group)
      let series = groups.series(of: group)
      // Where nothing of a model has a price, neither has a call of it: search, ranking and speech are
      // charged by the request.
      let isKnown = cards[series]?.hasRate(in: bucket) == true
      for (meter, values) in sums.columns where values[group] > 0 {
        let rate = cards[series]?.rate(for: meter, in: bucket)
        let isChargeable = meter.isChargeable || (meter == .requests && !isKnown)
        let evidence = max(job.batch.evidence, rate?.evidence ?? job.batch.evidence)
        try lines.append(
          bucket: bucket.index, series: UInt32(truncatingIfNeeded: series), meter, values[group],
          rate != nil ? .priced : isChargeable ? .unpriced : .uncharged, evidence,
          rate?.price.times(values[group]) ?? .zero)
      }
    }
    return try PricingOutcome(job: job, lines: lines)
  }

  private static func cardOfSeries(_ job: PricingJob) -> [RateCard?] {
    let table = job.batch.seriesTable
    var cards: [Pair: RateCard] = [:]
    for card in job.rates {
      let pair = Pair(provider: card.provider, model: card.model)
      if cards[pair] == nil { cards[pair] = card }
    }
    return (0..<table.count).map { series in
      cards[
        Pair(
          provider: table.value(of: Dimension.provider, in: series),
          model: table.value(of: Dimension.model, in: series))]
    }
  }

  private struct Pair: Hashable {
    var provider: String
    var model: String
  }
}

/// The (bucket, series) groups of a batch, numbered so that rows can be summed by index.
struct Grouping {
  /// The group of each row.
  private(set) var ofRow: [UInt32] = []
  /// Groups that occur, by bucket and then series.
  private(set) var order: [Int] = []
  /// How many numbers there are, groups that do not occur included.
  private(set) var capacity = 0

  private let seriesCount: Int
  private var firstBucket: Int64 = 0
  /// Only when the numbers are not bucket x series: the key of each group.
  private var sparseKeys: [(bucket: Int64, series: UInt32)] = []

  init(_ batch: UsageBatch) {
    seriesCount = batch.seriesTable.count
    guard let span = batch.span else { return }
    let buckets = Self.buckets(batch)
    firstBucket = span.lowerBound.index
    // Some ten million buckets at most, and 2^32 series.
    let cells = Int(span.upperBound.index - firstBucket + 1) * seriesCount
    // A dense table is the fast case; a few rows spread over years would make it too large.
    if cells <= 4 * batch.count + 4_096 {
      numberDensely(batch, buckets, cells)
    } else {
      numberSparsely(batch, buckets)
    }
  }

  func bucket(of group: Int) -> TimeBucket {
    TimeBucket(
      index: sparseKeys.isEmpty
        ? firstBucket + Int64(group / seriesCount) : sparseKeys[group].bucket)
  }

  func series(of group: Int) -> Int {
    sparseKeys.isEmpty ? group % seriesCount : Int(sparseKeys[group].series)
  }

  /// The bucket of each row.
  private static func buckets(_ batch: UsageBatch) -> [Int64] {
    let unit = batch.timeUnit
    return [Int64](unsafeUninitializedCapacity: batch.count) { out, initialized in
      var time = batch.baseTime
      // Rows are mostly in order, so the bucket is mostly that of the row before: a division only
      // when it changes. A batch holds no time that could overflow here.
      var bucket: Int64 = 0
      var range: Range<Int64> = 0..<0
      batch.timeDeltas.withUnsafeBufferPointer { deltas in
        for row in 0..<deltas.count {
          time &+= deltas[row] &* unit
          if !range.contains(time) {
            bucket = Instant.floorDivide(time, TimeBucket.milliseconds).quotient
            let start = bucket &* TimeBucket.milliseconds
            range = start..<(start &+ TimeBucket.milliseconds)
          }
          out[row] = bucket
        }
      }
      initialized = batch.count
    }
  }

  private mutating func numberDensely(_ batch: UsageBatch, _ buckets: [Int64], _ cells: Int) {
    capacity = cells
    var occurs = [Bool](repeating: false, count: cells)
    let first = firstBucket
    let width = seriesCount
    ofRow = [UInt32](unsafeUninitializedCapacity: batch.count) { out, initialized in
      batch.series.withUnsafeBufferPointer { series in
        for row in 0..<series.count {
          let group = Int(buckets[row] &- first) &* width &+ Int(series[row])
          occurs[group] = true
          out[row] = UInt32(truncatingIfNeeded: group)
        }
      }
      initialized = batch.count
    }
    order = occurs.indices.filter { occurs[$0] }
  }

  private mutating func numberSparsely(_ batch: UsageBatch, _ buckets: [Int64]) {
    var numbers: [Int64: [UInt32: UInt32]] = [:]
    ofRow.reserveCapacity(batch.count)
    for row in 0..<batch.count {
      let (bucket, series) = (buckets[row], batch.series[row])
      if let number = numbers[bucket]?[series] {
        ofRow.append(number)
      } else {
        let number = UInt32(sparseKeys.count)
        numbers[bucket, default: [:]][series] = number
        sparseKeys.append((bucket, series))
        ofRow.append(number)
      }
    }
    capacity = sparseKeys.count
    order = sparseKeys.indices.sorted { sparseKeys[$0] < sparseKeys[$1] }
  }
}

/// The sum of each meter in each group.
struct Sums {
  /// By meter; the values are indexed by group.
  let columns: [(meter: Meter, values: [UInt64])]

  /// - Throws: ``BatchError`` when a sum exceeds 2^64.
  init(_ batch: UsageBatch, _ groups: Grouping) throws(BatchError) {
    var columns: [(meter: Meter, values: [UInt64])] = []
    if !batch.quantities.contains(where: { $0.meter == .requests }) {
      var counts = [UInt64](repeating: 0, count: groups.capacity)
      counts.withUnsafeMutableBufferPointer { counts in
        for group in groups.ofRow { counts[Int(group)] &+= 1 }
      }
      columns.append((.requests, counts))
    }
    var position = 0
    while position < batch.quantities.count {
      let left = batch.quantities[position...]
      columns +=
        try left.count > 1
        ? Self.sums(left[position], left[position + 1], groups)
        : Self.sums(left[position], nil, groups)
      position += 2
    }
    self.columns = columns.sorted { $0.meter < $1.meter }
  }

  /// Sums two columns at once: adding to one sum takes longer than adding to two, since each addition
  /// waits for the one before.
  private static func sums(
    _ first: UsageBatch.Quantities, _ second: UsageBatch.Quantities?, _ groups: Grouping
  ) throws(BatchError) -> [(meter: Meter, values: [UInt64])] {
    var firstSums = [UInt64](repeating: 0, count: groups.capacity)
    var secondSums = [UInt64](repeating: 0, count: second == nil ? 0 : groups.capacity)
    var (firstCarry, secondCarry) = (false, false)
    // Groups are below `capacity` by construction, and a batch that was validated has as many values
    // as rows: no bound needs checking ten million times.
    groups.ofRow.withUnsafeBufferPointer { groups in
      first.values.withUnsafeBufferPointer { values in
        firstSums.withUnsafeMutableBufferPointer { sums in
          guard let second else {
            for row in 0..<values.count { add(values[row], to: groups[row], sums, &firstCarry) }
            return
          }
          second.values.withUnsafeBufferPointer { others in
            secondSums.withUnsafeMutableBufferPointer { otherSums in
              for row in 0..<values.count {
                add(values[row], to: groups[row], sums, &firstCarry)
                add(others[row], to: groups[row], otherSums, &secondCarry)
              }
            }
          }
        }
      }
    }
    for (column, carry) in [(first, firstCarry), (second ?? first, secondCarry)] where carry {
      throw BatchError("the sum of \(column.meter.name) exceeds 64 bits")
    }
    return [(first.meter, firstSums)] + (second.map { [($0.meter, secondSums)] } ?? [])
  }

  @inline(__always)
  private static func add(
    _ value: UInt64, to group: UInt32, _ sums: UnsafeMutableBufferPointer<UInt64>,
    _ carry: inout Bool
  ) {
    let (sum, overflow) = sums[Int(group)].addingReportingOverflow(value)
    sums[Int(group)] = sum
    carry = carry || overflow
  }
}
