// SPDX-License-Identifier: Apache-2.0

public import Economics
import Foundation

/// What to add up, and by what.
public struct CostQuery: Codable, Hashable, Sendable {
  /// ``TimeUnit`` names, dimensions, tags, `source` or `meter`, in the order of the columns.
  public var by: [String]
  /// Milliseconds since 1970, on a bucket's border.
  public var since: Int64?
  public var until: Int64?
  /// IANA name of the time zone in which days are cut.
  public var zone: String
  /// Only rows whose dimension has this value.
  public var filters: [String: String]

  public init(
    by: [String] = [], since: Int64? = nil, until: Int64? = nil, zone: String = "UTC",
    filters: [String: String] = [:]
  ) {
    self.by = by
    self.since = since
    self.until = until
    self.zone = zone
    self.filters = filters
  }

  enum CodingKeys: Int, CodingKey {
    case by = 1
    case since, until, zone, filters
  }
}

/// The names under which time can stand in ``CostQuery/by``.
public enum TimeUnit: String, CaseIterable, Sendable {
  /// A quarter of an hour.
  case bucket
  case hour, day, week, month
}

/// Why a question cannot be answered.
public struct QueryError: Error, Equatable, Sendable, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}

/// A count for each meter, in a fixed place: a dictionary would make adding several times dearer.
private struct MeterCounts: Hashable, Sendable {
  private var requests: UInt64 = 0
  private var failedRequests: UInt64 = 0
  private var inputTokens: UInt64 = 0
  private var cachedInputTokens: UInt64 = 0
  private var outputTokens: UInt64 = 0
  private var images: UInt64 = 0

  static func += (sums: inout MeterCounts, other: MeterCounts) {
    sums.requests += other.requests
    sums.failedRequests += other.failedRequests
    sums.inputTokens += other.inputTokens
    sums.cachedInputTokens += other.cachedInputTokens
    sums.outputTokens += other.outputTokens
    sums.images += other.images
  }

  subscript(meter: Meter) -> UInt64 {
    get {
      switch meter {
      case .requests: requests
      case .failedRequests: failedRequests
      case .inputTokens: inputTokens
      case .cachedInputTokens: cachedInputTokens
      case .outputTokens: outputTokens
      case .images: images
      }
    }
    set {
      switch meter {
      case .requests: requests = newValue
      case .failedRequests: failedRequests = newValue
      case .inputTokens: inputTokens = newValue
      case .cachedInputTokens: cachedInputTokens = newValue
      case .outputTokens: outputTokens = newValue
      case .images: images = newValue
      }
    }
  }
}

/// What was used, and what it cost.
public struct CostTotals: Hashable, Sendable {
  private var quantities = MeterCounts()
  /// The part of each quantity for which no rate is known.
  private var unpriced = MeterCounts()
  /// The cost of what is priced.
  public var cost: Money = .zero
  /// Whether anything is priced at all: if not, the cost is unknown, not 0.
  public var hasPriced = false
  /// The weakest evidence of what was added.
  public var evidence: Evidence = .measured

  public init() {}

  public func quantity(_ meter: Meter) -> UInt64 { quantities[meter] }
  public func unpriced(_ meter: Meter) -> UInt64 { unpriced[meter] }
  public var hasUnpriced: Bool { unpriced != MeterCounts() }

  /// - Throws: ``MoneyError/overflow``.
  public mutating func add(
    _ meter: Meter, _ quantity: UInt64, _ pricing: Pricing, _ evidence: Evidence, _ cost: Money
  ) throws(MoneyError) {
    quantities[meter] += quantity
    self.evidence = max(self.evidence, evidence)
    switch pricing {
    case .priced:
      hasPriced = true
      self.cost = try self.cost.adding(cost)
    case .unpriced:
      unpriced[meter] += quantity
    case .uncharged:
      break
    }
  }

  /// - Throws: ``MoneyError/overflow``.
  public mutating func add(_ other: CostTotals) throws(MoneyError) {
    quantities += other.quantities
    unpriced += other.unpriced
    cost = try cost.adding(other.cost)
    hasPriced = hasPriced || other.hasPriced
    evidence = max(evidence, other.evidence)
  }

  /// Tokens of all kinds, and how many of them have a price.
  public var tokens: (all: UInt64, priced: UInt64) {
    var all: UInt64 = 0
    var without: UInt64 = 0
    for meter in Meter.allCases where meter.countsTokens {
      all += quantity(meter)
      without += unpriced(meter)
    }
    return (all, all - without)
  }

  /// Cost per request; `nil` when nothing is priced or there were no requests. Rounded down to
  /// 10^-24.
  public var costPerRequest: Money? {
    let requests = quantity(.requests)
    guard hasPriced, requests > 0 else { return nil }
    return Money(quanta: cost.quanta / Int128(requests))
  }
}

/// A meter as a key of a map.
private struct MeterKey: CodingKey {
  let number: Int
  var intValue: Int? { number }
  var stringValue: String { "\(number)" }

  init(intValue: Int) { number = intValue }
  init?(stringValue: String) { return nil }
}

/// On the wire the quantities are maps from meter to count, without the zeros.
extension CostTotals: Codable {
  enum CodingKeys: Int, CodingKey {
    case quantities = 1
    case unpriced, cost, evidence
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    for (meter, quantity) in try container.decode([Int: UInt64].self, forKey: .quantities) {
      if let meter = Meter(rawValue: meter) { quantities[meter] = quantity }
    }
    for (meter, quantity) in try container.decode([Int: UInt64].self, forKey: .unpriced) {
      if let meter = Meter(rawValue: meter) { unpriced[meter] = quantity }
    }
    // No cost is "not known"; 0 would be a claim.
    if let known = try container.decodeIfPresent(Money.self, forKey: .cost) {
      cost = known
      hasPriced = true
    }
    evidence = try container.decode(Evidence.self, forKey: .evidence)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    for (key, counts) in [(CodingKeys.quantities, quantities), (.unpriced, unpriced)] {
      var map = container.nestedContainer(keyedBy: MeterKey.self, forKey: key)
      for meter in Meter.allCases where counts[meter] > 0 {
        try map.encode(counts[meter], forKey: MeterKey(intValue: meter.rawValue))
      }
    }
    if hasPriced { try container.encode(cost, forKey: .cost) }
    try container.encode(evidence, forKey: .evidence)
  }
}

/// The answer: rows in the order of their keys, and their sum.
public struct CostAnswer: Codable, Hashable, Sendable {
  public struct Row: Codable, Hashable, Sendable {
    public var key: [String]
    public var totals: CostTotals

    public init(key: [String], totals: CostTotals) {
      self.key = key
      self.totals = totals
    }

    enum CodingKeys: Int, CodingKey {
      case key = 1
      case totals
    }
  }

  public var by: [String]
  public var rows: [Row]
  public var total: CostTotals
  /// `nil` while there is nothing.
  public var currency: String?
  /// The ledger sequence that it shows; 0 for a file.
  public var sequence: Int64
  /// The head of the ledger's hash chain; empty for a file.
  public var chain: [UInt8]
  /// The first and last bucket with usage, in milliseconds since 1970.
  public var firstTime: Int64?
  public var lastTime: Int64?

  public init(
    by: [String], rows: [Row], total: CostTotals, currency: String?, sequence: Int64,
    chain: [UInt8], firstTime: Int64?, lastTime: Int64?
  ) {
    self.by = by
    self.rows = rows
    self.total = total
    self.currency = currency
    self.sequence = sequence
    self.chain = chain
    self.firstTime = firstTime
    self.lastTime = lastTime
  }

  enum CodingKeys: Int, CodingKey {
    case by = 1
    case rows, total, currency, sequence, chain, firstTime, lastTime
  }

  /// The days from the first to the last usage, each counted whole in UTC.
  public var days: Int64? {
    guard let firstTime, let lastTime else { return nil }
    return Instant.floorDivide(lastTime, 86_400_000).quotient
      - Instant.floorDivide(firstTime, 86_400_000).quotient + 1
  }
}
