// SPDX-License-Identifier: Apache-2.0

import Determinism
import KernelLayout

/// A scenario as the kernel reads it: the same bits from the same scenario on every machine.
public final class RunwayProgram: @unchecked Sendable {
  // Sendable: nothing changes after init.
  let input: KernelInput
  /// Steps of a path, 1 to 240.
  public let steps: Int
  private let samplers: UnsafeMutablePointer<KernelInput.Sampler>
  private let tables: UnsafeMutablePointer<Float>
  private let factors: UnsafeMutablePointer<KernelInput.Factor>
  private let steady: UnsafeMutablePointer<Float>

  /// How a parameter enters the equations.
  private enum Form {
    case plain
    case logarithm
    /// 1 / x
    case inverse
    /// ln(1 - x)
    case logOfRest

    func apply(_ value: Double) -> Double {
      switch self {
      case .plain: value
      case .logarithm: PortableMath.log(max(value, 1e-30))
      case .inverse: 1 / max(value, 1e-30)
      case .logOfRest: PortableMath.log(max(1 - value, 1e-30))
      }
    }
  }

  /// - Throws: ``ScenarioError`` naming what is wrong.
  public init(_ given: RunwayScenario) throws(ScenarioError) {
    try Self.check(given)
    let scenario = given.inMoney(times: given.moneyScale)
    let factor = try Self.choleskyFactor(scenario.correlations)
    let count = KernelInput.parameterCount
    steps = scenario.steps
    samplers = .allocate(capacity: count)
    tables = .allocate(capacity: count * KernelInput.tableStride)
    tables.initialize(repeating: 0, count: count * KernelInput.tableStride)
    let dt = 1 / Double(scenario.stepsPerMonth)
    for parameter in RunwayScenario.Parameter.allCases {
      let position = parameter.rawValue
      samplers.advanced(by: position).initialize(
        to: Self.sampler(
          scenario[parameter], Self.form(parameter), scale: Self.isRate(parameter) ? dt : 1,
          table: tables + position * KernelInput.tableStride))
    }
    factors = .allocate(capacity: max(1, factor.count))
    factors.initialize(from: factor, count: factor.count)
    let length = steps + 1
    steady = .allocate(capacity: 4 * length)
    Self.fill(steady, scenario, length)
    input = KernelInput(
      steps: Int32(steps), constants: Self.constants(scenario, dt), samplers: samplers,
      tables: tables,
      binBase: Self.bins.base, binThreshold: Self.bins.threshold, factors: factors,
      factorCount: factor.count, tranche: steady, audienceLog: steady + length,
      costLog: steady + 2 * length, priceFactor: steady + 3 * length)
  }

  deinit {
    samplers.deallocate()
    tables.deallocate()
    factors.deallocate()
    steady.deallocate()
  }

  // MARK: Checks

  /// Checks a scenario without making its tables.
  /// - Throws: ``ScenarioError`` naming what is wrong.
  public static func validate(_ scenario: RunwayScenario) throws(ScenarioError) {
    try check(scenario)
    _ = try choleskyFactor(scenario.correlations)
  }

  private static func check(_ scenario: RunwayScenario) throws(ScenarioError) {
    guard scenario.parameters.count == KernelInput.parameterCount else {
      throw ScenarioError("a scenario needs \(KernelInput.parameterCount) parameters")
    }
    for parameter in RunwayScenario.Parameter.allCases {
      if let problem = scenario[parameter].problem {
        throw ScenarioError("\(parameter.name): \(problem)")
      }
      if let problem = parameter.problem(with: scenario[parameter]) {
        throw ScenarioError(problem)
      }
      if form(parameter) != .plain && scenario[parameter].quantile(-6) < 0 {
        throw ScenarioError("\(parameter.name) cannot be negative; use LOW to HIGH")
      }
    }
    guard [1, 2, 4].contains(scenario.stepsPerMonth) else {
      throw ScenarioError("steps per month must be 1, 2 or 4")
    }
    guard (1...240).contains(scenario.horizon), scenario.steps <= 240 else {
      throw ScenarioError("horizon x steps per month must be from 1 to 240")
    }
    try checkNumbers(scenario)
    try checkSigns(scenario)
    for event in scenario.events {
      guard (1...scenario.horizon).contains(event.month) else {
        throw ScenarioError("an event in month \(event.month) is beyond the horizon")
      }
      guard event.kind == .tranche || event.amount > 0 else {
        throw ScenarioError(
          "a factor of \(event.amount) in month \(event.month) is not possible")
      }
    }
    let chances = [
      scenario.regime.enterDecline, scenario.regime.leaveDecline, scenario.profitShare.share,
      scenario.rounds.successMin, scenario.rounds.successMax, scenario.rounds.burnWeight,
      scenario.rounds.growthWeight,
    ]
    guard chances.allSatisfy({ (0...1).contains($0) }) else {
      throw ScenarioError("probabilities, shares and weights must be from 0 to 1")
    }
    let counts = 0...1_000
    guard counts.contains(scenario.rounds.gap), counts.contains(scenario.rounds.most),
      (1...1_000).contains(scenario.rounds.lag), (1...1_000).contains(scenario.breakEvenMonths)
    else {
      throw ScenarioError(
        "lag and break-even months must be from 1 to 1,000, gap and rounds from 0 to 1,000")
    }
  }

  /// Limits of money and shares that would turn their meaning round: a cap that takes cash away, a round
  /// that costs money.
  private static func checkSigns(_ scenario: RunwayScenario) throws(ScenarioError) {
    let (regime, rounds) = (scenario.regime, scenario.rounds)
    guard (0...1).contains(regime.paidShareMax) else {
      throw ScenarioError("regime.paid_share_max must be from 0 to 1")
    }
    let amounts = [
      regime.costMin, scenario.profitShare.cap, rounds.median, rounds.trigger, rounds.scaleMin,
    ]
    guard amounts.allSatisfy({ $0 >= 0 }) else {
      throw ScenarioError(
        "regime.cost_min, profit_share.cap, rounds.median, rounds.trigger and "
          + "rounds.scale_min must be 0 or more"
      )
    }
    guard rounds.successMin <= rounds.successMax, rounds.scaleMin <= rounds.scaleMax else {
      throw ScenarioError(
        "rounds.success_min and rounds.scale_min must not exceed rounds.success_max and "
          + "rounds.scale_max"
      )
    }
    guard rounds.most == 0 || rounds.median > 0 else {
      throw ScenarioError("rounds.median must be above 0 if rounds.most is: a round needs a size")
    }
  }

  /// Numbers whose squares and products a float holds: beyond them nothing would mean anything.
  private static func checkNumbers(_ scenario: RunwayScenario) throws(ScenarioError) {
    let (volatility, regime, rounds) = (scenario.volatility, scenario.regime, scenario.rounds)
    let spreads = [
      volatility.audience, volatility.paidShare, volatility.requests, volatility.cost,
      volatility.api, rounds.spread,
    ]
    guard spreads.allSatisfy({ (0...2).contains($0) }) else {
      throw ScenarioError("volatilities and the spread of rounds must be from 0 to 2")
    }
    guard regime.fade > 0, regime.fade <= 1 else {
      throw ScenarioError("fade must be above 0 and at most 1")
    }
    let amounts =
      [
        scenario.profitShare.cap, rounds.median, rounds.trigger, rounds.successBase,
        rounds.successSlope, rounds.scaleMin, rounds.scaleMax, regime.paidShareMax, regime.costMin,
      ] + scenario.events.map(\.amount)
    guard amounts.allSatisfy({ abs($0) <= 1e15 }) else {
      throw ScenarioError("amounts and factors must be at most 10^15")
    }
  }

  // MARK: Laws

  private static func form(_ parameter: RunwayScenario.Parameter) -> Form {
    switch parameter {
    case .audience, .paidShare, .requests, .cost, .apiRevenue: .logarithm
    case .saturation: .inverse
    case .loss: .logOfRest
    default: .plain
    }
  }

  /// Whether it is a change per month.
  private static func isRate(_ parameter: RunwayScenario.Parameter) -> Bool {
    switch parameter {
    case .growth, .decline, .paidShareDrift, .requestsDrift, .costDecline, .apiGrowth,
      .fixedGrowth:
      true
    default: false
    }
  }

  private static func sampler(
    _ distribution: Distribution, _ form: Form, scale: Double, table: UnsafeMutablePointer<Float>
  ) -> KernelInput.Sampler {
    switch (distribution, form) {
    case (.fixed(let value), _):
      return .init(mode: 0, middle: Float(form.apply(value) * scale), spread: 0)
    case (.normal(let p5, let p95), .plain):
      return .init(
        mode: 0, middle: Float((p5 + p95) / 2 * scale),
        spread: Float((p95 - p5) / (2 * PortableMath.z95) * scale))
    case (.lognormal(let p5, let p95), .plain), (.lognormal(let p5, let p95), .logarithm),
      (.lognormal(let p5, let p95), .inverse):
      let (low, high) = (PortableMath.log(p5 * scale), PortableMath.log(p95 * scale))
      return .init(
        mode: form == .plain ? 1 : form == .inverse ? 2 : 0, middle: Float((low + high) / 2),
        spread: Float((high - low) / (2 * PortableMath.z95)))
    default:
      let beta: BetaTable? =
        if case .beta(let a, let b) = distribution { BetaTable.of(a, b) } else { nil }
      for position in 0..<KernelInput.tableLength {
        let z = Self.quantile(position)
        let value = beta.map { $0.quantile(normalCDFs[position]) } ?? distribution.quantile(z)
        table[position] = Float(form.apply(value) * scale)
      }
      return .init(mode: 3, middle: 0, spread: 0)
    }
  }

  private static func quantile(_ position: Int) -> Double { -6 + Double(position) / 64 }

  private static let normalCDFs = (0..<KernelInput.tableLength).map {
    PortableMath.normalCDF(quantile($0))
  }

  /// For each table position the equiprobable bin at it, and where the next one begins.
  nonisolated(unsafe) private static let bins:
    (
      base: UnsafePointer<Int32>, threshold: UnsafePointer<Float>
    ) = {
      // Unsafe: made once, never changed, never freed.
      let count = KernelInput.tableStride
      let base = UnsafeMutablePointer<Int32>.allocate(capacity: count)
      let threshold = UnsafeMutablePointer<Float>.allocate(capacity: count)
      base.initialize(repeating: 0, count: count)
      threshold.initialize(repeating: .greatestFiniteMagnitude, count: count)
      let borders = (1..<KernelInput.binCount).map {
        PortableMath.normalQuantile(Double($0) / Double(KernelInput.binCount))
      }
      for position in 0..<KernelInput.tableLength {
        let (low, high) = (quantile(position), quantile(position + 1))
        base[position] = Int32(borders.count { $0 <= low })
        if let next = borders.first(where: { $0 > low && $0 < high }) {
          threshold[position] = Float(next)
        }
      }
      return (UnsafePointer(base), UnsafePointer(threshold))
    }()

  /// The non-zero entries of the Cholesky factor of the correlations.
  private static func choleskyFactor(
    _ correlations: [RunwayScenario.Correlation]
  ) throws(ScenarioError) -> [KernelInput.Factor] {
    let count = KernelInput.parameterCount
    var matrix = (0..<count).map { row in (0..<count).map { $0 == row ? 1.0 : 0 } }
    for (position, correlation) in correlations.enumerated() {
      let (i, j) = (correlation.first.rawValue, correlation.second.rawValue)
      if correlations[..<position].contains(where: { $0.hasPair(of: correlation) }) {
        throw ScenarioError(
          "\(correlation.first.name) and \(correlation.second.name) are correlated twice")
      }
      guard i != j, abs(correlation.value) < 1 else {
        throw ScenarioError(
          "a correlation of \(correlation.value) of \(correlation.first.name) and \(correlation.second.name)"
        )
      }
      matrix[i][j] = correlation.value
      matrix[j][i] = correlation.value
    }
    var lower = (0..<count).map { _ in [Double](repeating: 0, count: count) }
    var factors: [KernelInput.Factor] = []
    for row in 0..<count {
      for column in 0...row {
        var sum = matrix[row][column]
        for k in 0..<column { sum -= lower[row][k] * lower[column][k] }
        if row == column {
          guard sum > 1e-12 else {
            throw ScenarioError(
              "the correlations contradict each other: no such \(RunwayScenario.Parameter(rawValue: row)?.name ?? "") is possible"
            )
          }
          lower[row][row] = sum.squareRoot()
        } else {
          lower[row][column] = sum / lower[column][column]
        }
        if abs(lower[row][column]) > 1e-12 {
          factors.append(
            .init(row: Int32(row), column: Int32(column), value: Float(lower[row][column])))
        }
      }
    }
    return factors
  }

  // MARK: Constants and events

  private static func fill(
    _ steady: UnsafeMutablePointer<Float>, _ scenario: RunwayScenario, _ length: Int
  ) {
    steady.initialize(repeating: 0, count: 3 * length)
    (steady + 3 * length).initialize(repeating: 1, count: length)
    var price = 1.0
    var prices: [Int: Double] = [:]
    for event in scenario.events.sorted(by: { $0.month < $1.month }) {
      // What is to happen in a month happens in its first step.
      let step = (event.month - 1) * scenario.stepsPerMonth + 1
      switch event.kind {
      case .tranche: steady[step] += Float(event.amount)
      case .audience: steady[length + step] += Float(PortableMath.log(event.amount))
      case .cost: steady[2 * length + step] += Float(PortableMath.log(event.amount))
      case .price:
        price *= event.amount
        prices[step] = price
      }
    }
    price = 1
    for step in 1..<length {
      price = prices[step] ?? price
      steady[3 * length + step] = Float(price)
    }
  }

  private static func constants(
    _ scenario: RunwayScenario, _ dt: Double
  ) -> KernelInput.Constants {
    var constants = KernelInput.Constants()
    let root = dt.squareRoot()
    func chance(_ monthly: Double) -> Float {
      dt == 1 ? Float(monthly) : Float(1 - PortableMath.power(1 - monthly, dt))
    }
    constants.audienceVolatility = Float(scenario.volatility.audience * root)
    constants.paidShareVolatility = Float(scenario.volatility.paidShare * root)
    constants.requestsVolatility = Float(scenario.volatility.requests * root)
    constants.costVolatility = Float(scenario.volatility.cost * root)
    constants.apiVolatility = Float(scenario.volatility.api * root)
    constants.enterDecline = chance(scenario.regime.enterDecline)
    constants.leaveDecline = chance(scenario.regime.leaveDecline)
    constants.startsInDecline = scenario.regime.startsInDecline
    constants.fade =
      dt == 1
      ? Float(scenario.regime.fade) : Float(PortableMath.power(scenario.regime.fade, dt))
    constants.paidShareLogMax = Float(PortableMath.log(max(scenario.regime.paidShareMax, 1e-30)))
    constants.costLogMin = Float(PortableMath.log(max(scenario.regime.costMin, 1e-30)))
    constants.months = Float(dt)
    constants.profitShare = Float(scenario.profitShare.share)
    constants.profitShareCap = Float(scenario.profitShare.cap)
    constants.roundTrigger = Float(scenario.rounds.trigger)
    constants.roundGap = Int32(scenario.rounds.gap * scenario.stepsPerMonth)
    constants.roundLag = Int32(scenario.rounds.lag * scenario.stepsPerMonth)
    constants.roundsMax = Int32(scenario.rounds.most)
    constants.successBase = Float(scenario.rounds.successBase)
    constants.successSlope = Float(scenario.rounds.successSlope)
    constants.successMin = Float(scenario.rounds.successMin)
    constants.successMax = Float(min(scenario.rounds.successMax, 0.999_999))
    constants.roundMedian = Float(scenario.rounds.median)
    constants.roundSpread = Float(scenario.rounds.spread)
    constants.roundScaleMin = Float(scenario.rounds.scaleMin)
    constants.roundScaleMax = Float(scenario.rounds.scaleMax)
    constants.burnWeight = chance(scenario.rounds.burnWeight)
    constants.growthWeight = chance(scenario.rounds.growthWeight)
    constants.breakEvenSteps = Int32(scenario.breakEvenMonths * scenario.stepsPerMonth)
    return constants
  }
}
