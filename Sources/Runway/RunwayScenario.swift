// SPDX-License-Identifier: Apache-2.0

/// A possible future of a company: what is uncertain, what moves, and what is decided.
///
/// The equations are in `docs/SIMULATION.md`. Money is in units of one currency, rates are per month,
/// shares are fractions. What is not given is absent: no event, no round, no volatility. The reference
/// workload is ``runway60``.
public struct RunwayScenario: Codable, Hashable, Sendable {
  /// What is drawn once per path. The raw value is its position in the kernel.
  public enum Parameter: Int, CaseIterable, Codable, Sendable {
    case audience, growth, decline, loss, saturation, paidShare, paidShareDrift, price, requests
    case requestsDrift, cost, costDecline, payerWeight, apiRevenue, apiGrowth, apiMargin, fixed
    case fixedGrowth, cash

    /// As scenario files name it.
    public var name: String { Self.names[rawValue].name }
    /// As the reference workload names it.
    public var symbol: String { Self.names[rawValue].symbol }
    /// What it is, in words, with its unit.
    public var meaning: String { Self.names[rawValue].meaning }

    /// The parameter with this ``name`` or ``symbol``; `nil` for any other text.
    public init?(name: String) {
      guard let position = Self.names.firstIndex(where: { $0.name == name || $0.symbol == name })
      else { return nil }
      self.init(rawValue: position)
    }

    private static let names: [(name: String, symbol: String, meaning: String)] = [
      ("audience", "A0", "monthly users"),
      ("growth", "gG", "log growth per month while growing"),
      ("decline", "gD", "log growth per month while declining"),
      ("loss", "s", "share of the audience lost when a decline begins"),
      ("saturation", "K", "audience at which growth ends"),
      ("paid_share", "f0", "paying share of the audience"),
      ("paid_share_drift", "gf", "its log drift per month"),
      ("price", "p", "net revenue per paying customer per month"),
      ("requests", "q0", "requests per user per month"),
      ("requests_drift", "gq", "their log drift per month"),
      ("cost_per_request", "c0", "cost of serving one request"),
      ("cost_decline", "gc", "its log decline per month"),
      ("payer_weight", "mu", "cost of a paying customer, in free users"),
      ("api_revenue", "R0", "API revenue per month"),
      ("api_growth", "gR", "its log growth per month"),
      ("api_margin", "m", "gross margin of the API"),
      ("fixed_cost", "F0", "research, training, staff and other costs per month"),
      ("fixed_growth", "gF", "its growth per month"),
      ("cash", "C0", "cash at the start"),
    ]
  }

  /// How two parameters are drawn together.
  public struct Correlation: Codable, Hashable, Sendable {
    /// One of the two parameters, which must differ.
    public var first: Parameter
    /// The other parameter.
    public var second: Parameter
    /// The correlation of their normal variables, between -1 and 1.
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
    /// What happens. Raw values are stored; they are never reused.
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

    /// The month from 1 to the horizon.
    public var month: Int
    /// What happens then.
    public var kind: Kind
    /// Money for a tranche, otherwise a factor.
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

  /// Standard deviations per month; a new one is all 0.
  public struct Volatility: Codable, Hashable, Sendable {
    /// Of the log of the audience.
    public var audience = 0.0
    /// Of the log of the paying share.
    public var paidShare = 0.0
    /// Of the log of requests per user.
    public var requests = 0.0
    /// Of the log of the cost per request.
    public var cost = 0.0
    /// Of the log of API revenue.
    public var api = 0.0

    public init() {}

    enum CodingKeys: Int, CodingKey {
      case audience = 1
      case paidShare, requests, cost, api
    }
  }

  /// Growth and decline; a new one stays in growth, without limits.
  public struct Regime: Codable, Hashable, Sendable {
    /// P(growth to decline) per month.
    public var enterDecline = 0.0
    /// P(decline to growth) per month.
    public var leaveDecline = 0.0
    /// Whether month 1 is in decline.
    public var startsInDecline = false
    /// Drifts are multiplied by it each month.
    public var fade = 1.0
    /// The upper limit of the paying share, from 0 to 1.
    public var paidShareMax = 1.0
    /// The lower limit of the cost per request.
    public var costMin = 0.0

    public init() {}

    enum CodingKeys: Int, CodingKey {
      case enterDecline = 1
      case leaveDecline, startsInDecline, fade, paidShareMax, costMin
    }
  }

  /// Part of the operating profit goes to an investor until an amount is paid; in a new one, nothing.
  public struct ProfitShare: Codable, Hashable, Sendable {
    /// The investor's share of each month's profit, from 0 to 1.
    public var share = 0.0
    /// The total at which the payments end.
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
    /// The most rounds of a path; 0 for none.
    public var most = 0
    /// P(success) per month = base + slope x recent growth, between least and greatest.
    public var successBase = 0.0
    /// Added to P(success) per unit of recent log growth per month.
    public var successSlope = 0.0
    /// The lower limit of P(success).
    public var successMin = 0.0
    /// The upper limit of P(success).
    public var successMax = 0.0
    /// Size: median x lognormal(spread) x audience over its start, within limits.
    public var median = 0.0
    /// The standard deviation of the log of a round's size.
    public var spread = 0.0
    /// The smallest multiple of the median for a shrunken audience.
    public var scaleMin = 1.0
    /// The largest multiple of the median for a grown audience.
    public var scaleMax = 1.0
    /// Weights of the newest month in the averages of burn and growth.
    public var burnWeight = 0.0
    /// The weight of the latest month in the average growth, from 0 to 1.
    public var growthWeight = 0.0

    public init() {}

    enum CodingKeys: Int, CodingKey {
      case trigger = 1
      case gap, lag, most, successBase, successSlope, successMin, successMax, median, spread
      case scaleMin, scaleMax, burnWeight, growthWeight
    }
  }

  /// The scenario's name, for people.
  public var name = ""
  /// One distribution per ``Parameter``, in the order of their raw values.
  public var parameters: [Distribution]
  /// Pairs that are not listed are independent.
  public var correlations: [Correlation] = []
  /// Several events of one month and kind all happen.
  public var events: [Event] = []
  /// How much a month varies.
  public var volatility = Volatility()
  /// How growth and decline alternate, and limits of what drifts.
  public var regime = Regime()
  /// What an investor takes of profits.
  public var profitShare = ProfitShare()
  /// Funding rounds that are sought when cash runs short.
  public var rounds = Rounds()
  /// Months in a row without loss that make a break-even.
  public var breakEvenMonths = 3
  /// Months ahead.
  public var horizon = 60
  /// Steps per month: 1, 2 or 4.
  public var stepsPerMonth = 1
  /// Seed of all random numbers: equal seeds give equal bytes.
  public var seed: UInt64 = 1

  public init(parameters: [Distribution]) { self.parameters = parameters }

  enum CodingKeys: Int, CodingKey {
    case name = 1
    case parameters, correlations, events, volatility, regime, profitShare, rounds
    case breakEvenMonths, horizon, stepsPerMonth, seed
  }

  /// Takes only scenarios that can be simulated.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    name = try container.decode(String.self, forKey: .name)
    parameters = try container.decode([Distribution].self, forKey: .parameters)
    correlations = try container.decode([Correlation].self, forKey: .correlations)
    events = try container.decode([Event].self, forKey: .events)
    volatility = try container.decode(Volatility.self, forKey: .volatility)
    regime = try container.decode(Regime.self, forKey: .regime)
    profitShare = try container.decode(ProfitShare.self, forKey: .profitShare)
    rounds = try container.decode(Rounds.self, forKey: .rounds)
    breakEvenMonths = try container.decode(Int.self, forKey: .breakEvenMonths)
    horizon = try container.decode(Int.self, forKey: .horizon)
    stepsPerMonth = try container.decode(Int.self, forKey: .stepsPerMonth)
    seed = try container.decode(UInt64.self, forKey: .seed)
    try RunwayProgram.validate(self)
  }

  /// Steps of a path: 1 to 240 can be simulated.
  public var steps: Int { horizon * stepsPerMonth }

  /// The distribution of a parameter.
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
  /// The key and what it must be, or what is missing.
  public let description: String
  /// - Parameter description: a sentence for the person who wrote the scenario.
  public init(_ description: String) { self.description = description }
}

extension RunwayScenario {
  /// The first month, every parameter at its median: what the scenario takes for the present.
  public struct Present: Hashable, Sendable {
    /// Money per month.
    public var userServing: Double
    /// Money per month that serving the API costs.
    public var apiServing: Double
    /// Money per month from subscriptions and the API.
    public var revenue: Double
    /// Money per month for research, training, staff and other costs.
    public var fixed: Double
    /// Money at the start.
    public var cash: Double

    /// Money per month for serving users and the API.
    public var serving: Double { userServing + apiServing }
    /// Money per month; negative for a profit.
    public var burn: Double { serving + fixed - revenue }
    /// Revenue over all costs.
    public var coverage: Double { revenue / (serving + fixed) }
    /// Revenue over serving.
    public var servingCoverage: Double { revenue / serving }
  }

  /// The first month at the medians of all parameters, before any event.
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
