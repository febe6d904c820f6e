// SPDX-License-Identifier: Apache-2.0

/// A possible future of a company: what is uncertain, what moves, and what is decided.
///
/// The equations are in `docs/SIMULATION.md`. Money is in units of one currency, rates are a month,
/// shares are fractions. With ``runway60`` every value is that of the reference workload.
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

  /// Standard deviations a month.
  public struct Volatility: Codable, Hashable, Sendable {
    public var audience = 0.04
    public var paidShare = 0.05
    public var requests = 0.04
    public var cost = 0.05
    public var api = 0.08

    public init() {}

    enum CodingKeys: Int, CodingKey {
      case audience = 1
      case paidShare, requests, cost, api
    }
  }

  /// Growth and decline.
  public struct Regime: Codable, Hashable, Sendable {
    /// P(growth to decline) a month.
    public var enterDecline = 0.06
    public var leaveDecline = 0.20
    public var startsInDecline = true
    /// Drifts are multiplied by it each month.
    public var fade = 0.97
    public var paidShareMax = 0.08
    public var costMin = 1e-4

    public init() {}

    enum CodingKeys: Int, CodingKey {
      case enterDecline = 1
      case leaveDecline, startsInDecline, fade, paidShareMax, costMin
    }
  }

  /// Part of the operating profit goes to an investor until an amount is paid.
  public struct ProfitShare: Codable, Hashable, Sendable {
    public var share = 0.75
    public var cap = 13e9

    public init() {}

    enum CodingKeys: Int, CodingKey {
      case share = 1
      case cap
    }
  }

  /// Rounds that are asked for when cash runs short, and may fail.
  public struct Rounds: Codable, Hashable, Sendable {
    /// Asked for when cash is below that many months of burn.
    public var trigger = 9.0
    /// Months from one to the next.
    public var gap = 6
    /// Months from agreement to cash.
    public var lag = 3
    public var most = 3
    /// P(success) a month = base + slope x recent growth, between least and greatest.
    public var successBase = 0.15
    public var successSlope = 5.0
    public var successMin = 0.02
    public var successMax = 0.95
    /// Size: median x lognormal(spread) x audience over its start, within limits.
    public var median = 1.5e9
    public var spread = 0.5
    public var scaleMin = 0.25
    public var scaleMax = 4.0
    /// Weights of the newest month in the averages of burn and growth.
    public var burnWeight = 0.3
    public var growthWeight = 0.15

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
    return scenario
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
  /// at 65,536, which must be little beside the cash of the scenario.
  public var moneyScale: Double {
    let cash = events.filter { $0.kind == .tranche }.map(\.amount).reduce(self[.cash].median, max)
    guard cash > 0, Self.amounts.allSatisfy({ self[$0].times(2) != nil }) else { return 1 }
    var scale = 1.0
    while cash * scale < 67_108_864 && scale < 1e12 { scale *= 2 }
    return scale
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
