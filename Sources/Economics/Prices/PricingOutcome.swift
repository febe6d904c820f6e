// SPDX-License-Identifier: Apache-2.0

/// What a batch costs: one line for each bucket, series and meter that occurs, as columns, in that
/// order. Equal jobs give equal bytes, whoever computes them.
public struct PricingOutcome: Codable, Hashable, Sendable {
  /// Whole units of currency that the lines of an outcome come to at most, gains and losses together:
  /// sums of many outcomes stay within ``Money``.
  public static let unitsMax: UInt64 = 1_000_000_000_000
  /// What the quantities of an outcome come to at most, all meters together: 65,536 rows of 10^12.
  public static let quantityMax: UInt64 = 1 << 56

  /// The key of the job.
  public let key: BatchKey
  /// Lines read for the range: the sum of the three counts that follow.
  public let rowsRead: Int
  /// Rows that were priced, including unpriced ones.
  public let rowsAccepted: Int
  /// Rows that were rejected with a reason.
  public let rowsQuarantined: Int
  /// Rows whose id was accepted before.
  public let rowsDuplicate: Int
  /// The series that ``series`` refers to.
  public let seriesTable: SeriesTable
  /// ``TimeBucket/index`` of each line.
  public let buckets: [Int64]
  /// The series of each line, an index into ``seriesTable``.
  public let series: [UInt32]
  /// The raw ``Meter`` of each line.
  public let meters: [UInt16]
  /// The summed quantity of each line, in units of its meter.
  public let quantities: [UInt64]
  /// ``Pricing`` of each line.
  public let pricings: [UInt16]
  /// ``Evidence`` of each line: the weakest of the quantity's and the rate's.
  public let evidences: [UInt16]
  /// The cost of each priced line; 0 elsewhere, where ``pricings`` says why.
  public let costs: MoneyColumn
  /// Digest of the price book that the rates came from.
  public let book: [UInt8]
  /// ISO 4217 code of ``costs``.
  public let currency: String

  /// Lines being collected.
  public struct Lines: Sendable {
    /// The columns of ``PricingOutcome``.
    public var buckets: [Int64] = []
    public var series: [UInt32] = []
    public var meters: [UInt16] = []
    public var quantities: [UInt64] = []
    public var pricings: [UInt16] = []
    public var evidences: [UInt16] = []
    public var costs = MoneyColumn()

    /// No lines.
    public init() {}

    /// Adds a line.
    /// - Throws: ``MoneyError/overflow`` for a cost at the ends of the range.
    public mutating func append(
      bucket: Int64, series: UInt32, _ meter: Meter, _ quantity: UInt64, _ pricing: Pricing,
      _ evidence: Evidence, _ cost: Money
    ) throws(MoneyError) {
      try costs.append(cost)
      buckets.append(bucket)
      self.series.append(series)
      meters.append(UInt16(meter.rawValue))
      quantities.append(quantity)
      pricings.append(UInt16(pricing.rawValue))
      evidences.append(UInt16(evidence.rawValue))
    }
  }

  /// What came of a job.
  /// - Throws: ``BatchError`` when the columns do not fit together, or come to more than any batch.
  public init(job: PricingJob, lines: Lines) throws(BatchError) {
    key = job.key
    rowsRead = job.rowsRead
    rowsAccepted = job.batch.count
    rowsQuarantined = job.rowsQuarantined
    rowsDuplicate = job.rowsDuplicate
    seriesTable = job.batch.seriesTable
    book = job.book
    currency = job.currency
    (buckets, series, meters) = (lines.buckets, lines.series, lines.meters)
    (quantities, pricings, evidences) = (lines.quantities, lines.pricings, lines.evidences)
    costs = lines.costs
    try check()
  }

  enum CodingKeys: Int, CodingKey {
    case key = 1
    case rowsRead, rowsAccepted, rowsQuarantined, rowsDuplicate, seriesTable, buckets, series
    case meters, quantities, pricings, evidences, costs, book, currency
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    key = try container.decode(BatchKey.self, forKey: .key)
    rowsRead = try container.decode(Int.self, forKey: .rowsRead)
    rowsAccepted = try container.decode(Int.self, forKey: .rowsAccepted)
    rowsQuarantined = try container.decode(Int.self, forKey: .rowsQuarantined)
    rowsDuplicate = try container.decode(Int.self, forKey: .rowsDuplicate)
    seriesTable = try container.decode(SeriesTable.self, forKey: .seriesTable)
    buckets = try container.decode([Int64].self, forKey: .buckets)
    series = try container.decode([UInt32].self, forKey: .series)
    meters = try container.decode([UInt16].self, forKey: .meters)
    quantities = try container.decode([UInt64].self, forKey: .quantities)
    pricings = try container.decode([UInt16].self, forKey: .pricings)
    evidences = try container.decode([UInt16].self, forKey: .evidences)
    costs = try container.decode(MoneyColumn.self, forKey: .costs)
    book = try container.decode([UInt8].self, forKey: .book)
    currency = try container.decode(String.self, forKey: .currency)
    try check()
  }

  /// The number of lines.
  public var lineCount: Int { buckets.count }

  private func check() throws(BatchError) {
    try RowCounts.check(
      read: rowsRead, accepted: rowsAccepted, quarantined: rowsQuarantined,
      duplicate: rowsDuplicate)
    try BatchError.wrap { () throws(InvalidValue) in
      try InvalidValue.checkName(currency, "a currency")
    }
    let lengths = [
      series.count, meters.count, quantities.count, pricings.count, evidences.count, costs.count,
    ]
    guard lengths.allSatisfy({ $0 == lineCount }) else {
      throw BatchError("columns of \(lengths) lines beside \(lineCount) buckets")
    }
    guard lineCount > 0 else { return }
    // Column by column and without leaving early, which lets the compiler compare many at once.
    guard buckets.reduce(.max, min) >= TimeBucket.indexes.lowerBound,
      buckets.reduce(.min, max) <= TimeBucket.indexes.upperBound
    else { throw BatchError("a line outside 1900 to 2200") }
    guard series.reduce(0, max) < seriesTable.count,
      Self.areAll(meters, in: Meter.allCases), Self.areAll(pricings, in: Pricing.allCases),
      Self.areAll(evidences, in: Evidence.allCases)
    else { throw BatchError("a line has an unknown series, meter, pricing or evidence") }
    guard quantities.reduce(0 as UInt128, { $0 &+ UInt128($1) }) <= UInt128(Self.quantityMax) else {
      throw BatchError("quantities of over 2^56")
    }
    guard costs.unitsAtMost <= UInt128(Self.unitsMax) + UInt128(lineCount) else {
      throw BatchError("costs of over 10^12 units of currency")
    }
  }

  /// Whether all values are raw values of a type whose raw values follow each other.
  private static func areAll<Kind: RawRepresentable>(
    _ column: [UInt16], in kinds: [Kind]
  ) -> Bool where Kind.RawValue == Int {
    let values = kinds.map(\.rawValue)
    return Int(column.reduce(.max, min)) >= values.min() ?? 0
      && Int(column.reduce(.min, max)) <= values.max() ?? -1
  }
}
