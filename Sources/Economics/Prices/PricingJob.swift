// SPDX-License-Identifier: Apache-2.0

/// Where a batch comes from. It is the batch's name for ever: the ledger takes each once.
///
/// Row content is never an identity; real logs hold rows that are equal to the last byte.
public struct BatchKey: Codable, Hashable, Sendable, Comparable, CustomStringConvertible {
  /// The log's name; a dimension of the cost.
  public var source: String
  /// What distinguishes this file or stream from any other of the source: a digest of its content.
  public var stream: [UInt8]
  /// The range of bytes in the (unpacked) stream.
  public var start: UInt64
  /// The first byte after the range.
  public var end: UInt64

  public init(source: String, stream: [UInt8], start: UInt64, end: UInt64) {
    self.source = source
    self.stream = stream
    self.start = start
    self.end = end
  }

  enum CodingKeys: Int, CodingKey {
    case source = 1
    case stream, start, end
  }

  public static func < (a: BatchKey, b: BatchKey) -> Bool {
    if a.source != b.source { return a.source < b.source }
    if a.stream != b.stream { return a.stream.lexicographicallyPrecedes(b.stream) }
    return (a.start, a.end) < (b.start, b.end)
  }

  public var description: String {
    let name = stream.prefix(6).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }
    return "\(source) \(name.joined()) bytes \(start)..<\(end)"
  }
}

/// The prices of one (provider, model) pair that occurs in a batch, for the time that it spans.
public struct RateCard: Codable, Hashable, Sendable {
  /// The price of one meter over a period of time.
  public struct Rate: Codable, Hashable, Sendable {
    /// The first bucket for which it holds.
    public var from: TimeBucket
    /// The first bucket for which it holds no more.
    public var until: TimeBucket?
    /// What is priced.
    public var meter: Meter
    /// The price of one unit.
    public var price: Money
    /// How the price is known.
    public var evidence: Evidence

    public init(
      from: TimeBucket, until: TimeBucket?, meter: Meter, price: Money, evidence: Evidence
    ) {
      self.from = from
      self.until = until
      self.meter = meter
      self.price = price
      self.evidence = evidence
    }

    enum CodingKeys: Int, CodingKey {
      case from = 1
      case until, meter, price, evidence
    }

    /// Whether the rate applies in a bucket: `from` is inclusive, `until` exclusive.
    public func holds(in bucket: TimeBucket) -> Bool {
      from <= bucket && (until.map { bucket < $0 } ?? true)
    }
  }

  /// The provider, as in the batch's series table.
  public var provider: String
  /// The model, as in the batch's series table.
  public var model: String
  /// All rates that apply in some part of the batch's time, sorted by start and meter.
  public var rates: [Rate]

  public init(provider: String, model: String, rates: [Rate]) {
    self.provider = provider
    self.model = model
    self.rates = rates
  }

  enum CodingKeys: Int, CodingKey {
    case provider = 1
    case model, rates
  }

  /// The rate for a meter in a bucket.
  public func rate(for meter: Meter, in bucket: TimeBucket) -> Rate? {
    if let rate = rates.first(where: { $0.meter == meter && $0.holds(in: bucket) }) {
      return rate
    }
    return meter.fallback.flatMap { rate(for: $0, in: bucket) }
  }

  /// Whether anything of the model has a price in a bucket.
  public func hasRate(in bucket: TimeBucket) -> Bool { rates.contains { $0.holds(in: bucket) } }
}

/// Everything that a worker needs to price a batch, today or in a replay: the batch *and* the rates.
public struct PricingJob: Codable, Hashable, Sendable {
  /// The name under which the ledger books the batch once.
  public var key: BatchKey
  /// Lines read for this range, the quarantined and duplicate ones included.
  public var rowsRead: Int
  /// Rows of the range that were rejected with a reason.
  public var rowsQuarantined: Int
  /// Rows of the range whose id was accepted before.
  public var rowsDuplicate: Int
  /// The accepted rows.
  public var batch: UsageBatch
  /// The prices of every (provider, model) pair in the batch that has any.
  public var rates: [RateCard]
  /// Digest of the price book that the rates were taken from.
  public var book: [UInt8]
  /// ISO 4217 code of the rates and of the outcome's costs.
  public var currency: String

  public init(
    key: BatchKey, rowsRead: Int, rowsQuarantined: Int, rowsDuplicate: Int, batch: UsageBatch,
    rates: [RateCard], book: [UInt8], currency: String
  ) {
    self.key = key
    self.rowsRead = rowsRead
    self.rowsQuarantined = rowsQuarantined
    self.rowsDuplicate = rowsDuplicate
    self.batch = batch
    self.rates = rates
    self.book = book
    self.currency = currency
  }

  enum CodingKeys: Int, CodingKey {
    case key = 1
    case rowsRead, rowsQuarantined, rowsDuplicate, batch, rates, book, currency
  }
}

/// What a batch costs: one line for each bucket, series and meter that occurs, as columns, in that
/// order. Equal jobs give equal bytes, whoever computes them.
public struct PricingOutcome: Codable, Hashable, Sendable {
  /// The key of the job.
  public var key: BatchKey
  /// Lines read for the range: the sum of the three counts that follow.
  public var rowsRead: Int
  /// Rows that were priced, including unpriced ones.
  public var rowsAccepted: Int
  /// Rows that were rejected with a reason.
  public var rowsQuarantined: Int
  /// Rows whose id was accepted before.
  public var rowsDuplicate: Int
  /// The series that ``series`` refers to.
  public var seriesTable: SeriesTable
  /// ``TimeBucket/index`` of each line.
  public var buckets: [Int64]
  /// The series of each line, an index into ``seriesTable``.
  public var series: [UInt32]
  /// The raw ``Meter`` of each line.
  public var meters: [UInt16]
  /// The summed quantity of each line, in units of its meter.
  public var quantities: [UInt64]
  /// ``Pricing`` of each line.
  public var pricings: [UInt16]
  /// ``Evidence`` of each line: the weakest of the quantity's and the rate's.
  public var evidences: [UInt16]
  /// The cost of each priced line; 0 elsewhere, where ``pricings`` says why.
  public var costs: MoneyColumn
  /// Digest of the price book that the rates came from.
  public var book: [UInt8]
  /// ISO 4217 code of ``costs``.
  public var currency: String

  /// An outcome with the job's key and row counts, and no lines yet.
  public init(job: PricingJob) {
    key = job.key
    rowsRead = job.rowsRead
    rowsAccepted = job.batch.count
    rowsQuarantined = job.rowsQuarantined
    rowsDuplicate = job.rowsDuplicate
    seriesTable = job.batch.seriesTable
    book = job.book
    currency = job.currency
    (buckets, series, meters, quantities, pricings, evidences) = ([], [], [], [], [], [])
    costs = MoneyColumn()
  }

  enum CodingKeys: Int, CodingKey {
    case key = 1
    case rowsRead, rowsAccepted, rowsQuarantined, rowsDuplicate, seriesTable, buckets, series
    case meters, quantities, pricings, evidences, costs, book, currency
  }

  /// The number of lines.
  public var lineCount: Int { buckets.count }

  /// - Throws: ``BatchError`` when the columns do not fit together.
  public func validate() throws(BatchError) {
    try seriesTable.validate()
    let lengths = [
      series.count, meters.count, quantities.count, pricings.count, evidences.count, costs.count,
    ]
    guard lengths.allSatisfy({ $0 == lineCount }) else {
      throw BatchError("columns of \(lengths) lines beside \(lineCount) buckets")
    }
    guard costs.isValid else { throw BatchError("a cost is not a valid amount of money") }
    for line in 0..<lineCount {
      guard series[line] < seriesTable.count, Meter(rawValue: Int(meters[line])) != nil,
        Pricing(rawValue: Int(pricings[line])) != nil,
        Evidence(rawValue: Int(evidences[line])) != nil
      else { throw BatchError("line \(line) has an unknown series, meter, pricing or evidence") }
    }
    guard rowsRead == rowsAccepted + rowsQuarantined + rowsDuplicate else {
      throw BatchError(
        """
        \(rowsRead) rows read are not \(rowsAccepted) accepted, \(rowsQuarantined) quarantined \
        and \(rowsDuplicate) duplicate
        """)
    }
  }
}
