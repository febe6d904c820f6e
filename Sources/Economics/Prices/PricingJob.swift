// SPDX-License-Identifier: Apache-2.0

/// Where a batch comes from. It is the batch's name for ever: the ledger takes each once.
///
/// Row content is never an identity; real logs hold rows that are equal to the last byte.
public struct BatchKey: Codable, Hashable, Sendable, Comparable, CustomStringConvertible {
  /// Names of logs are shorter, in bytes of UTF-8.
  public static let sourceBytesMax = 1_024
  /// Names of streams are digests.
  private static let streamBytesMax = 64

  /// The log's name; a dimension of the cost.
  public let source: String
  /// What distinguishes this file or stream from any other of the source: a digest of its content.
  public let stream: [UInt8]
  /// The range of bytes in the (unpacked) stream: below 2^63, as files are.
  public let start: UInt64
  /// The first byte after the range, which holds one at least: an empty one overlaps nothing.
  public let end: UInt64

  /// - Throws: ``BatchError`` for a range that is empty or ends after 2^63, or a name that is too long.
  public init(source: String, stream: [UInt8], start: UInt64, end: UInt64) throws(BatchError) {
    guard start < end, end <= UInt64(Int64.max) else {
      throw BatchError("bytes from \(start) to \(end)")
    }
    guard source.utf8.count <= Self.sourceBytesMax, stream.count <= Self.streamBytesMax else {
      throw BatchError("names of \(source.utf8.count) and \(stream.count) bytes")
    }
    try BatchError.wrap { () throws(InvalidValue) in try InvalidValue.checkName(source, "a log") }
    self.source = source
    self.stream = stream
    self.start = start
    self.end = end
  }

  enum CodingKeys: Int, CodingKey {
    case source = 1
    case stream, start, end
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      source: container.decode(String.self, forKey: .source),
      stream: container.decode([UInt8].self, forKey: .stream),
      start: container.decode(UInt64.self, forKey: .start),
      end: container.decode(UInt64.self, forKey: .end))
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

/// How many rows of a range there are, and what became of them.
struct RowCounts {
  /// A batch has fewer, by far.
  private static let most = 1 << 40

  /// - Throws: ``BatchError`` for counts that do not add up.
  static func check(
    read: Int, accepted: Int, quarantined: Int, duplicate: Int
  ) throws(BatchError) {
    let counts = [read, accepted, quarantined, duplicate]
    guard counts.allSatisfy({ (0...most).contains($0) }), read == accepted + quarantined + duplicate
    else {
      throw BatchError(
        """
        \(read) rows read are not \(accepted) accepted, \(quarantined) quarantined and \(duplicate) \
        duplicate
        """)
    }
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
  /// A card has fewer: they are searched in order.
  private static let ratesMax = 4_096

  public init(provider: String, model: String, rates: [Rate]) {
    self.provider = provider
    self.model = model
    self.rates = rates
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    provider = try container.decode(String.self, forKey: .provider)
    model = try container.decode(String.self, forKey: .model)
    rates = try container.decode([Rate].self, forKey: .rates)
    try InvalidValue.limit(rates.count, to: Self.ratesMax, "rates of a model")
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
  public let key: BatchKey
  /// Lines read for this range, the quarantined and duplicate ones included.
  public let rowsRead: Int
  /// Rows of the range that were rejected with a reason.
  public let rowsQuarantined: Int
  /// Rows of the range whose id was accepted before.
  public let rowsDuplicate: Int
  /// The accepted rows.
  public let batch: UsageBatch
  /// The prices of every (provider, model) pair in the batch that has any.
  public let rates: [RateCard]
  /// Digest of the price book that the rates were taken from.
  public let book: [UInt8]
  /// ISO 4217 code of the rates and of the outcome's costs.
  public let currency: String

  /// - Throws: ``BatchError`` when the rows read are not those accepted, quarantined and duplicate.
  public init(
    key: BatchKey, rowsRead: Int, rowsQuarantined: Int, rowsDuplicate: Int, batch: UsageBatch,
    rates: [RateCard], book: [UInt8], currency: String
  ) throws(BatchError) {
    try RowCounts.check(
      read: rowsRead, accepted: batch.count, quarantined: rowsQuarantined,
      duplicate: rowsDuplicate)
    try BatchError.wrap { () throws(InvalidValue) in
      try InvalidValue.checkName(currency, "a currency")
    }
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

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      key: container.decode(BatchKey.self, forKey: .key),
      rowsRead: container.decode(Int.self, forKey: .rowsRead),
      rowsQuarantined: container.decode(Int.self, forKey: .rowsQuarantined),
      rowsDuplicate: container.decode(Int.self, forKey: .rowsDuplicate),
      batch: container.decode(UsageBatch.self, forKey: .batch),
      rates: container.decode([RateCard].self, forKey: .rates),
      book: container.decode([UInt8].self, forKey: .book),
      currency: container.decode(String.self, forKey: .currency))
  }
}
