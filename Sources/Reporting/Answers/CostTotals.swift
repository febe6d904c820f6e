// SPDX-License-Identifier: Apache-2.0

public import Economics

/// A count for each meter, below 2^62 so that those of all kinds of tokens can be added; at a fixed index: a dictionary would make adding several times dearer.
private struct MeterCounts: Hashable, Sendable {
  private var requests: UInt64 = 0
  private var failedRequests: UInt64 = 0
  private var inputTokens: UInt64 = 0
  private var cachedInputTokens: UInt64 = 0
  private var outputTokens: UInt64 = 0
  private var images: UInt64 = 0

  private static let limit: UInt64 = 1 << 62

  mutating func add(_ other: MeterCounts) throws(MoneyError) {
    // Two numbers below 2^62 cannot overflow.
    requests &+= other.requests
    failedRequests &+= other.failedRequests
    inputTokens &+= other.inputTokens
    cachedInputTokens &+= other.cachedInputTokens
    outputTokens &+= other.outputTokens
    images &+= other.images
    let bits =
      requests | failedRequests | inputTokens | cachedInputTokens | outputTokens | images
    guard bits < Self.limit else { throw .overflow }
  }

  mutating func add(_ count: UInt64, _ meter: Meter) throws(MoneyError) {
    guard count < Self.limit else { throw .overflow }
    let sum =
      switch meter {
      case .requests: Self.sum(&requests, count)
      case .failedRequests: Self.sum(&failedRequests, count)
      case .inputTokens: Self.sum(&inputTokens, count)
      case .cachedInputTokens: Self.sum(&cachedInputTokens, count)
      case .outputTokens: Self.sum(&outputTokens, count)
      case .images: Self.sum(&images, count)
      }
    guard sum < Self.limit else { throw .overflow }
  }

  private static func sum(_ total: inout UInt64, _ count: UInt64) -> UInt64 {
    total &+= count
    return total
  }

  subscript(meter: Meter) -> UInt64 {
    switch meter {
    case .requests: requests
    case .failedRequests: failedRequests
    case .inputTokens: inputTokens
    case .cachedInputTokens: cachedInputTokens
    case .outputTokens: outputTokens
    case .images: images
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

  /// - Throws: ``MoneyError/overflow``, also for counts of 2^62; the totals are not usable then.
  public mutating func add(
    _ meter: Meter, _ quantity: UInt64, _ pricing: Pricing, _ evidence: Evidence, _ cost: Money
  ) throws(MoneyError) {
    try quantities.add(quantity, meter)
    self.evidence = max(self.evidence, evidence)
    switch pricing {
    case .priced:
      hasPriced = true
      self.cost = try self.cost.adding(cost)
    case .unpriced:
      try unpriced.add(quantity, meter)
    case .uncharged:
      break
    }
  }

  /// - Throws: ``MoneyError/overflow``, also for counts of 2^62; the totals are not usable then.
  public mutating func add(_ other: CostTotals) throws(MoneyError) {
    try quantities.add(other.quantities)
    try unpriced.add(other.unpriced)
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
      if let meter = Meter(rawValue: meter) { try quantities.add(quantity, meter) }
    }
    for (meter, quantity) in try container.decode([Int: UInt64].self, forKey: .unpriced) {
      guard let meter = Meter(rawValue: meter) else { continue }
      try unpriced.add(quantity, meter)
      guard quantity <= quantities[meter] else {
        throw InvalidValue("\(quantity) of \(quantities[meter]) \(meter.name) without a price")
      }
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
