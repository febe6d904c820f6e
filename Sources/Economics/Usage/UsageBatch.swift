// SPDX-License-Identifier: Apache-2.0

/// Usage records as columns: small on the wire, fast to sum.
///
///     row      0         1         2
///     time     base      +40 ms    +3 ms       differences, narrowest width
///     series   0         1         0           row of the series table
///     input    1602      259       467         one column per meter that occurs
///     id       16 bytes  16 bytes  16 bytes    only if the source has ids
public struct UsageBatch: Codable, Hashable, Sendable {
  /// The number of rows.
  public let count: Int
  /// The time of the first row, in milliseconds since 1970.
  public let baseTime: Int64
  /// The time of each row less that of the row before it (the first: 0), in units of ``timeUnit``.
  public let timeDeltas: [Int64]
  /// The combinations of dimension values that ``series`` refers to.
  public let seriesTable: SeriesTable
  /// The series of each row.
  public let series: [UInt32]
  /// Sorted by meter. Without a column for requests each row is one request.
  public let quantities: [Quantities]
  /// 16 bytes per row, or none.
  public let ids: [UInt8]
  /// How the quantities are known.
  public let evidence: Evidence
  /// Milliseconds: 1 000 where all times are whole seconds, which a third of the bytes can say.
  public let timeUnit: Int64
  /// The buckets from the earliest to the latest row; `nil` without rows.
  public let span: ClosedRange<TimeBucket>?

  /// The values of one meter, a row each.
  public struct Quantities: Codable, Hashable, Sendable {
    /// What is counted in this column.
    public let meter: Meter
    /// One count per row.
    public let values: [UInt64]

    public init(meter: Meter, values: [UInt64]) {
      self.meter = meter
      self.values = values
    }

    enum CodingKeys: Int, CodingKey {
      case meter = 1
      case values
    }
  }

  /// Checks that all columns fit together, and every time. Indexing by row and series cannot fail
  /// afterwards. Cost: linear in the rows.
  /// - Throws: ``BatchError``.
  public init(
    count: Int, baseTime: Int64, timeDeltas: [Int64], seriesTable: SeriesTable, series: [UInt32],
    quantities: [Quantities], ids: [UInt8] = [], evidence: Evidence,
    timeUnit: Int64 = 1
  ) throws(BatchError) {
    self.count = count
    self.baseTime = baseTime
    self.timeDeltas = timeDeltas
    self.seriesTable = seriesTable
    self.series = series
    self.quantities = quantities
    self.ids = ids
    self.evidence = evidence
    self.timeUnit = timeUnit
    guard timeUnit == 1 || timeUnit == 1_000 else {
      throw BatchError("a time unit of \(timeUnit) ms")
    }
    span = try Self.span(from: baseTime, timeDeltas, unit: timeUnit)
    try check()
  }

  enum CodingKeys: Int, CodingKey {
    case count = 1
    case baseTime, timeDeltas, seriesTable, series, quantities, ids, evidence, timeUnit
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      count: container.decode(Int.self, forKey: .count),
      baseTime: container.decode(Int64.self, forKey: .baseTime),
      timeDeltas: container.decode([Int64].self, forKey: .timeDeltas),
      seriesTable: container.decode(SeriesTable.self, forKey: .seriesTable),
      series: container.decode([UInt32].self, forKey: .series),
      quantities: container.decode([Quantities].self, forKey: .quantities),
      ids: container.decode([UInt8].self, forKey: .ids),
      evidence: container.decode(Evidence.self, forKey: .evidence),
      timeUnit: container.decode(Int64.self, forKey: .timeUnit))
  }

  private func check() throws(BatchError) {
    guard timeDeltas.count == count, series.count == count else {
      throw BatchError("\(timeDeltas.count) times and \(series.count) series for \(count) rows")
    }
    guard ids.isEmpty || ids.count == 16 * count else {
      throw BatchError("\(ids.count) bytes of ids for \(count) rows")
    }
    // Without leaving early, which lets the compiler compare many at once.
    let greatest = series.withUnsafeBufferPointer { $0.reduce(0) { $0 > $1 ? $0 : $1 } }
    guard count == 0 || greatest < seriesTable.count else {
      throw BatchError("a row refers to a series that does not exist")
    }
    for column in quantities where column.values.count != count {
      throw BatchError("\(column.values.count) \(column.meter.name) for \(count) rows")
    }
    guard zip(quantities, quantities.dropFirst()).allSatisfy({ $0.meter < $1.meter }) else {
      throw BatchError("meters are repeated or out of order")
    }
  }

  /// - Throws: ``BatchError`` for a time outside 1900 to 2200.
  private static func span(
    from base: Int64, _ deltas: [Int64], unit: Int64
  ) throws(BatchError) -> ClosedRange<TimeBucket>? {
    guard !deltas.isEmpty else { return nil }
    let calendar = Instant.calendar
    var (time, least, most) = (base, base, base)
    let longest = deltas.withUnsafeBufferPointer { deltas in
      deltas.reduce(0) { max($0, $1.magnitude) }
    }
    // A step that is no longer than the calendar leads from inside to where it is seen to be outside,
    // not beyond 64 bits; what comes after that does not matter.
    let isOrderly = longest <= UInt64(calendar.upperBound - calendar.lowerBound) / UInt64(unit)
    if isOrderly {
      deltas.withUnsafeBufferPointer { deltas in
        for delta in deltas {
          time &+= delta &* unit
          least = min(least, time)
          most = max(most, time)
        }
      }
    }
    guard isOrderly, let first = TimeBucket(containing: least),
      let last = TimeBucket(containing: most)
    else { throw BatchError("a time outside 1900 to 2200") }
    return first...last
  }
}
