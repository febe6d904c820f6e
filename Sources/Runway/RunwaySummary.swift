// SPDX-License-Identifier: Apache-2.0

import KernelLayout

/// A share of paths, and how far it may be off: one standard error of simulation, `sqrt(p (1-p) / n)`.
public struct Probability: Hashable, Sendable {
  /// From 0 to 1.
  public var value: Double
  /// 0 where no path or every path is counted: then ``below`` or ``above`` says how sure that is.
  public var standardError: Double
  /// Where no path is counted, what the share is below with 95% confidence: 3 / n, the "rule of three"
  /// (J. A. Hanley and A. Lippman-Hand, "If Nothing Goes Wrong, Is Everything All Right?", JAMA 249,
  /// 1983).
  public var below: Double?
  /// Where every path is counted, what the share is above with 95% confidence: 1 - 3 / n.
  public var above: Double?

  /// The share of a sample, with its binomial standard error.
  /// - Parameter total: the size of the sample.
  public init(_ count: UInt64, of total: UInt64) {
    value = total == 0 ? 0 : Double(count) / Double(total)
    standardError = total == 0 ? 0 : (value * (1 - value) / Double(total)).squareRoot()
    let bound = min(1, 3 / Double(max(1, total)))
    below = count == 0 ? bound : nil
    above = count == total && total > 0 ? 1 - bound : nil
  }
}

/// A quantile, with the quantiles one standard error of its probability below and above it.
public struct Quantile<Value: Hashable & Sendable>: Hashable, Sendable {
  /// From 0 to 1.
  public var probability: Double
  /// The quantile itself.
  public var value: Value
  /// The quantile one standard error of probability below.
  public var low: Value
  /// The quantile one standard error of probability above.
  public var high: Value
}

/// What a simulation says, computed once from merged counts.
public struct RunwaySummary: Sendable {
  /// How much a parameter matters.
  public struct Driver: Sendable {
    /// The parameter that is judged.
    public var parameter: RunwayScenario.Parameter
    /// First-order index: the part of the variance of ruin that knowing it would remove. With
    /// correlated parameters this is the correlation ratio.
    public var index: Double
    /// One standard error of ``index``.
    public var indexError: Double
    /// P(ruin) in the lowest and the highest 3 of 32 equiprobable bins.
    public var low: Probability
    /// P(ruin) in the highest bins.
    public var high: Probability
  }

  /// The merged counts of all shards.
  public let counts: RunwayCounts
  /// Steps per month of the scenario: 1, 2 or 4.
  public let stepsPerMonth: Int
  private let moneyScale: Double
  private let cumulative: [UInt64]

  /// - Parameter scenario: what was simulated.
  public init(_ counts: RunwayCounts, of scenario: RunwayScenario) {
    self.counts = counts
    stepsPerMonth = scenario.stepsPerMonth
    moneyScale = scenario.moneyScale
    var sum: UInt64 = 0
    cumulative =
      [0]
      + counts.ruin.dropFirst().map { count in
        sum += UInt64(count)
        return sum
      }
  }

  /// The number of simulated paths.
  public var paths: UInt64 { counts.paths }
  /// The horizon.
  public var months: Int { counts.steps / stepsPerMonth }

  /// P(ruin by the end of a month).
  public func ruin(by month: Int) -> Probability {
    Probability(cumulative[month * stepsPerMonth], of: paths)
  }

  /// The month in which cash runs out, by probability; `nil` is beyond the horizon.
  public func runway(_ probability: Double) -> Quantile<Int?> {
    let error = (probability * (1 - probability) / Double(max(1, paths))).squareRoot()
    func month(_ p: Double) -> Int? {
      // The first month by whose end at least that many are ruined.
      (1...months).first { Double(cumulative[$0 * stepsPerMonth]) >= p * Double(paths) }
    }
    return Quantile(
      probability: probability, value: month(probability), low: month(probability - error),
      high: month(probability + error))
  }

  /// Cash at the end of a month, by probability; ruined paths have none. The value is the middle of a bin,
  /// at most 1.6% from any amount in it but for the lowest bin, which ends at 0; low and high are the borders of the bins at the quantiles one
  /// standard error of probability below and above.
  public func cash(at month: Int, _ probability: Double) -> Quantile<Double> {
    let error = (probability * (1 - probability) / Double(max(1, paths))).squareRoot()
    let row = row(month)
    func bin(_ p: Double) -> Int {
      var sum = 0.0
      for (bin, count) in row.enumerated() {
        sum += Double(count)
        if sum >= p * Double(paths) { return bin }
      }
      return KernelInput.cashHistogramWidth - 1
    }
    return Quantile(
      probability: probability, value: middle(ofBin: bin(probability)),
      low: borders(ofBin: bin(probability - error)).lower,
      high: borders(ofBin: bin(probability + error)).upper)
  }

  /// Mean cash at the end of a month over all paths, and its standard error by chance alone; ruined ones have
  /// none. Amounts are taken at the middles of their bins, which may move the mean by 1.6%.
  public func meanCash(at month: Int) -> (value: Double, standardError: Double) {
    var (sum, squares) = (0.0, 0.0)
    for (bin, count) in row(month).enumerated() {
      let amount = middle(ofBin: bin)
      sum += Double(count) * amount
      squares += Double(count) * amount * amount
    }
    let n = Double(max(1, paths))
    let mean = sum / n
    return (mean, (max(0, squares / n - mean * mean) / n).squareRoot())
  }

  private func row(_ month: Int) -> ArraySlice<UInt32> {
    let start = (month * stepsPerMonth - 1) * KernelInput.cashHistogramWidth
    return counts.cashHistogram[start..<start + KernelInput.cashHistogramWidth]
  }

  /// The middle of a cash bin. The first holds everything below 67,584 of the kernel's units, at most a
  /// thousandth of the cash at the start, of the largest tranche or of the first month's money.
  private func middle(ofBin bin: Int) -> Double {
    let (lower, upper) = borders(ofBin: bin)
    return (lower + upper) / 2
  }

  /// The least amount of a cash bin, and that of the next.
  private func borders(ofBin bin: Int) -> (lower: Double, upper: Double) {
    func border(_ bin: Int) -> Double { Double(Float(bitPattern: UInt32(bin + 4_575) << 18)) }
    switch bin {
    case 0: return (0, 0)
    case 1: return (0, border(2) / moneyScale)
    default: return (border(bin) / moneyScale, border(bin + 1) / moneyScale)
    }
  }

  /// P(break-even by the end of a month).
  public func breakEven(by month: Int) -> Probability {
    let sum = counts.breakEven[1...month * stepsPerMonth].reduce(0) { $0 + UInt64($1) }
    return Probability(sum, of: paths)
  }

  /// The month of break-even, by probability; `nil` is beyond the horizon.
  public func breakEven(_ probability: Double) -> Quantile<Int?> {
    let error = (probability * (1 - probability) / Double(max(1, paths))).squareRoot()
    func month(_ p: Double) -> Int? {
      (1...months).first { breakEven(by: $0).value >= p }
    }
    return Quantile(
      probability: probability, value: month(probability), low: month(probability - error),
      high: month(probability + error))
  }

  /// The parameters by how much they matter.
  ///
  /// `S = sum_b (n_b / P) (p_b - y)^2 / (y (1 - y)) - (bins - 1) / P` over 32 equiprobable bins; the
  /// last term is the bias that chance gives it. Its variance, with independent bins:
  /// `sum_b w_b^2 (4 (p_b - y)^2 v_b + 2 v_b^2)`, v_b the variance of p_b.
  public var drivers: [Driver] {
    let total = Double(paths)
    let y = Double(cumulative.last ?? 0) / max(1, total)
    return RunwayScenario.Parameter.allCases.map { parameter in
      let start = parameter.rawValue * KernelInput.binCount
      let bins = start..<start + KernelInput.binCount
      var (sum, variance) = (0.0, 0.0)
      for bin in bins {
        let n = Double(counts.drawn[bin])
        guard n > 0 else { continue }
        let p = Double(counts.ruined[bin]) / n
        let (weight, spread) = (n / total, p * (1 - p) / n)
        let distance = (p - y) * (p - y)
        sum += weight * distance
        variance += weight * weight * (4 * distance * spread + 2 * spread * spread)
      }
      let scale = y * (1 - y)
      func share(_ range: Range<Int>) -> Probability {
        Probability(
          counts.ruined[range].reduce(0) { $0 + UInt64($1) },
          of: counts.drawn[range].reduce(0) { $0 + UInt64($1) })
      }
      return Driver(
        parameter: parameter,
        index: scale > 0 ? sum / scale - Double(KernelInput.binCount - 1) / total : 0,
        indexError: scale > 0 ? variance.squareRoot() / scale : 0,
        low: share(bins.lowerBound..<bins.lowerBound + 3),
        high: share(bins.upperBound - 3..<bins.upperBound))
    }.sorted { ($0.index, $1.parameter.rawValue) > ($1.index, $0.parameter.rawValue) }
  }
}

/// Two scenarios on the same paths: P(ruin by a step) in one and not in the other.
///
/// All scenarios share their draws, so a difference is far surer than each probability.
public struct RunwayDifference: Hashable, Sendable, Codable {
  /// Steps of a path in both scenarios.
  public private(set) var steps: Int
  /// Paths by the step of ruin in the base (rows) and in the other, 0 for never.
  public private(set) var joint: [UInt32]

  enum CodingKeys: Int, CodingKey {
    case steps = 1
    case joint
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    steps = try container.decode(Int.self, forKey: .steps)
    joint = try container.decode([UInt32].self, forKey: .joint)
    guard (1...240).contains(steps), joint.count == (steps + 1) * (steps + 1) else {
      throw ScenarioError("a difference of \(steps) steps and \(joint.count) counts")
    }
  }

  /// A difference of no paths.
  public init(steps: Int) {
    self.steps = steps
    joint = [UInt32](repeating: 0, count: (steps + 1) * (steps + 1))
  }

  init(_ base: [UInt8], _ other: [UInt8], steps: Int) {
    self.init(steps: steps)
    for (a, b) in zip(base, other) { joint[Int(a) * (steps + 1) + Int(b)] &+= 1 }
  }

  /// Adds the paths of another shard. Throws ``ScenarioError`` if the steps differ.
  public mutating func add(_ other: RunwayDifference) throws(ScenarioError) {
    guard steps == other.steps, joint.count == other.joint.count else {
      throw ScenarioError("differences between different simulations cannot be added")
    }
    for index in joint.indices { joint[index] &+= other.joint[index] }
  }

  /// P(ruin by a step) of the other less that of the base, and its standard error.
  public func ruin(by step: Int) -> (value: Double, standardError: Double) {
    var (total, onlyBase, onlyOther) = (0.0, 0.0, 0.0)
    for a in 0...steps {
      for b in 0...steps {
        let count = Double(joint[a * (steps + 1) + b])
        let (inBase, inOther) = ((1...step).contains(a), (1...step).contains(b))
        total += count
        if inBase && !inOther { onlyBase += count }
        if inOther && !inBase { onlyOther += count }
      }
    }
    guard total > 0 else { return (0, 0) }
    let difference = (onlyOther - onlyBase) / total
    let variance = (onlyOther + onlyBase) / total - difference * difference
    return (difference, (max(0, variance) / total).squareRoot())
  }
}
