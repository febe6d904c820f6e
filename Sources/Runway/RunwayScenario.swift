// SPDX-License-Identifier: Apache-2.0

/// A possible future of a company: what is uncertain, what moves, and what is decided.
///
/// The equations are in `docs/SIMULATION.md`. Money is in units of one currency, rates are a month,
/// shares are fractions. What is not told is nothing: no event, no round, no volatility. The reference
/// workload is ``runway60``.
public struct RunwayScenario: Codable, Hashable, Sendable {
  /// What is drawn once a path. The raw value is its place in the kernel.
  public enum Parameter: Int, CaseIterable, Codable, Sendable {
    case audience, growth, decline, loss, saturation, paidShare, paidShareDrift, price, requests
    case requestsDrift, cost, costDecline, payerWeight, apiRevenue, apiGrowth, apiMargin, fixed
    case fixedGrowth, cash

    /// As scenario files name it.
    public var name: String { Self.names[rawValue].name }
    /// As the reference workload names it.
    public var symbol: String { Self.names[rawValue].symbol }
    public var meaning: String { Self.names[rawValue].meaning }

    public init?(name: String) {
      guard let place = Self.names.firstIndex(where: { $0.name == name || $0.symbol == name })
      else { return nil }
      self.init(rawValue: place)
    }

    private static let names: [(name: String, symbol: String, meaning: String)] = [
      ("audience", "A0", "monthly users"),
      ("growth", "gG", "log growth a month while growing"),
      ("decline", "gD", "log growth a month while declining"),
      ("loss", "s", "share of the audience lost when a decline begins"),
      ("saturation", "K", "audience at which growth ends"),
      ("paid_share", "f0", "paying part of the audience"),
      ("paid_share_drift", "gf", "its log drift a month"),
      ("price", "p", "net revenue a payer and month"),
      ("requests", "q0", "requests a user and month"),
      ("requests_drift", "gq", "their log drift a month"),
      ("cost_per_request", "c0", "cost of serving a request"),
      ("cost_decline", "gc", "its log decline a month"),
      ("payer_weight", "mu", "cost of a payer in free users"),
      ("api_revenue", "R0", "API revenue a month"),
      ("api_growth", "gR", "its log growth a month"),
      ("api_margin", "m", "gross margin of the API"),
      ("fixed_cost", "F0", "research, training, staff and the rest a month"),
      ("fixed_growth", "gF", "its growth a month"),
      ("cash", "C0", "cash at the start"),
    ]
  }

  public struct Correlation: Codable, Hashable, Sendable {
    public var first: Parameter
    public var second: Parameter
    public var value: Double

    public init(_ first: Parameter, _ second: Parameter, _ value: Double) {
      self.first = first
      self.second = second
      self.value = value
    }

    enum CodingKeys: Int, CodingKey {
      case first = 1
      case second, value
    }
  }

  /// Something that happens at the start of a month, whatever the path.
  public struct Event: Codable, Hashable, Sendable {
    public enum Kind: Int, Codable, Sendable, CaseIterable {
      /// The audience is multiplied.
      case audience
      /// The price is multiplied, from then on.
      case price
      /// The cost of a request is multiplied, from then on: hardware, a provider's price.
      case cost
      /// Cash comes in.
      case tranche
    }

    public var month: Int
    public var kind: Kind
    public var amount: Double

    public init(month: Int, _ kind: Kind, _ amount: Double) {
      self.month = month
      self.kind = kind
      self.amount = amount
    }

    enum CodingKeys: Int, CodingKey {
      case month = 1
      case kind, amount
    }
  }

  /// Standard deviations a month; a new one is all 0.
  public struct Volatility: Codable, Hashable, Sendable {
    public var audience = 0.0
    public var paidShare = 0.0
    public var requests = 0.0
    public var cost = 0.0
    public var api = 0.0

    public init() {}

    enum CodingKeys: Int, CodingKey {
      case audience = 1
      case paidShare, requests, cost, api
    }
  }

  /// Growth and decline; a new one stays in growth, without limits.
  public struct Regime: Codable, Hashable, Sendable {
    /// P(growth to decline) a month.
    public var enterDecline = 0.0
    /// P(decline to growth) a month.
    public var leaveDecline = 0.0
    public var startsInDecline = false
    /// Drifts are multiplied by it each month.
    public var fade = 1.0
    public var paidShareMax = 1.0
    public var costMin = 0.0

    public init() {}

    enum CodingKeys: Int, CodingKey {
      case enterDecline = 1
      case leaveDecline, startsInDecline, fade, paidShareMax, costMin
    }
  }

  /// Part of the operating profit goes to an investor until an amount is paid; in a new one, nothing.
  public struct ProfitShare: Codable, Hashable, Sendable {
    public var share = 0.0
    public var cap = 0.0

    public init() {}

    enum CodingKeys: Int, CodingKey {
      case share = 1
      case cap
    }
  }

  /// Rounds that are asked for when cash runs short, and may fail; in a new one there are none.
  public struct Rounds: Codable, Hashable, Sendable {
    /// Asked for when cash is below that many months of burn.
    public var trigger = 0.0
    /// Months from one to the next.
    public var gap = 0
    /// Months from agreement to cash.
    public var lag = 1
    public var most = 0
    /// P(success) a month = base + slope x recent growth, between least and greatest.
    public var successBase = 0.0
    public var successSlope = 0.0
    public var successMin = 0.0
    public var successMax = 0.0
    /// Size: median x lognormal(spread) x audience over its start, within limits.
    public var median = 0.0
    public var spread = 0.0
    public var scaleMin = 1.0
    public var scaleMax = 1.0
    /// Weights of the newest month in the averages of burn and growth.
    public var burnWeight = 0.0
    public var growthWeight = 0.0

    public init() {}

    enum CodingKeys: Int, CodingKey {
      case trigger = 1
      case gap, lag, most, successBase, successSlope, successMin, successMax, median, spread
      case scaleMin, scaleMax, burnWeight, growthWeight
    }
  }

  public var name = ""
  public var parameters: [Distribution]
  public var correlations: [Correlation] = []
  public var events: [Event] = []
  public var volatility = Volatility()
  public var regime = Regime()
  public var profitShare = ProfitShare()
  public var rounds = Rounds()
  /// Months in a row without loss that make a break-even.
  public var breakEvenMonths = 3
  /// Months ahead.
  public var horizon = 60
  /// Months a step: 1, or a fraction 1/n.
  public var stepsPerMonth = 1
  public var seed: UInt64 = 1

  public init(parameters: [Distribution]) { self.parameters = parameters }

  enum CodingKeys: Int, CodingKey {
    case name = 1
    case parameters, correlations, events, volatility, regime, profitShare, rounds
    case breakEvenMonths, horizon, stepsPerMonth, seed
  }

  public var steps: Int { horizon * stepsPerMonth }

  public subscript(parameter: Parameter) -> Distribution {
    get { parameters[parameter.rawValue] }
    set { parameters[parameter.rawValue] = newValue }
  }

  /// The reference workload: ChatGPT as of July 2023, from public figures.
  public static var runway60: RunwayScenario {
    var scenario = RunwayScenario(parameters: [
      .lognormal(p5: 150e6, p95: 215e6), .normal(p5: 0.005, p95: 0.050),
      .normal(p5: -0.060, p95: -0.005), .beta(a: 6, b: 44), .lognormal(p5: 500e6, p95: 4e9),
      .lognormal(p5: 0.006, p95: 0.020), .normal(p5: -0.010, p95: 0.030),
      .triangular(low: 14, mode: 17, high: 20), .lognormal(p5: 22, p95: 48),
      .normal(p5: -0.005, p95: 0.030), .lognormal(p5: 0.0024, p95: 0.0054),
      .lognormal(p5: 0.015, p95: 0.060), .lognormal(p5: 8, p95: 40),
      .lognormal(p5: 15e6, p95: 60e6), .normal(p5: 0, p95: 0.08),
      .triangular(low: 0.20, mode: 0.45, high: 0.70), .lognormal(p5: 45e6, p95: 110e6),
      .normal(p5: 0.01, p95: 0.05), .lognormal(p5: 1e9, p95: 3e9),
    ])
    scenario.name = "runway-60"
    scenario.correlations = [
      .init(.growth, .apiGrowth, 0.5), .init(.growth, .fixedGrowth, 0.4),
      .init(.apiGrowth, .fixedGrowth, 0.3), .init(.paidShare, .price, -0.3),
      .init(.requests, .cost, -0.3), .init(.requestsDrift, .costDecline, 0.3),
      .init(.apiRevenue, .apiGrowth, -0.2), .init(.fixed, .cash, 0.4),
      .init(.paidShare, .payerWeight, -0.2),
    ]
    scenario.events = [.init(month: 6, .tranche, 0.5e9), .init(month: 12, .tranche, 0.5e9)]
    scenario.volatility = .runway60
    scenario.regime = .runway60
    scenario.profitShare = .runway60
    scenario.rounds = .runway60
    return scenario
  }
}

extension RunwayScenario.Volatility {
  fileprivate static var runway60: Self {
    var volatility = Self()
    volatility.audience = 0.04
    volatility.paidShare = 0.05
    volatility.requests = 0.04
    volatility.cost = 0.05
    volatility.api = 0.08
    return volatility
  }
}

extension RunwayScenario.Regime {
  fileprivate static var runway60: Self {
    var regime = Self()
    regime.enterDecline = 0.06
    regime.leaveDecline = 0.20
    regime.startsInDecline = true
    regime.fade = 0.97
    regime.paidShareMax = 0.08
    regime.costMin = 1e-4
    return regime
  }
}

extension RunwayScenario.ProfitShare {
  fileprivate static var runway60: Self {
    var profitShare = Self()
    profitShare.share = 0.75
    profitShare.cap = 13e9
    return profitShare
  }
}

extension RunwayScenario.Rounds {
  fileprivate static var runway60: Self {
    var rounds = Self()
    rounds.most = 3
    rounds.trigger = 9
    rounds.gap = 6
    rounds.lag = 3
    rounds.successBase = 0.15
    rounds.successSlope = 5
    rounds.successMin = 0.02
    rounds.successMax = 0.95
    rounds.median = 1.5e9
    rounds.spread = 0.5
    rounds.scaleMin = 0.25
    rounds.scaleMax = 4
    rounds.burnWeight = 0.3
    rounds.growthWeight = 0.15
    return rounds
  }
}

extension RunwayScenario {
  /// Multiplies a parameter, for the whole time.
  /// - Throws: ``ScenarioError`` when its distribution has no such multiple.
  public mutating func multiply(_ parameter: Parameter, by factor: Double) throws(ScenarioError) {
    guard let scaled = self[parameter].times(factor) else {
      throw ScenarioError(
        "\(parameter.name) is \(self[parameter]), which cannot be multiplied by \(factor)")
    }
    self[parameter] = scaled
  }
}

/// Why a scenario cannot be simulated.
public struct ScenarioError: Error, Equatable, Sendable, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}

extension RunwayScenario {
  /// The first month, every parameter at its median: what the scenario takes for the present.
  public struct Present: Hashable, Sendable {
    /// Money a month.
    public var userServing: Double
    public var apiServing: Double
    public var revenue: Double
    public var fixed: Double
    public var cash: Double

    public var serving: Double { userServing + apiServing }
    public var burn: Double { serving + fixed - revenue }
    public var coverage: Double { revenue / (serving + fixed) }
    public var servingCoverage: Double { revenue / serving }
  }

  public var present: Present {
    func median(_ parameter: Parameter) -> Double { self[parameter].median }
    let audience = median(.audience)
    let share = median(.paidShare)
    let api = median(.apiRevenue)
    return Present(
      userServing: audience * median(.requests) * median(.cost)
        * (1 + share * (median(.payerWeight) - 1)),
      apiServing: (1 - median(.apiMargin)) * api,
      revenue: audience * share * median(.price) + api, fixed: median(.fixed), cash: median(.cash))
  }
}

// MARK: Small companies

extension RunwayScenario {
  /// What money is multiplied by inside the kernel, a power of two: cash is counted in bins that begin
  /// at 65,536, which must be little beside the money that the scenario is about.
  public var moneyScale: Double {
    let size = largestAmount
    guard size > 0, Self.amounts.allSatisfy({ self[$0].times(2) != nil }) else { return 1 }
    var scale = 1.0
    while size * scale < 67_108_864 && scale < 1e12 { scale *= 2 }
    return scale
  }

  /// Cash at the start, the largest tranche, or what comes in or goes out in the first month: a company
  /// may start without cash, and little cash says nothing of what it may come to.
  private var largestAmount: Double {
    let now = present
    let tranches = events.filter { $0.kind == .tranche }.map(\.amount)
    return (tranches + [now.revenue, now.fixed + now.serving]).reduce(now.cash, max)
  }

  /// The parameters that are money.
  private static let amounts: [Parameter] = [.price, .cost, .apiRevenue, .fixed, .cash]

  /// The same scenario in another unit of money.
  func inMoney(times scale: Double) -> RunwayScenario {
    guard scale != 1 else { return self }
    var scaled = self
    for parameter in Self.amounts {
      scaled[parameter] = self[parameter].times(scale) ?? self[parameter]
    }
    for index in events.indices where events[index].kind == .tranche {
      scaled.events[index].amount *= scale
    }
    scaled.regime.costMin *= scale
    scaled.profitShare.cap *= scale
    scaled.rounds.median *= scale
    return scaled
  }
}
