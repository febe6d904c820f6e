// SPDX-License-Identifier: Apache-2.0

import CBOR
import Determinism
import Testing

@testable import Runway

@Suite("Simulation")
struct RunwayTests {
  /// A slow kernel (no AVX2) still has to pass, in reasonable time.
  static let million = RunwayEngine.kernel == .portable ? 100_000 : 1_000_000

  static func summary(_ scenario: RunwayScenario, paths: Int) throws -> RunwaySummary {
    let program = try RunwayProgram(scenario)
    var counts = RunwayCounts(steps: scenario.steps)
    var first = 0
    while first < paths {
      let count = min(1 << 16, paths - first) / 8 * 8
      try counts.add(
        RunwayEngine.simulate(program, seed: scenario.seed, first: UInt64(first), count: count)
          .counts)
      first += count
    }
    return RunwaySummary(counts, of: scenario)
  }

  /// |a - b| within 4 standard errors of both together.
  static func agree(_ share: Probability, _ reference: Double, paths: Double) -> Bool {
    let other = reference * (1 - reference) / paths
    let error = (share.standardError * share.standardError + other).squareRoot()
    return abs(share.value - reference) <= 4 * error + 1e-9
  }

  @Test func theReferenceWorkloadComesOutAsInNumpy() throws {
    // A million paths of the executable specification (numpy, float64, PCG64DXSM).
    let summary = try Self.summary(.runway60, paths: Self.million)
    for (month, ruin) in [
      (12, 0.000104), (24, 0.024385), (36, 0.169514), (48, 0.315643), (60, 0.417192),
    ] {
      #expect(Self.agree(summary.ruin(by: month), ruin, paths: 1e6), "\(month)")
    }
    #expect(Self.agree(summary.breakEven(by: 60), 0.261696, paths: 1e6))
    #expect(summary.runway(0.05).value == 27 && summary.runway(0.10).value == 31)
    #expect(summary.runway(0.50).value == nil && summary.breakEven(0.5).value == nil)
    for (p, cash) in [
      (0.05, 0.0), (0.25, 0), (0.50, 524_288_000), (0.75, 1_862_270_976), (0.95, 3_925_868_544),
    ] {
      // Within a bin of 1.6%, where the sampling error is far smaller.
      let value = summary.cash(at: 60, p).value
      #expect(abs(value - cash) <= 0.032 * cash, "cash P\(p): \(value)")
    }
    let mean = summary.meanCash(at: 60)
    #expect(abs(mean.value - 1_121_706_902.87) <= 4 * 1.415 * mean.standardError)
    let drivers: [(String, Double, Double, Double)] = [
      // symbol, first-order index, P(ruin) in the lowest and the highest 3 of 32 bins
      ("A0", 0.000462, 0.433592, 0.397841),
      ("gG", 0.026536, 0.575301, 0.291670),
      ("gD", 0.014017, 0.512121, 0.305417),
      ("s", 0.003371, 0.374359, 0.476343),
      ("K", 0.003463, 0.485847, 0.386240),
      ("f0", 0.020851, 0.524245, 0.274878),
      ("gf", 0.009423, 0.493490, 0.323285),
      ("p", 0.000193, 0.405643, 0.431515),
      ("q0", 0.000544, 0.399989, 0.439421),
      ("gq", 0.000119, 0.406037, 0.426004),
      ("c0", 0.000672, 0.398485, 0.443118),
      ("gc", 0.001446, 0.450069, 0.382473),
      ("mu", 0.002083, 0.378909, 0.458813),
      ("R0", 0.011646, 0.498370, 0.309802),
      ("gR", 0.022121, 0.536362, 0.276117),
      ("m", 0.006161, 0.488900, 0.354232),
      ("F0", 0.116519, 0.138260, 0.723181),
      ("gF", 0.046876, 0.224075, 0.606398),
      ("C0", 0.001839, 0.368479, 0.436565),
    ]
    for (symbol, index, low, high) in drivers {
      let driver = try #require(summary.drivers.first { $0.parameter.symbol == symbol })
      // Both sides have an error; that of the reference is of the same size at a million paths.
      let share = (1 + Double(Self.million) / 1e6).squareRoot()
      #expect(
        abs(driver.index - index) <= 4 * share * driver.indexError + 1e-6,
        "\(symbol) \(driver.index)")
      #expect(Self.agree(driver.low, low, paths: 1e6 * 3 / 32), "\(symbol) \(driver.low)")
      #expect(Self.agree(driver.high, high, paths: 1e6 * 3 / 32), "\(symbol) \(driver.high)")
    }
  }

  @Test(
    "Scenarios",
    arguments: [
      // what, P(ruin) by 24 and 60 months, 10% runway; 100,000 paths of the specification.
      // The row that the specification calls "no conditional rounds" is the one without tranches;
      // without rounds its program gives what stands here.
      ("base", 0.024, 0.416, 32), ("audience -12%", 0.027, 0.446, 31),
      ("audience -30%", 0.033, 0.501, 30), ("price -20%", 0.031, 0.462, 30),
      ("cost halved", 0.016, 0.377, 34), ("cost doubled", 0.056, 0.488, 27),
      ("10 B$ in month 3", 0, 0.008, nil), ("no tranches", 0.157, 0.518, 21),
      ("no rounds", 0.060, 0.632, 27),
    ] as [(String, Double, Double, Int?)])
  func scenarios(_ what: String, _ ruin24: Double, _ ruin60: Double, _ runway: Int?) throws {
    var scenario = RunwayScenario.runway60
    switch what {
    case "audience -12%": scenario.events.append(.init(month: 1, .audience, 0.88))
    case "audience -30%": scenario.events.append(.init(month: 1, .audience, 0.70))
    case "price -20%": try scenario.multiply(.price, by: 0.8)
    case "cost halved": try scenario.multiply(.cost, by: 0.5)
    case "cost doubled": try scenario.multiply(.cost, by: 2)
    case "10 B$ in month 3": scenario.events = [.init(month: 3, .tranche, 10e9)]
    case "no tranches": scenario.events = []
    case "no rounds": scenario.rounds.most = 0
    default: break
    }
    let paths = RunwayEngine.kernel == .portable ? 20_000 : 100_000
    let summary = try Self.summary(scenario, paths: paths)
    // The figures are rounded to a thousandth.
    for (month, ruin) in [(24, ruin24), (60, ruin60)] {
      let share = summary.ruin(by: month)
      #expect(
        Self.agree(share, ruin, paths: 1e5) || abs(share.value - ruin) <= 0.0006 + 4 * 0.0022,
        "\(what) \(month): \(share)")
    }
    if let month = summary.runway(0.10).value {
      #expect(abs(month - (runway ?? 99)) <= 1)
    } else {
      #expect(runway == nil)
    }
  }

  /// A peer asks for two thousand million paths, eight a job: 6 GB of jobs.
  @Test(
    "There are never more jobs than may be",
    arguments: [
      (2_000_000_000, 8), (2_000_000_000, nil), (1 << 32, 16), (16_777_216, 8), (8, 8),
    ] as [(Int, Int?)])
  func jobs(_ paths: Int, _ shard: Int?) {
    let jobs = SimulationJob.shards([.runway60], paths: paths, workers: 1, shard: shard)
    #expect(jobs.count <= SimulationJob.jobsMax)
    var next = 0
    for job in jobs {
      guard job.first == UInt64(next), job.count % 8 == 0, job.count <= SimulationJob.pathsMax
      else { break }
      next += job.count
    }
    #expect(next == paths)
    // Where it may be, it is as it was asked for.
    if let shard, paths / shard < SimulationJob.jobsMax { #expect(jobs[0].count == shard) }
  }

  @Test func anyCutAndOrderGivesTheSame() throws {
    let whole = try SimulationJob(scenarios: [.runway60], first: 0, count: 4_096).run()
    var random = SplitMix64(seed: 4)
    for size in [64, 1_000, 1_024, 4_096] {
      var jobs = SimulationJob.shards([.runway60], paths: 4_090, workers: 3, shard: size)
      jobs.shuffle(using: &random)
      var sum = SimulationOutcome()
      for job in jobs { try sum.add(job.run()) }
      #expect(sum == whole, "shards of \(size)")
    }
    let bytes = try CBOREncoder().encode(whole)
    #expect(try CBORDecoder().decode(SimulationOutcome.self, from: bytes) == whole)
  }

  /// Committed fingerprints: any worker, on any processor, in any build, must come to these.
  @Test(
    "Golden fingerprints",
    arguments: [
      // seed, paths, fingerprint of the cash histogram
      (7, 512, "71a6c3e5916a6cc5"), (7, 8_192, "e9bc66e940da59b"),
    ] as [(UInt64, Int, String)])
  func fingerprints(_ seed: UInt64, _ paths: Int, _ hash: String) throws {
    let program = try RunwayProgram(.runway60)
    let fast = RunwayEngine.simulate(program, seed: seed, first: 0, count: paths)
    #expect(String(fast.counts.cashFingerprint, radix: 16) == hash)
    // In debug builds the portable kernel is not optimised at all.
    guard paths <= 512 else { return }
    let portable = RunwayEngine.simulate(
      program, seed: seed, first: 0, count: paths, on: .portable)
    #expect(portable.counts == fast.counts && portable.ruinOfPath == fast.ruinOfPath)
  }

  @Test func moreCashIsNeverWorseWithoutRounds() throws {
    var scenario = RunwayScenario.runway60
    scenario.rounds.most = 0
    var richer = scenario
    richer.events.append(.init(month: 2, .tranche, 0.3e9))
    let poor = RunwayEngine.simulate(try RunwayProgram(scenario), seed: 3, first: 0, count: 8_192)
    let rich = RunwayEngine.simulate(try RunwayProgram(richer), seed: 3, first: 0, count: 8_192)
    for (a, b) in zip(poor.ruinOfPath, rich.ruinOfPath) {
      // 0 is never.
      #expect(b == 0 || a != 0 && a <= b)
    }
    #expect(poor.ruinOfPath != rich.ruinOfPath)
  }

  @Test func ruinNeverFallsAndDifferencesAddUp() throws {
    var shocked = RunwayScenario.runway60
    shocked.events.append(.init(month: 1, .audience, 0.88))
    let outcome = try SimulationJob(scenarios: [.runway60, shocked], first: 0, count: 16_384).run()
    let summaries = outcome.counts.map { RunwaySummary($0, of: .runway60) }
    for month in 2...60 {
      for summary in summaries {
        #expect(summary.ruin(by: month).value >= summary.ruin(by: month - 1).value)
      }
      let difference = outcome.differences[0].ruin(by: month)
      let (base, other) = (summaries[0].ruin(by: month), summaries[1].ruin(by: month))
      #expect(abs(difference.value - (other.value - base.value)) < 1e-12)
      // Shared draws: surer than two independent runs.
      #expect(difference.standardError <= base.standardError + other.standardError)
    }
  }

  @Test func withoutUncertaintyRuinIsADivision() throws {
    var scenario = RunwayScenario.runway60
    scenario.parameters = scenario.parameters.map { .fixed($0.median) }
    scenario.correlations = []
    scenario.events = []
    scenario.rounds.most = 0
    scenario.volatility.audience = 0
    scenario.volatility.paidShare = 0
    scenario.volatility.requests = 0
    scenario.volatility.cost = 0
    scenario.volatility.api = 0
    // No revenue, no users to speak of: cash less the fixed cost of each month.
    scenario[.audience] = .fixed(1)
    scenario[.apiRevenue] = .fixed(1)
    scenario[.fixedGrowth] = .fixed(0)
    scenario[.fixed] = .fixed(10e6)
    scenario[.cash] = .fixed(244e6)
    let ruins = RunwayEngine.simulate(
      try RunwayProgram(scenario), seed: 1, first: 0, count: 64
    ).ruinOfPath
    #expect(Set(ruins) == [25])
    // Half-month steps come to the same month.
    scenario.stepsPerMonth = 2
    let halves = RunwayEngine.simulate(
      try RunwayProgram(scenario), seed: 1, first: 0, count: 64
    ).ruinOfPath
    #expect(Set(halves) == [49])
  }

  @Test func aSmallCompanyIsSimulatedAsWell() throws {
    // The reference in another unit: all money a 65,536th. The same paths, to the last one.
    let unit = 1.0 / 65_536
    let small = RunwayScenario.runway60.inMoney(times: unit)
    #expect(small.moneyScale > 1 && RunwayScenario.runway60.moneyScale == 1)
    let (a, b) = (
      try Self.summary(.runway60, paths: 8_192), try Self.summary(small, paths: 8_192)
    )
    #expect(abs(a.ruin(by: 60).value - b.ruin(by: 60).value) < 0.002)
    let (cash, smallCash) = (a.cash(at: 24, 0.5).value, b.cash(at: 24, 0.5).value)
    #expect(abs(smallCash / (cash * unit) - 1) < 0.04, "\(cash) \(smallCash)")
  }

  /// One user who brings 1,000 a month on average, nothing else; cash as given.
  static func lemonadeStand(cash: Double) -> RunwayScenario {
    var scenario = RunwayScenario(
      parameters: RunwayScenario.runway60.parameters.map { _ in .fixed(0) })
    scenario[.saturation] = .fixed(1e9)
    scenario[.apiRevenue] = .lognormal(p5: 500, p95: 2_000)
    scenario[.apiMargin] = .fixed(1)
    scenario[.cash] = .fixed(cash)
    scenario.horizon = 12
    return scenario
  }

  @Test func aCompanyMayStartWithoutCash() throws {
    let none = try Self.summary(Self.lemonadeStand(cash: 0), paths: 8_192)
    let one = try Self.summary(Self.lemonadeStand(cash: 1), paths: 8_192)
    for p in [0.05, 0.25, 0.5, 0.75, 0.95] {
      let (a, b) = (none.cash(at: 12, p).value, one.cash(at: 12, p).value)
      #expect(abs(a / b - 1) < 0.04, "P\(p): \(a) \(b)")
    }
    // 12 months of 500 to 2,000, within a bin.
    #expect(abs(none.cash(at: 12, 0.05).value / 6_000 - 1) < 0.05)
    #expect(abs(none.cash(at: 12, 0.95).value / 24_000 - 1) < 0.05)
    // Little cash must not cut off what may come of it.
    var rich = Self.lemonadeStand(cash: 1)
    rich[.apiRevenue] = .fixed(1e6)
    let cash = try Self.summary(rich, paths: 64).cash(at: 12, 0.5)
    #expect(abs(cash.value / 12e6 - 1) < 0.016)
    // Without chance the range is that of the bin, not nothing.
    #expect(cash.low < 12e6 && 12e6 < cash.high && cash.high / cash.low < 1.032)
  }

  @Test func tranchesAddUpAndFactorsMultiply() throws {
    let base = Self.lemonadeStand(cash: 1)
    var (two, sum) = (base, base)
    two.events = [.init(month: 3, .tranche, 2_000), .init(month: 3, .tranche, 3_000)]
    sum.events = [.init(month: 3, .tranche, 5_000)]
    let values = try [two, sum].map { try Self.summary($0, paths: 64).cash(at: 3, 0.5).value }
    #expect(abs(values[0] / values[1] - 1) < 0.04, "\(values)")
    var (half, quarter) = (RunwayScenario.runway60, RunwayScenario.runway60)
    half.events = [.init(month: 2, .audience, 0.5), .init(month: 2, .audience, 0.5)]
    quarter.events = [.init(month: 2, .audience, 0.25)]
    let hashes = try [half, quarter].map { try Self.summary($0, paths: 512).counts.ruin }
    #expect(hashes[0] == hashes[1])
  }

  @Test func noPathAtAllIsNotCertainty() throws {
    let summary = try Self.summary(Self.lemonadeStand(cash: 1), paths: 3_000)
    let never = summary.ruin(by: 12)
    #expect(never.value == 0 && never.below == 3 / 3_000 && never.above == nil)
    let always = summary.breakEven(by: 12)
    #expect(always.value == 1 && always.above == 1 - 3.0 / 3_000 && always.below == nil)
    let some = try Self.summary(.runway60, paths: 4_096).ruin(by: 60)
    #expect(some.below == nil && some.above == nil && some.standardError > 0)
  }

  @Test(
    "A value that cannot be is refused with what may be",
    arguments: [
      (.loss, .fixed(1.5), "loss must be from 0 to 1"), (.paidShare, .fixed(2), "from 0 to 1"),
      (.payerWeight, .fixed(-3), "0 or more"), (.growth, .fixed(5), "from -2 to 2"),
      (.saturation, .fixed(0), "above 0"), (.cash, .fixed(-5), "0 or more"),
      (.apiMargin, .normal(p5: -1, p95: 2), "from -10 to 1"),
      (.price, .normal(p5: -1, p95: 5), "0 or more"),
      (.loss, .triangular(low: 0, mode: 0.5, high: 1.1), "from 0 to 1"),
    ] as [(RunwayScenario.Parameter, Distribution, String)])
  func ranges(_ parameter: RunwayScenario.Parameter, _ value: Distribution, _ words: String) {
    var scenario = RunwayScenario.runway60
    scenario[parameter] = value
    let error = #expect(throws: ScenarioError.self) { try RunwayProgram.validate(scenario) }
    #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
  }

  @Test func extremesStayFinite() throws {
    var scenario = RunwayScenario.runway60
    scenario[.loss] = .fixed(1)
    scenario[.decline] = .fixed(-2)
    scenario.regime.leaveDecline = 0
    scenario[.requests] = .fixed(0)
    scenario[.cost] = .fixed(0)
    scenario.regime.costMin = 0
    // Nobody is left and nothing costs anything but the fixed cost: cash can only fall.
    scenario[.apiGrowth] = .fixed(-1)
    scenario.rounds.most = 0
    let summary = try Self.summary(scenario, paths: 1_024)
    #expect(summary.ruin(by: 60).value > 0.5)
    for month in 13...60 {
      #expect(summary.cash(at: month, 0.95).value <= summary.cash(at: month - 1, 0.95).value)
    }
  }

  @Test func smallerStepsConverge() throws {
    let monthly = try Self.summary(.runway60, paths: 32_768).ruin(by: 60).value
    var scenario = RunwayScenario.runway60
    scenario.stepsPerMonth = 4
    let weekly = try Self.summary(scenario, paths: 32_768).ruin(by: 60).value
    #expect(abs(monthly - weekly) < 0.03, "\(monthly) \(weekly)")
  }

  @Test(
    "What cannot be simulated is refused",
    arguments: [
      ("correlation", "contradict"), ("horizon", "1 to 240"), ("endless", "1 to 240"),
      ("rounds", "0 to 1,000"), ("fade", "above 0"), ("amount", "at most 10^15"),
      ("beta", "0.01 to"), ("huge", "at most 10^15"), ("event", "beyond the horizon"),
      ("negative", "0 or more"), ("tail", "cannot be negative"),
      ("probability", "must be from 0 to 1"),
      ("twice", "cash and growth are correlated twice"), ("round", "a round needs a size"),
      ("limits", "must not exceed rounds.success_max"), ("cap", "0 or more"),
      ("paid share", "paid_share_max must be from 0 to 1"),
    ])
  func refusals(_ what: String, _ words: String) {
    var scenario = RunwayScenario.runway60
    switch what {
    case "correlation":
      scenario.correlations = [
        .init(.growth, .price, 0.99), .init(.growth, .cash, 0.99), .init(.price, .cash, -0.99),
      ]
    case "horizon": scenario.horizon = 241
    case "endless": scenario.horizon = .max
    case "rounds": scenario.rounds.most = .max
    case "fade": scenario.regime.fade = -0.5
    case "amount": scenario.events.append(.init(month: 1, .audience, 1e308))
    case "beta": scenario[.loss] = .beta(a: 1, b: 1e-17)
    case "huge": scenario[.audience] = .triangular(low: 0, mode: 1e200, high: 2e200)
    case "event": scenario.events.append(.init(month: 61, .tranche, 1))
    case "negative": scenario[.audience] = .normal(p5: -1, p95: 5)
    case "tail": scenario[.audience] = .normal(p5: 1, p95: 5)
    case "twice":
      scenario.correlations = [.init(.growth, .cash, 0.5), .init(.cash, .growth, 0.1)]
    case "round": scenario.rounds.median = 0
    case "limits": scenario.rounds.successMin = 0.99
    case "cap": scenario.profitShare.cap = -1
    case "paid share": scenario.regime.paidShareMax = 8
    default: scenario.regime.enterDecline = 1.5
    }
    let error = #expect(throws: ScenarioError.self) { try RunwayProgram(scenario) }
    #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
  }
}

@Suite("Portable mathematics")
struct PortableMathTests {
  @Test func exponentialAndLogarithm() {
    for step in -3_000...3_000 {
      let x = Double(step) / 37
      let e = PortableMath.exp(x)
      #expect(abs(PortableMath.log(e) - x) <= 1e-14 * max(1, abs(x)))
    }
    #expect(abs(PortableMath.exp(1) - 2.718_281_828_459_045) < 1e-15 * 4)
    #expect(abs(PortableMath.log(10) - 2.302_585_092_994_046) < 1e-15 * 4)
  }

  @Test(
    "The normal distribution",
    arguments: [
      // Abramowitz and Stegun, Handbook of Mathematical Functions, table 26.1
      (0.0, 0.5), (1.0, 0.841_344_746_068_543), (2.0, 0.977_249_868_051_821),
      (3.0, 0.998_650_101_968_370), (-1.0, 0.158_655_253_931_457),
    ])
  func normal(_ z: Double, _ p: Double) {
    #expect(abs(PortableMath.normalCDF(z) - p) < 1e-14)
    #expect(abs(PortableMath.normalQuantile(p) - z) < 1e-12)
  }

  @Test(
    "Quantiles",
    arguments: [
      // distribution, normal quantile, value (scipy.stats 1.17)
      (Distribution.beta(a: 6, b: 44), 0.0, 0.114_929_6),
      (.beta(a: 6, b: 44), 1.644_853_626_951_472_6, 0.202_656_2),
      (.lognormal(p5: 1, p95: 100), 0, 10), (.normal(p5: 0, p95: 2), 0, 1),
      (.triangular(low: 14, mode: 17, high: 20), 0, 17),
      (.lognormal(p5: 3, p95: 7), -1.644_853_626_951_472_6, 3),
    ] as [(Distribution, Double, Double)])
  func quantiles(_ distribution: Distribution, _ z: Double, _ value: Double) {
    #expect(abs(distribution.quantile(z) - value) < 2e-5 * max(1, value))
  }
}
