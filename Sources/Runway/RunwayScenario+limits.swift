// SPDX-License-Identifier: Apache-2.0

extension RunwayScenario.Parameter {
  /// What its values may be: a fixed value, both ends of a range that holds 90%, all of a bounded distribution.
  public var allowed: ClosedRange<Double> {
    switch self {
    case .audience, .price, .requests, .cost, .payerWeight, .apiRevenue, .fixed, .cash: 0...1e15
    case .saturation: .leastNormalMagnitude...1e15
    case .loss, .paidShare: 0...1
    // A logarithm of 2 a month is a factor of 7.
    case .growth, .decline, .paidShareDrift, .requestsDrift, .costDecline, .apiGrowth: -2...2
    case .fixedGrowth: -1...2
    // Serving may cost more than it brings, but no more than all revenue can be left.
    case .apiMargin: -10...1
    }
  }

  /// ``allowed`` in words.
  public var allowedText: String {
    let (low, high) = (allowed.lowerBound, allowed.upperBound)
    guard high < 1e15 else { return low > 0 ? "above 0" : "\(Int(low)) or more" }
    return "from \(Int(low)) to \(Int(high))"
  }

  /// Why a distribution is not one of this parameter; `nil` when it may be.
  public func problem(with distribution: Distribution) -> String? {
    let (low, high) = distribution.ends
    guard !(allowed.contains(low) && allowed.contains(high)) else { return nil }
    return "\(name) must be \(allowedText) (\(meaning)), not \(distribution)"
  }
}

extension RunwayScenario.Correlation {
  /// Whether it is between the same two parameters, in any order.
  public func hasPair(of other: Self) -> Bool {
    (first, second) == (other.first, other.second) || (first, second) == (other.second, other.first)
  }
}

extension Distribution {
  /// The least and greatest value; of a distribution without bounds the ends of the middle 90%.
  fileprivate var ends: (low: Double, high: Double) {
    switch self {
    case .fixed(let value): (value, value)
    case .lognormal(let p5, let p95), .normal(let p5, let p95): (p5, p95)
    case .beta: (0, 1)
    case .triangular(let low, _, let high): (low, high)
    }
  }
}
