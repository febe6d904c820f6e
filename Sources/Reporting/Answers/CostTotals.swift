// SPDX-License-Identifier: Apache-2.0

public import Economics

/// A count for each meter, at a fixed index: a dictionary would make adding several times dearer.
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

  /// Nothing: no usage, no cost.
  public init() {}

  /// The quantity of a meter, priced or not.
  public func quantity(_ meter: Meter) -> UInt64 { quantities[meter] }
  /// The part of a meter's quantity for which no rate is known.
  public func unpriced(_ meter: Meter) -> UInt64 { unpriced[meter] }
  /// Whether any chargeable usage has no rate.
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
  /// 10^-24. Requests that are themselves without a price are left out.
  public var costPerRequest: Money? {
    let requests = quantity(.requests) - min(quantity(.requests), unpriced(.requests))
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
