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
  public var count: Int
  /// The time of the first row, in milliseconds since 1970.
  public var baseTime: Int64
  /// The time of each row less that of the row before it (the first: 0), in units of ``timeUnit``.
  public var timeDeltas: [Int64]
  /// The combinations of dimension values that ``series`` refers to.
  public var seriesTable: SeriesTable
  /// The series of each row.
  public var series: [UInt32]
  /// Sorted by meter. Without a column for requests each row is one request.
  public var quantities: [Quantities]
  /// 16 bytes per row, or none.
  public var ids: [UInt8]
  /// How the quantities are known.
  public var evidence: Evidence
  /// Milliseconds: 1 000 where all times are whole seconds, which a third of the bytes can say.
  public var timeUnit: Int64

  /// The values of one meter, a row each.
  public struct Quantities: Codable, Hashable, Sendable {
    /// What is counted in this column.
    public var meter: Meter
    /// One count per row.
    public var values: [UInt64]

    public init(meter: Meter, values: [UInt64]) {
      self.meter = meter
      self.values = values
    }

    enum CodingKeys: Int, CodingKey {
      case meter = 1
      case values
    }
  }

  public init(
    count: Int, baseTime: Int64, timeDeltas: [Int64], seriesTable: SeriesTable, series: [UInt32],
    quantities: [Quantities], ids: [UInt8] = [], evidence: Evidence,
    timeUnit: Int64 = 1
  ) {
    self.count = count
    self.baseTime = baseTime
    self.timeDeltas = timeDeltas
    self.seriesTable = seriesTable
    self.series = series
    self.quantities = quantities
    self.ids = ids
    self.evidence = evidence
    self.timeUnit = timeUnit
  }

  enum CodingKeys: Int, CodingKey {
    case count = 1
    case baseTime, timeDeltas, seriesTable, series, quantities, ids, evidence, timeUnit
  }

  /// Checks that all columns fit together. After it, indexing by row and series cannot fail.
  /// - Throws: ``BatchError``.
  public func validate() throws(BatchError) {
    try seriesTable.validate()
    guard timeUnit == 1 || timeUnit == 1_000 else {
      throw BatchError("a time unit of \(timeUnit) ms")
    }
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
}
